import type { Job } from '../model/index.js';
import type { TimerQueue } from './timer-queue.js';

/** Delays after which a job added in the caller's transaction is looked for, since nothing reports the commit. */
const AFTER_COMMIT_MS = [0, 50, 250, 1_000];
/** Due instants for which timers wait. Later jobs of one call are found by the claims for these, or by a poll. */
const MOST_INSTANTS = 100;

/** Looks for jobs that the caller has yet to commit, around the instants at which they are due. */
export function rearmAfterCommit(
  puts: readonly { readonly job: Job }[],
  now: number,
  timers: TimerQueue,
  loop: { rearm(): void },
): void {
  const dueAt = new Set(puts.flatMap(({ job: { nextDueAt } }) => nextDueAt?.getTime() ?? []));
  const first = [...dueAt].sort((one, other) => one - other).slice(0, MOST_INSTANTS);
  for (const instant of first) {
    const untilDueMs = Math.max(0, instant - now);
    for (const laterMs of AFTER_COMMIT_MS) timers.after(untilDueMs + laterMs, () => loop.rearm());
  }
}
