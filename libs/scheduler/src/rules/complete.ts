import {
  type AttemptRecord,
  type AttemptResult,
  type Completion,
  type ErrorRecord,
  keepResult,
  type OutcomeReason,
  toErrorRecord,
} from '../model/index.js';
import type { CompletionEffect, RecordedOutcome } from '../ports/index.js';
import { recordedOutcome } from './facts.js';
import { pauseJob } from './jobs.js';
import type { RunRecord } from './records.js';
import { freeRun, type Unit } from './unit.js';

const LEASE_EXPIRED: ErrorRecord = {
  name: 'LeaseExpired',
  message: 'The lease was not renewed in time.',
  stack: null,
};

/**
 * Writes an attempt's result to its run, its job aside. The run's outcome is its last attempt's result (O7).
 *
 * @param retryAt when another attempt follows; null: the result is the outcome
 */
export function applyResult(
  run: RunRecord,
  { result, startedAt, endedAt }: Completion,
  retryAt: number | null,
): void {
  const succeeded = result.kind === 'succeeded';
  if (!succeeded || run.attempts !== null) {
    run.error = succeeded ? null : toErrorRecord(result.error);
    noteAttempt(run, result.kind, startedAt, endedAt);
  }
  if (retryAt !== null) {
    run.state = 'waiting';
    run.dueAt = retryAt;
    return;
  }
  run.state = 'ended';
  run.outcome = result.kind;
  run.endedAt = endedAt;
  if (succeeded) run.result = keepResult(result.value);
  else run.reason = reasonOf(result.kind);
}

/** Records how a claim ended. The run is alive, and the claim still holds. @param slotHeld until `releaseSlot` */
export function completeRun<Run extends RunRecord>(
  unit: Unit<Run>,
  run: Run,
  completion: Completion,
  slotHeld: boolean,
): CompletionEffect {
  const { result, endedAt } = completion;
  if (result.kind === 'abandoned' && mayRunAgain(unit, run)) {
    applyResult(run, completion, endedAt);
    runAgain(unit, run);
    return 'runsAgain';
  }
  const retryAt = run.isReplaced ? null : completion.retryAt;
  applyResult(run, completion, retryAt);
  if (retryAt !== null) {
    unit.free(run);
    return 'recorded';
  }
  // Freeing the slot touches the run, too.
  if (slotHeld) unit.touch(run);
  const paused = countFailure(unit, result.kind, endedAt);
  if (!slotHeld && freeSlot(unit, run, endedAt)) return 'finishedJob';
  if (paused) return 'pausedJob';
  return run.isReplaced && completion.retryAt !== null ? 'withoutRetry' : 'recorded';
}

/** As `completeRun`, of a run whose job was removed: it changes nothing else, and is never retried. */
export function completeGone(run: RunRecord, completion: Completion, slotHeld: boolean): CompletionEffect {
  applyResult(run, completion, null);
  if (!slotHeld) freeRun(run);
  return completion.retryAt === null ? 'recorded' : 'withoutRetry';
}

/** Gives back the slot of a run that was completed while its handler had not settled. */
export function releaseSlot<Run extends RunRecord>(unit: Unit<Run>, run: Run, now: number): CompletionEffect {
  return freeSlot(unit, run, now) ? 'finishedJob' : 'recorded';
}

/** Ends the attempt of a holder that did not renew its lease in time (L4). */
export function recoverRun<Run extends RunRecord>(unit: Unit<Run>, run: Run): void {
  const { facts, now } = unit;
  if (run.state !== 'ended') {
    noteLostAttempt(run, now);
    if (mayRunAgain(unit, run)) {
      const { id: runId, jobId, scheduledAt, attempt } = run;
      facts.recover({ jobId, runId, scheduledAt, attempt });
      run.dueAt = now;
      runAgain(unit, run);
      return;
    }
    unit.end(
      run,
      run.isReplaced ? 'cancelled' : 'abandoned',
      run.isReplaced ? 'replaced' : 'leaseExpired',
      now,
    );
    facts.record(recordedOutcome(run, null));
  }
  if (freeSlot(unit, run, now)) facts.change({ kind: 'finished', jobId: run.jobId });
}

/** As `recoverRun`, of a run whose job was removed. Null when its outcome is recorded already. */
export function recoverGone(run: RunRecord, now: number): RecordedOutcome | null {
  const hadEnded = run.state === 'ended';
  if (!hadEnded) {
    noteLostAttempt(run, now);
    run.state = 'ended';
    run.outcome = 'abandoned';
    run.reason = 'leaseExpired';
    run.endedAt = now;
  }
  freeRun(run);
  return hadEnded ? null : recordedOutcome(run, null);
}

