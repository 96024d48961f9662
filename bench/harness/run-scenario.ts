import { runCase } from './case-process.js';
import type { Case, ContenderName, Effort, Scenario } from './scenario.js';

/** What a scenario found: each measure's samples by contender. */
export interface ScenarioResult {
  scenario: Scenario;
  samples: Map<string, Map<ContenderName, number[]>>;
  notes: Set<string>;
  failures: string[];
}

export interface RunOptions {
  effort: Effort;
  /** Null: each scenario's own. */
  repeats: number | null;
  contenders: readonly ContenderName[];
  nodeOptions: string[];
}

/** Repeats the cases interleaved (A B C, A B C, …), so that a slow spell of the machine hits all alike. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const result: ScenarioResult = { scenario, samples: new Map(), notes: new Set(), failures: [] };
  const leftOut = new Set<string>();
  const repeats = options.repeats ?? (options.effort.quick ? 1 : scenario.repeats);

  for (let repeat = 1; repeat <= repeats; repeat++) {
    const attempt = async (one: Case<unknown>): Promise<void> => {
      const label = `${one.variant}, ${one.contender}`;
      if (leftOut.has(label)) return;
      process.stderr.write(`${scenario.name} ${repeat}/${repeats}: ${label}\n`);
      try {
        const { figures, note, gaveUp } = await runCase(scenario.name, one, options.nodeOptions);
        for (const [figure, value] of Object.entries(figures))
          addSample(result, `${one.variant}.${figure}`, one.contender, value);
        if (note) result.notes.add(`${label}: ${note}`);
        if (gaveUp) leftOut.add(label);
      } catch (error) {
        result.failures.push(`${scenario.name}, ${label}: ${(error as Error).message}`);
        leftOut.add(label);
      }
    };
    const cases = scenario
      .cases(options.effort)
      .filter(({ contender }) => options.contenders.includes(contender));
    if (scenario.sideBySide) await Promise.all(cases.map(attempt));
    else for (const one of cases) await attempt(one);
  }
  return result;
}

function addSample({ samples }: ScenarioResult, key: string, contender: ContenderName, value: number): void {
  if (!samples.has(key)) samples.set(key, new Map());
  const row = samples.get(key)!;
  if (!row.has(contender)) row.set(contender, []);
  row.get(contender)!.push(value);
}
