import type { AttemptEnd } from '../model/index.js';
import type { EventSink, RecordedOutcome } from '../ports/index.js';

/** Tells how an attempt ended. Called once it is settled. Nothing is made for an event that nobody wants. */
export function announceEnd(events: EventSink, end: AttemptEnd, handlerRuns: boolean): void {
  const { result } = end;
  switch (result.kind) {
    case 'succeeded':
      if (!events.wants('run.succeeded')) return;
      return events.emit('run.succeeded', {
        ...attemptFact(end),
        result: result.value,
        latenessMs: Math.max(0, end.startedAt - end.claim.dueAt),
      });
    case 'failed':
      return events.emit('run.failed', { ...attemptFact(end), error: result.error, retryAt: toDate(end.retryAt) });
    case 'timedOut':
      return events.emit('run.timedOut', { ...attemptFact(end), error: result.error, willRetry: end.retryAt !== null, handlerRuns });
    case 'abandoned': {
      const { durationMs: _, ...run } = attemptFact(end);
      return events.emit('run.abandoned', { ...run, reason: 'shutdown' });
    }
    case 'cancelled': {
      const { jobId, runId } = end.claim;
      const scheduledAt = toDate(end.claim.scheduledAt);
      return events.emit('run.cancelled', { jobId, runId, scheduledAt, scheduledUntil: scheduledAt, count: 1, reason: 'replaced' });
    }
    default:
      return result satisfies never;
  }
}

function attemptFact({ claim, durationMs }: AttemptEnd) {
  const { jobId, runId, attempt } = claim;
  return { jobId, runId, scheduledAt: toDate(claim.scheduledAt), attempt, durationMs };
}

/** Tells of ticks and runs that got their outcome without an attempt. */
export function announceRecorded(events: EventSink, recorded: readonly RecordedOutcome[]): void {
  for (const { outcome, jobId, runId, reason, count, attempt, into, ...row } of recorded) {
    const scheduledAt = toDate(row.scheduledAt);
    if (outcome === 'abandoned') {
      events.emit('run.abandoned', { jobId, runId, scheduledAt, attempt, reason });
      continue;
    }
    const fact = { jobId, runId, scheduledAt, scheduledUntil: toDate(row.scheduledUntil), count, reason };
    if (outcome === 'coalesced') events.emit('run.coalesced', { ...fact, into });
    else events.emit(`run.${outcome}`, fact);
  }
}

function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
