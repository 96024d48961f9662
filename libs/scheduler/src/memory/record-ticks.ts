import type { OutcomeReason } from '../model/index.js';
import { span, type TickSpan } from '../rules/index.js';
import type { RecordedOutcome } from '../ports/index.js';
import type { MemoryJob } from './memory-job.js';
import type { RunBook } from './run-book.js';

/** The job's ticks in [firstAt, untilAt] get this outcome, in one span; answers the last of them, null when there is none. */
export function recordFrom(
  runs: RunBook,
  job: MemoryJob,
  firstAt: number | null,
  outcome: TickSpan['outcome'],
  reason: OutcomeReason,
  untilAt: number,
  recorded: RecordedOutcome[],
): number | null {
  if (firstAt === null || firstAt > untilAt) return null;
  // The next tick of a job that waits for its runs is not known before one ends.
  const lastAt = job.trigger.waitsForRun ? firstAt : (job.trigger.prevAt(untilAt + 1) ?? firstAt);
  runs.recordSpan(job, span(job.trigger, outcome, reason, firstAt, lastAt), null, untilAt, recorded);
  return lastAt;
}

/** The tick after the last one of a span; null when the span was empty. */
export function tickAfter(job: MemoryJob, lastTickAt: number | null, endedAt: number): number | null {
  return lastTickAt === null ? null : job.trigger.nextAt(job.trigger.waitsForRun ? endedAt : lastTickAt);
}
