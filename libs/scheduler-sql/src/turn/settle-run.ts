import {
  type Completion,
  type AttemptResult,
  keepResult,
  type OutcomeReason,
  type RecordedOutcome,
  type CompletionEffect,
  toErrorRecord,
} from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import type { JobTurn } from './job-turn.js';
import { countFailure, freePlace } from './run-queue.js';
import { freeRun, toRecorded, withAttempt } from './run-row.js';

/** What an attempt's end makes of its run, its job aside. */
export type RunEnd = Pick<
  RunTable,
  'state' | 'outcome' | 'reason' | 'due_at' | 'ended_at' | 'error' | 'result' | 'attempts'
>;

/** @param run as it was claimed @param retryAt null: the result is the outcome */
export function endOfRun(
  run: Pick<RunTable, 'attempt' | 'attempts' | 'due_at'>,
  { result, startedAt, endedAt }: Completion,
  retryAt: number | null,
): RunEnd {
  const succeeded = result.kind === 'succeeded';
  const error = succeeded ? null : toErrorRecord(result.error);
  const attempts =
    succeeded && run.attempts === null
      ? null
      : withAttempt(run.attempts, { attempt: run.attempt, result: result.kind, startedAt, endedAt, error });
  const kept = succeeded && retryAt === null ? keepResult(result.value) : null;
  return {
    state: retryAt === null ? 'ended' : 'waiting',
    outcome: retryAt === null ? result.kind : null,
    reason: retryAt === null ? reasonOf(result.kind) : null,
    due_at: retryAt ?? run.due_at,
    ended_at: retryAt === null ? endedAt : null,
    error: error && JSON.stringify(error),
    result: kept && JSON.stringify(kept),
    attempts,
  };
}

/** The attempt's end is the run's, or another attempt follows. The run is live, and its claim still holds. */
export function settleRun(
  turn: JobTurn,
  run: RunTable,
  end: Completion,
  slotHeld: boolean,
): CompletionEffect {
  const { result, endedAt } = end;
  if (result.kind === 'abandoned' && mayRunAgain(turn, run)) {
    Object.assign(run, endOfRun(run, end, endedAt));
    runAgain(turn, run);
    return 'runsAgain';
  }
  const retryAt = run.replaced === 1 ? null : end.retryAt;
  Object.assign(run, endOfRun(run, end, retryAt));
  turn.touch(run);
  if (retryAt !== null) {
    turn.free(run);
    return 'recorded';
  }
  if (run.replaced === 1 && result.kind === 'abandoned') {
    run.outcome = 'cancelled';
    run.reason = 'replaced';
  }
  const paused = countFailure(turn, result.kind, endedAt);
  const finished = !slotHeld && freePlace(turn, run, endedAt);
  if (finished) return 'finishedJob';
  if (paused) return 'pausedJob';
  return run.replaced === 1 && end.retryAt !== null ? 'withoutRetry' : 'recorded';
}

/** Gives back the place of a run whose handler was still on the way. */
export function releaseRun(turn: JobTurn, run: RunTable, now: number): CompletionEffect {
  return freePlace(turn, run, now) ? 'finishedJob' : 'recorded';
}

/** The end of a run whose job was removed meanwhile changes nothing else. */
export function settleGone(run: RunTable, end: Completion, slotHeld: boolean): CompletionEffect {
  Object.assign(run, endOfRun(run, end, null));
  if (!slotHeld) freeRun(run);
  return end.retryAt === null ? 'recorded' : 'withoutRetry';
}

/** Its holder did not renew the lease in time (L4). */
export function recoverRun(turn: JobTurn, run: RunTable): void {
  const { effects, context } = turn;
  const { now } = context;
  if (run.state === 'ended') {
    tellFinished(turn, freePlace(turn, run, now));
    return;
  }
  noteLostAttempt(run, now);
  if (mayRunAgain(turn, run)) {
    const { id: runId, job_id: jobId, tick_at: scheduledAt, attempt } = run;
    effects.recovered.push({ jobId, runId, scheduledAt, attempt });
    run.due_at = now;
    runAgain(turn, run);
    return;
  }
  const replaced = run.replaced === 1;
  turn.end(run, replaced ? 'cancelled' : 'abandoned', replaced ? 'replaced' : 'leaseExpired', now);
  effects.recorded.push(toRecorded(run, null));
  tellFinished(turn, freePlace(turn, run, now));
}

/** As `recoverRun`, of a run whose job was removed. */
export function recoverGone(run: RunTable, now: number): RecordedOutcome | null {
  const hadEnded = run.state === 'ended';
  if (!hadEnded) {
    noteLostAttempt(run, now);
    run.state = 'ended';
    run.outcome = 'abandoned';
    run.reason = 'leaseExpired';
    run.ended_at = now;
  }
  freeRun(run);
  return hadEnded ? null : toRecorded(run, null);
}

/** A claim whose handler was not called: the run waits as if it had not been claimed. */
export function giveBackRun(turn: JobTurn, run: RunTable): void {
  const { row } = turn;
  run.state = 'waiting';
  run.attempt--;
  if (run.attempt === 0) {
    run.started_at = null;
    run.lateness_ms = null;
    if (run.tick_at !== null && run.generation === row.generation && row.runs_started > 0) {
      row.runs_started--;
      turn.changed = true;
    }
  }
  turn.free(run);
}

function mayRunAgain({ job }: JobTurn, run: RunTable): boolean {
  return job.policies.onAbandoned === 'rerun' && run.lost === 0 && run.replaced === 0;
}

function runAgain(turn: JobTurn, run: RunTable): void {
  run.lost++;
  run.state = 'waiting';
  turn.free(run);
}

function noteLostAttempt(run: RunTable, now: number): void {
  const error = { name: 'LeaseExpired', message: 'The lease was not renewed in time.', stack: null };
  run.error = JSON.stringify(error);
  run.attempts = withAttempt(run.attempts, {
    attempt: run.attempt,
    result: 'abandoned',
    startedAt: run.started_at ?? now,
    endedAt: now,
    error,
  });
}

function tellFinished(turn: JobTurn, finished: boolean): void {
  if (finished) turn.effects.changed.push({ kind: 'finished', jobId: turn.row.id });
}

function reasonOf(result: AttemptResult['kind']): OutcomeReason | null {
  if (result === 'abandoned') return 'shutdown';
  return result === 'cancelled' ? 'replaced' : null;
}
