import type { AttemptRecord, Run } from '@carillon/scheduler';
import type { Effect } from './replica/protocol.js';

/** Finds ticks with two runs, attempts made twice, and tokens that did not rise with the attempt. */
export function findDoubleRuns(runs: readonly Run[], effects: readonly Effect[]): string[] {
  const faults: string[] = [];
  const known = new Set(runs.map(({ id }) => id));
  const runOfTick = new Map<string, string>();
  const last = new Map<string, Effect>();
  for (const effect of effects) {
    if (effect.kind !== 'began') continue;
    const { runId, jobId, tick, token, attempt } = effect;
    if (!known.has(runId)) faults.push(`${jobId}: the run ${runId} worked and is in no history`);
    const key = `${jobId} ${tick}`;
    if (tick !== null && (runOfTick.get(key) ?? runId) !== runId) faults.push(`${key}: two runs`);
    runOfTick.set(key, runId);
    const before = last.get(runId);
    if (before && (token <= before.token || attempt <= before.attempt))
      faults.push(
        `${runId}: attempt ${attempt} token ${token} after ${before.attempt} token ${before.token}`,
      );
    last.set(runId, effect);
  }
  return faults;
}

/** Compares the history of each run with the work of its handler: each knows of all that the other does. */
export function findMismatches(runs: readonly Run[], effects: readonly Effect[]): string[] {
  const ofRun = new Map<string, Effect[]>();
  for (const effect of effects) {
    const known = ofRun.get(effect.runId);
    if (known === undefined) ofRun.set(effect.runId, [effect]);
    else known.push(effect);
  }
  return runs.flatMap((run) => {
    const faults = compare(run, ofRun.get(run.id) ?? []);
    return faults.map((fault) => `${run.jobId}: run ${run.id} ${fault}`);
  });
}

function compare(run: Run, effects: readonly Effect[]): string[] {
  const faults: string[] = [];
  const tick = run.scheduledAt?.getTime() ?? null;
  for (const { kind, attempt, jobId, tick: of } of effects) {
    if (jobId !== run.jobId || of !== tick) faults.push(`${kind} for ${jobId} at ${of}`);
    if (!run.attempts.some((known) => known.attempt === attempt))
      faults.push(`${kind} in attempt ${attempt}, which the history does not know`);
  }
  for (const { attempt, result } of run.attempts) {
    const times = (what: Effect['kind']) =>
      effects.filter((effect) => effect.kind === what && effect.attempt === attempt).length;
    const [began, ended] = [times('began'), times('ended')];
    const { least, most } = BOUNDS[result];
    const mustBegin = result !== 'abandoned' && result !== 'cancelled';
    if (began > 1 || (mustBegin && began === 0) || ended < least || ended > Math.min(began, most))
      faults.push(`attempt ${attempt} ${result}, began ${began} times and ended ${ended} times`);
  }
  return faults;
}

/** How often the handler returned. A process that died may have died before its handler began, or after it returned. */
const BOUNDS: Record<AttemptRecord['result'], { least: number; most: number }> = {
  succeeded: { least: 1, most: 1 },
  failed: { least: 0, most: 0 },
  timedOut: { least: 0, most: 0 },
  cancelled: { least: 0, most: 0 },
  abandoned: { least: 0, most: 1 },
};
