import type { AttemptRecord, Claim, Completion, ErrorRecord } from '../model/index.js';
import type { EventSink, RecordedOutcome, RecoveredAttempt } from '../ports/index.js';

const EVENT_OF_RESULT = {
  succeeded: 'run.succeeded',
  failed: 'run.failed',
  timedOut: 'run.timedOut',
  abandoned: 'run.abandoned',
  cancelled: 'run.cancelled',
} as const;

/**
 * Publishes how an attempt ended, after the store has recorded it. Part of every run: nothing is
 * allocated for an event that nobody wants, and facts are written out, since spreading costs ten times
 * as much.
 */
export function publishCompletion(
  events: EventSink,
  completion: Completion,
  handlerRuns: boolean,
  runsAgain: boolean = false,
): void {
  const { claim, result, durationMs } = completion;
  if (!events.wants(EVENT_OF_RESULT[result.kind])) return;
  const { jobId, runId, attempt } = claim;
  const scheduledAt = toDate(claim.scheduledAt);
  switch (result.kind) {
    case 'succeeded':
      return events.emit('run.succeeded', {
        jobId,
        runId,
        scheduledAt,
        attempt,
        durationMs,
        latenessMs: Math.max(0, completion.startedAt - claim.dueAt),
        result: result.value,
      });
    case 'failed':
      return events.emit('run.failed', {
        jobId,
        runId,
        scheduledAt,
        attempt,
        durationMs,
        error: result.error,
        retryAt: toDate(completion.retryAt),
        reason: null,
      });
    case 'timedOut':
      return events.emit('run.timedOut', {
        jobId,
        runId,
        scheduledAt,
        attempt,
        durationMs,
        error: result.error,
        willRetry: completion.retryAt !== null,
        handlerRuns,
        reason: null,
      });
    case 'abandoned':
      return publishAbandoned(events, claim, 'shutdown', runsAgain);
    case 'cancelled':
      return events.emit('run.cancelled', {
        jobId,
        runId,
        scheduledAt,
        scheduledUntil: scheduledAt,
        count: 1,
        countIsAtLeast: false,
        reason: 'replaced',
      });
    default:
      return result satisfies never;
  }
}

/** Publishes outcomes that the store recorded without an attempt of this process. The row says the event's type. */
export function publishRecorded(events: EventSink, recorded: readonly RecordedOutcome[]): void {
  for (const outcome of recorded) {
    if (outcome.outcome === 'abandoned') publishAbandoned(events, outcome, outcome.reason, false);
    else if (outcome.outcome === 'failed' || outcome.outcome === 'timedOut')
      publishLateRetry(events, outcome);
    else publishTicks(events, outcome, outcome.outcome);
  }
}

/** Publishes attempts whose holders are gone and which another attempt follows. */
export function publishRecovered(events: EventSink, recovered: readonly RecoveredAttempt[]): void {
  for (const attempt of recovered) publishAbandoned(events, attempt, 'leaseExpired', true);
}

function publishTicks(
  events: EventSink,
  { jobId, runId, count, countIsAtLeast, reason, into, ...row }: RecordedOutcome,
  outcome: 'skipped' | 'missed' | 'coalesced' | 'cancelled',
): void {
  const scheduledAt = toDate(row.scheduledAt);
  const scheduledUntil = toDate(row.scheduledUntil);
  const fact = { jobId, runId, scheduledAt, scheduledUntil, count, countIsAtLeast, reason };
  if (outcome === 'coalesced') events.emit('run.coalesced', { ...fact, into });
  else events.emit(`run.${outcome}`, fact);
}

/** The run ends with the result of its last attempt, since its retry came later than `misfireGrace` allows. */
function publishLateRetry(events: EventSink, row: RecordedOutcome): void {
  const { jobId, runId, attempt, reason } = row;
  const fact = {
    jobId,
    runId,
    scheduledAt: toDate(row.scheduledAt),
    attempt,
    reason,
    ...ofAttempt(row.lastAttempt),
  };
  if (row.outcome === 'failed') events.emit('run.failed', { ...fact, retryAt: null });
  else events.emit('run.timedOut', { ...fact, willRetry: false, handlerRuns: false });
}

function ofAttempt(attempt: AttemptRecord | undefined): { error: unknown; durationMs: number } {
  if (attempt === undefined) return { error: null, durationMs: 0 };
  const { error, startedAt, endedAt } = attempt;
  return { error: error && toError(error), durationMs: endedAt.getTime() - startedAt.getTime() };
}

function publishAbandoned(
  events: EventSink,
  { jobId, runId, attempt, scheduledAt }: Pick<Claim, 'jobId' | 'runId' | 'attempt' | 'scheduledAt'>,
  reason: RecordedOutcome['reason'],
  runsAgain: boolean,
): void {
  events.emit('run.abandoned', {
    jobId,
    runId,
    scheduledAt: toDate(scheduledAt),
    attempt,
    reason,
    runsAgain,
  });
}

function toError({ name, message, stack }: ErrorRecord): Error {
  return Object.assign(new Error(message), { name, stack: stack ?? undefined });
}

function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
