import type { Claim } from '../model/index.js';
import type { AttemptRunner, AttemptWatcher, RunningAttempt } from '../ports/index.js';

/** Runs attempts as ever, and knows which handlers are at work. */
export class WatchedRunner implements AttemptRunner {
  private readonly unsettled = new Set<RunningAttempt>();
  /** Handlers that are not waited for any longer, each with the result that its attempt had then. */
  private readonly givenUp = new Map<RunningAttempt, RunningAttempt['end']>();
  private onBegun: ((attempt: RunningAttempt) => void) | null = null;

  constructor(private readonly runner: AttemptRunner) {}

  start(claim: Claim, watcher: AttemptWatcher): RunningAttempt {
    const attempt = this.runner.start(claim, watcher);
    if (!attempt.settled) this.unsettled.add(attempt);
    this.onBegun?.(attempt);
    return attempt;
  }

  endRetries(): void {
    this.runner.endRetries();
  }

  /** The attempts that begin while `work` is at it. */
  async begunDuring(work: () => Promise<void>): Promise<RunningAttempt[]> {
    const begun: RunningAttempt[] = [];
    this.onBegun = (attempt) => begun.push(attempt);
    try {
      await work();
    } finally {
      this.onBegun = null;
    }
    return begun;
  }

  /** Attempts whose handlers have not settled. */
  atWork(): RunningAttempt[] {
    for (const attempt of this.unsettled) {
      if (!attempt.settled) continue;
      this.unsettled.delete(attempt);
      this.givenUp.delete(attempt);
    }
    return [...this.unsettled];
  }

  /** Of those, the ones that are worth waiting for. A handler that is timed out is so anew: its signal was aborted. */
  awaited(): RunningAttempt[] {
    return this.atWork().filter(
      (attempt) => !this.givenUp.has(attempt) || this.givenUp.get(attempt) !== attempt.end,
    );
  }

  /** What is at work now may be waiting for time to pass: time does not wait for it any longer. */
  giveUp(): void {
    for (const attempt of this.atWork()) this.givenUp.set(attempt, attempt.end);
  }

  /** Waits anew for those that were given up. */
  hopeAgain(): void {
    this.givenUp.clear();
  }
}
