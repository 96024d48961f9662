import type { AttemptResult, Placement } from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import { pauseJob } from './change-job.js';
import type { JobTurn } from './job-turn.js';

/** The run waits behind what is alive; what it takes the place of ends (O1). */
export function queueBehind(turn: JobTurn, run: RunTable, placement: Placement): void {
  const { now } = turn.context;
  run.state = 'queued';
  turn.touch(run);
  if (placement !== 'queue') {
    for (const waiting of [...turn.runs]) {
      if (waiting !== run && waiting.state === 'queued' && waiting.catch_up === 0)
        turn.endUnstarted(waiting, 'coalesced', 'merged', now, run);
    }
  }
  if (placement === 'cancelPrevious') {
    for (const previous of [...turn.runs]) {
      // What catches up is nobody's previous run.
      if (previous === run || previous.catch_up === 1) continue;
      if (previous.state !== 'running' && previous.state !== 'waiting') continue;
      previous.replaced = 1;
      turn.touch(previous);
      if (previous.state === 'running') turn.effects.replaced.push(previous);
      else turn.endUnstarted(previous, 'cancelled', 'replaced', now);
    }
  }
  turn.goOn();
}

/** The run carries on no longer: what is queued goes on, or the tick that waited for it is known. True when that ended the job. */
export function freePlace(turn: JobTurn, run: RunTable, endedAt: number): boolean {
  turn.free(run);
  turn.goOn();
  return turn.row.awaits_run === 1 && turn.alive === 0 && afterRun(turn, endedAt);
}

/** T2: the next tick comes one period after the run ended. True when there is none any more. */
function afterRun(turn: JobTurn, endedAt: number): boolean {
  const { row, job } = turn;
  row.awaits_run = 0;
  turn.changed = true;
  // The clock of another replica may have shown less.
  const nextAt = job.trigger.nextAt(Math.max(endedAt, row.last_tick_at ?? 0));
  if (row.state === 'paused') {
    row.pause_first_tick = nextAt;
    turn.edited = true;
  }
  if (row.state !== 'active') return false;
  turn.schedule(nextAt);
  // TypeScript does not see that `schedule` may end it.
  if ((row.state as string) !== 'finished') return false;
  turn.effects.changed.pop();
  return true;
}

/** O4: one failed run too many in a row pauses the job. True when this was it. */
export function countFailure(turn: JobTurn, result: AttemptResult['kind'], now: number): boolean {
  const { row, job } = turn;
  if (result === 'succeeded' && row.failures_in_row !== 0) {
    row.failures_in_row = 0;
    turn.changed = true;
  }
  if (result !== 'failed' && result !== 'timedOut') return false;
  row.failures_in_row++;
  turn.changed = true;
  const { pauseAfterFailures } = job.policies;
  if (pauseAfterFailures === null || row.failures_in_row < pauseAfterFailures || row.state !== 'active')
    return false;
  const note = `${row.failures_in_row} failed runs in a row`;
  pauseJob(turn, { note, by: 'pauseAfterFailures', until: null }, now);
  row.failures_in_row = 0;
  return true;
}
