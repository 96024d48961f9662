import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SCENARIOS } from '../scenarios/index.js';
import { describeEnvironment } from './environment.js';
import { type RunOptions, runScenario, type ScenarioResult } from './run-scenario.js';
import { CONTENDERS, type ContenderName } from './scenario.js';
import { missedTargets, renderTable } from './table.js';

/** Each has a table and a file of its own. */
const PARTS = [
  {
    name: 'memory',
    file: 'RESULTS.md',
    durable: false,
    about: 'In the first section `@nestjs/schedule` is `cron`, which computes its instants.',
  },
  {
    name: 'durable',
    file: 'RESULTS-durable.md',
    durable: true,
    about: 'The servers run on the same machine.',
  },
];

/** Runs the scenarios asked for, prints their tables and writes whole ones into `folder`. Answers the exit code. */
export async function main(args: string[], folder: string): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      contenders: { type: 'string' },
      repeats: { type: 'string' },
      quick: { type: 'boolean', default: false },
      /** Runs of the past, for durable-history. */
      history: { type: 'string' },
      /** Minutes, for durable-horizon. */
      horizon: { type: 'string' },
      /** Passed to each case's process, e.g. --node-option=--cpu-prof. */
      'node-option': { type: 'string', multiple: true, default: [] },
    },
  });
  const namesOf = (durable: boolean): string[] =>
    SCENARIOS.filter((scenario) => (scenario.durable ?? false) === durable).map(({ name }) => name);
  const parts = PARTS.map((part) => ({ ...part, names: namesOf(part.durable) }));
  const chosen = pick('--only', values.only, [
    ...parts.map(({ name }) => name),
    ...SCENARIOS.map(({ name }) => name),
  ]);
  const asked = parts.flatMap(({ name, names }) =>
    names.filter((one) => chosen.includes(name) || chosen.includes(one)),
  );
  const options: RunOptions = {
    effort: {
      quick: values.quick,
      historyRows: Number(values.history ?? (values.quick ? 200_000 : 10_000_000)),
      horizonMs: Number(values.horizon ?? (values.quick ? 0.25 : 10)) * 60_000,
    },
    repeats: values.repeats === undefined ? null : Number(values.repeats),
    contenders: pick('--contenders', values.contenders, CONTENDERS) as ContenderName[],
    nodeOptions: values['node-option'],
  };

  const begunAt = performance.now();
  const results: ScenarioResult[] = [];
  for (const scenario of SCENARIOS) {
    if (asked.includes(scenario.name)) results.push(await runScenario(scenario, options));
  }
  const minutes = (performance.now() - begunAt) / 60_000;

  const environment = describeEnvironment(['node bench/run.mjs', ...args].join(' '), minutes);
  for (const { file, names, about } of parts) {
    const found = results.filter(({ scenario }) => names.includes(scenario.name));
    if (found.length === 0) continue;
    const report = renderReport(found, environment, about);
    process.stdout.write(`\n${report}`);
    // A part of the table, or a coarse one, must not take the place of the whole.
    const isWhole =
      found.length === names.length && options.contenders.length === CONTENDERS.length && !values.quick;
    if (isWhole) writeFileSync(join(folder, file), report);
    else process.stdout.write(`\nNot the whole table: ${file} was left as it was.\n`);
  }
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

function pick(option: string, text: string | undefined, known: readonly string[]): string[] {
  if (text === undefined) return [...known];
  const chosen = text.split(',');
  const unknown = chosen.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`${option}: no "${unknown.join(', ')}". Choose from ${known.join(', ')}.`);
  return chosen;
}

function renderReport(results: readonly ScenarioResult[], environment: string, about: string): string {
  const list = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `\n## ${title}\n\n${lines.map((line) => `- ${line}\n`).join('')}`;
  return [
    '# Results\n\n',
    'Written by `node bench/run.mjs`. Medians of interleaved repetitions, each in a fresh process, with min and max. ',
    '`limit` is a bare program without product features (bench/limit). ',
    about,
    `\n\n${environment}\n\n${renderTable(results)}\n`,
    list('Targets not met', missedTargets(results)),
    list(
      'Notes',
      results.flatMap(({ notes, scenario }) => [...notes].map((note) => `${scenario.title}: ${note}`)),
    ),
    list(
      'Failed',
      results.flatMap(({ failures }) => failures),
    ),
    list(
      'How it was measured',
      results.map(
        ({ scenario, samples }) =>
          `**${scenario.title}** (\`--only ${scenario.name}\`, ${repetitions(samples)}): ${scenario.method}`,
      ),
    ),
  ].join('');
}

function repetitions(samples: ScenarioResult['samples']): string {
  const most = Math.max(
    0,
    ...[...samples.values()].flatMap((row) => [...row.values()].map(({ length }) => length)),
  );
  return most === 1 ? 'once' : `${most} times`;
}