/** Undoes a claim whose handler was not called: the run waits as if it had not been claimed. */
export function giveBackRun<Run extends RunRecord>(unit: Unit<Run>, run: Run): void {
  const { job } = unit;
  run.state = 'waiting';
  run.attempt--;
  if (run.attempt === 0) {
    run.startedAt = null;
    run.latenessMs = null;
    if (run.scheduledAt !== null && run.generation === job.generation && job.runsStarted > 0)
      job.runsStarted--;
  }
  unit.free(run);
}

/** Frees the run's slot in its job: a queued run starts, or the tick that waited for the end is scheduled. Returns true when the job has finished. */
export function freeSlot<Run extends RunRecord>(unit: Unit<Run>, run: Run, endedAt: number): boolean {
  const { job, runs } = unit;
  unit.free(run);
  unit.startNextQueued();
  if (!job.awaitsRun || runs.alive > 0) return false;
  // T2: the next tick comes one period after the run ended. The clock of another replica may have shown less.
  job.awaitsRun = false;
  const nextAt = job.trigger.nextAt(Math.max(endedAt, job.lastTickAt ?? 0));
  if (job.state === 'paused' && job.pause) job.pause = { ...job.pause, firstTickAt: nextAt };
  return job.state === 'active' && unit.trySchedule(nextAt);
}

/** Counts failed runs; one too many in a row pauses the job (O4), and the function returns true. */
export function countFailure(unit: Unit, result: AttemptResult['kind'], now: number): boolean {
  const { job } = unit;
  if (result === 'succeeded') {
    if (job.failuresInRow !== 0) job.failuresInRow = 0;
    return false;
  }
  if (result !== 'failed' && result !== 'timedOut') return false;
  job.failuresInRow++;
  const { pauseAfterFailures } = job.policies;
  if (pauseAfterFailures === null || job.failuresInRow < pauseAfterFailures || job.state !== 'active')
    return false;
  const note = `${job.failuresInRow} failed runs in a row`;
  pauseJob(unit, { note, by: 'pauseAfterFailures', until: null }, now);
  job.failuresInRow = 0;
  return true;
}

/**
 * Notes on runs at work whether completing them changes their job: a queued run starts, the next tick waits for the
 * end, or failures are forgotten. A completion without it writes its run alone and locks no job. Called once when
 * all is decided, by stores that write completions so.
 *
 * @param isWritten whether the run is written in any case; a run is not written just to clear the note
 */
export function noteCompletions<Run extends RunRecord>(
  unit: Unit<Run>,
  isWritten: (run: Run) => boolean,
): void {
  const { runs, job } = unit;
  if (runs.list.length === 0) return;
  const completesWithJob = job.awaitsRun || job.failuresInRow > 0 || runs.hasQueued;
  for (const run of runs.list) {
    if (!run.holdsSlot || run.completesWithJob === completesWithJob || run.jobIsGone) continue;
    if (!completesWithJob && !isWritten(run)) continue;
    run.completesWithJob = completesWithJob;
    unit.touch(run);
  }
}

function mayRunAgain({ job, isDurable }: Unit, run: RunRecord): boolean {
  return isDurable && job.policies.onAbandoned === 'rerun' && run.lostAttempts === 0 && !run.isReplaced;
}

function runAgain<Run extends RunRecord>(unit: Unit<Run>, run: Run): void {
  run.lostAttempts++;
  run.state = 'waiting';
  unit.free(run);
}

function noteLostAttempt(run: RunRecord, now: number): void {
  run.error = LEASE_EXPIRED;
  noteAttempt(run, 'abandoned', run.startedAt ?? now, now);
}

function noteAttempt(
  run: RunRecord,
  result: AttemptResult['kind'],
  startedAt: number,
  endedAt: number,
): void {
  const { attempt, error } = run;
  const record: AttemptRecord = {
    attempt,
    result,
    startedAt: new Date(startedAt),
    endedAt: new Date(endedAt),
    error,
  };
  if (run.attempts === null) run.attempts = [record];
  else run.attempts = [...run.attempts, record];
}

function reasonOf(result: AttemptResult['kind']): OutcomeReason | null {
  if (result === 'abandoned') return 'shutdown';
  return result === 'cancelled' ? 'replaced' : null;
}
