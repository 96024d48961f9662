import type { BackfillRequest, BackfillResult } from '../ports/index.js';
import type { Trigger } from '../timing/index.js';
import { admitRun, queueRun } from './overlap.js';
import type { RunRecord } from './records.js';
import type { Unit } from './unit.js';

/** Makes a run with no tick, due now (O6). @param payload in the store's form */
export function requestRun<Run extends RunRecord>(unit: Unit<Run>, payload: unknown): Run {
  const { job, now, runs } = unit;
  const admission = admitRun(job.policies, runs.active);
  const run = unit.makeRun(null, now, payload);
  if (admission === 'skip') unit.endUnstarted(run, 'skipped', 'overlap', now);
  else if (admission === 'start') unit.touch(run);
  else queueRun(unit, run, admission);
  return run;
}

/** Makes a run for each instant that wants one, queued behind each other (O6). @param started see `findBackfill` */
export function backfillRuns<Run extends RunRecord>(
  unit: Unit<Run>,
  request: BackfillRequest,
  started: ReadonlySet<number>,
): BackfillResult {
  const { job, now } = unit;
  const { instants, leftOut, tooMany } = findBackfill(job.trigger, request, started);
  if (!tooMany && !request.dryRun) {
    for (const instant of instants) {
      const run = unit.makeRun(null, now, job.payload, instant);
      run.catchesUp = true;
      run.state = 'queued';
      unit.touch(run);
      unit.startNextQueued();
    }
  }
  return { count: instants.length, leftOut, tooMany };
}

/**
 * The instants of the trigger in the requested span that still want a run, oldest first.
 *
 * @param started instants that a run was or will be started for, as far as the history goes back
 */
export function findBackfill(
  trigger: Trigger,
  { fromAt, toAt, force, most }: BackfillRequest,
  started: ReadonlySet<number>,
): { instants: number[]; leftOut: number; tooMany: boolean } {
  const instants: number[] = [];
  let leftOut = 0;
  for (let at = trigger.nextAt(fromAt - 1); at !== null && at <= toAt; at = trigger.nextAt(at)) {
    if (!force && started.has(at)) leftOut++;
    else instants.push(at);
    if (instants.length > most) return { instants, leftOut, tooMany: true };
  }
  return { instants, leftOut, tooMany: false };
}
