import type { Completion, Claim } from '../model/index.js';
import type { EventSink, RecordedOutcome, RecoveredAttempt } from '../ports/index.js';

/**
 * Tells how an attempt ended. Called once it is settled. On the way of every run: nothing is made
 * for an event that nobody wants, and the facts are written out, which is ten times as fast as
 * spreading them.
 */
export function announceEnd(
  events: EventSink,
  end: Completion,
  handlerRuns: boolean,
  runsAgain: boolean = false,
): void {
  const { claim, result, durationMs } = end;
  const type = EVENT_OF_RESULT[result.kind];
  if (!events.wants(type)) return;
  const { jobId, runId, attempt } = claim;
  const scheduledAt = toDate(claim.scheduledAt);
  switch (result.kind) {
    case 'succeeded': {
      const latenessMs = Math.max(0, end.startedAt - claim.dueAt);
      return events.emit('run.succeeded', {
        jobId,
        runId,
        scheduledAt,
        attempt,
        durationMs,
        latenessMs,
        result: result.value,
      });
    }
    case 'failed': {
      const retryAt = toDate(end.retryAt);
      return events.emit('run.failed', {
        jobId,
        runId,
        scheduledAt,
        attempt,
        durationMs,
        error: result.error,
        retryAt,
      });
    }
    case 'timedOut': {
      const { error } = result;
      const willRetry = end.retryAt !== null;
      return events.emit('run.timedOut', {
        jobId,
        runId,
        scheduledAt,
        attempt,
        durationMs,
        error,
        willRetry,
        handlerRuns,
      });
    }
    case 'abandoned':
    case 'cancelled':
      return announceCut(events, claim, result.kind, runsAgain);
    default:
      return result satisfies never;
  }
}

function announceCut(
  events: EventSink,
  claim: Claim,
  result: 'abandoned' | 'cancelled',
  runsAgain: boolean,
): void {
  const { jobId, runId, attempt } = claim;
  const scheduledAt = toDate(claim.scheduledAt);
  if (result === 'abandoned') {
    const reason = 'shutdown';
    return events.emit('run.abandoned', { jobId, runId, scheduledAt, attempt, reason, runsAgain });
  }
  events.emit('run.cancelled', {
    jobId,
    runId,
    scheduledAt,
    scheduledUntil: scheduledAt,
    count: 1,
    countIsAtLeast: false,
    reason: 'replaced',
  });
}

const EVENT_OF_RESULT = {
  succeeded: 'run.succeeded',
  failed: 'run.failed',
  timedOut: 'run.timedOut',
  abandoned: 'run.abandoned',
  cancelled: 'run.cancelled',
} as const;

/** Tells of ticks and runs that got their outcome without an attempt. */
export function announceRecorded(events: EventSink, recorded: readonly RecordedOutcome[]): void {
  for (const { outcome, jobId, runId, reason, count, countIsAtLeast, attempt, into, ...row } of recorded) {
    const scheduledAt = toDate(row.scheduledAt);
    if (outcome === 'abandoned') {
      events.emit('run.abandoned', { jobId, runId, scheduledAt, attempt, reason, runsAgain: false });
      continue;
    }
    const scheduledUntil = toDate(row.scheduledUntil);
    const fact = { jobId, runId, scheduledAt, scheduledUntil, count, countIsAtLeast, reason };
    if (outcome === 'coalesced') events.emit('run.coalesced', { ...fact, into });
    else events.emit(`run.${outcome}`, fact);
  }
}

/** Tells of attempts whose holders are gone, which another attempt follows. */
export function announceRecovered(events: EventSink, recovered: readonly RecoveredAttempt[]): void {
  for (const { jobId, runId, attempt, ...row } of recovered) {
    const scheduledAt = toDate(row.scheduledAt);
    events.emit('run.abandoned', {
      jobId,
      runId,
      scheduledAt,
      attempt,
      reason: 'leaseExpired',
      runsAgain: true,
    });
  }
}

function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
