import type { AttemptEnd } from '../model/index.js';
import type { EventSink, RecordedOutcome } from '../ports/index.js';

/** Tells how an attempt ended. Called once it is settled. */
export function announceEnd(events: EventSink, end: AttemptEnd, handlerRuns: boolean): void {
  const { claim, result, durationMs, retryAt } = end;
  const type = result.kind === 'timedOut' ? 'run.timedOut' : (`run.${result.kind}` as const);
  if (!events.wants(type)) return;
  const { jobId, runId, attempt, dueAt } = claim;
  const scheduledAt = toDate(claim.scheduledAt);
  const fact = { jobId, runId, scheduledAt, attempt, durationMs };
  switch (result.kind) {
    case 'succeeded':
      return events.emit('run.succeeded', { ...fact, result: result.value, latenessMs: Math.max(0, end.startedAt - dueAt) });
    case 'failed':
      return events.emit('run.failed', { ...fact, error: result.error, retryAt: toDate(retryAt) });
    case 'timedOut':
      return events.emit('run.timedOut', { ...fact, error: result.error, willRetry: retryAt !== null, handlerRuns });
    case 'abandoned':
      return events.emit('run.abandoned', { jobId, runId, scheduledAt, attempt, reason: 'shutdown' });
    default:
      return result satisfies never;
  }
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
