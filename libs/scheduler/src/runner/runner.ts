import type { Claim } from '../model/index.js';
import type { AttemptRunner, AttemptWatcher, RunningAttempt } from '../ports/index.js';
import { Attempt, type AttemptTools } from './attempt.js';

/** Runs attempts, the same way on every engine. */
export class Runner implements AttemptRunner {
  private readonly tools: AttemptTools & { retries: boolean };

  constructor(tools: Omit<AttemptTools, 'retries'>) {
    this.tools = { ...tools, retries: true };
  }

  start(claim: Claim, watcher: AttemptWatcher): RunningAttempt {
    const attempt = new Attempt(claim, watcher, this.tools);
    attempt.begin();
    return attempt;
  }

  endRetries(): void {
    this.tools.retries = false;
  }
}
