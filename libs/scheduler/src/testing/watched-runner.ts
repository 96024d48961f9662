import type { Claim } from '../model/index.js';
import type { AttemptRunner, AttemptWatcher, RunningAttempt } from '../ports/index.js';

/** Passes attempts on to the runner, and knows which handlers are at work. */
export class WatchedRunner implements AttemptRunner {
  private readonly unsettled = new Set<RunningAttempt>();
  /** Handlers that are no longer awaited, each with the completion that its attempt had then. */
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

  /** Returns the attempts that begin while `work` runs. */
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

  /** Returns the attempts whose handlers have not settled. */
  atWork(): RunningAttempt[] {
    for (const attempt of this.unsettled) {
      if (!attempt.settled) continue;
      this.unsettled.delete(attempt);
      this.givenUp.delete(attempt);
    }
    return [...this.unsettled];
  }

  /** Of those, the ones that are awaited. A handler that was given up is awaited again after a timeout, since its signal was aborted. */
  awaited(): RunningAttempt[] {
    return this.atWork().filter(
      (attempt) => !this.givenUp.has(attempt) || this.givenUp.get(attempt) !== attempt.end,
    );
  }

  /** The handlers at work may wait for time to pass: no longer awaits them. */
  giveUp(): void {
    for (const attempt of this.atWork()) this.givenUp.set(attempt, attempt.end);
  }

  /** Awaits again the handlers that were given up. */
  hopeAgain(): void {
    this.givenUp.clear();
  }
}
