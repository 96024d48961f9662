import { type BackfillRequest, findBackfill, placeRun } from '@carillon/scheduler/store';
import type { BackfillResult, JsonValue } from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import type { JobTurn } from './job-turn.js';
import { toText } from './json-text.js';
import { queueBehind } from './run-queue.js';

/** A run with no tick, due now (O6). @param payload undefined: the job's own */
export function requestRun(turn: JobTurn, payload: JsonValue | undefined): RunTable {
  const { row, job, context } = turn;
  const placement = placeRun(job.policies, turn.active);
  const run = turn.make(null, context.now, payload === undefined ? row.payload : toText(payload));
  if (placement === 'skip') turn.endUnstarted(run, 'skipped', 'overlap', context.now);
  else if (placement !== 'start') queueBehind(turn, run, placement);
  return run;
}

/** @param started instants that a run was started for, as far as the history goes back */
export function backfill(
  turn: JobTurn,
  request: BackfillRequest,
  started: ReadonlySet<number>,
): BackfillResult {
  const { instants, leftOut, tooMany } = findBackfill(turn.job.trigger, request, started);
  if (!tooMany && !request.dryRun) {
    for (const at of instants) {
      const run = turn.make(null, request.now, turn.row.payload, at);
      run.catch_up = 1;
      run.state = 'queued';
      turn.goOn();
    }
  }
  return { count: instants.length, leftOut, tooMany };
}
