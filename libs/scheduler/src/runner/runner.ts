import type { Claim } from '../model/index.js';
import type { AttemptRunner, AttemptWatcher, RunningAttempt } from '../ports/index.js';
import { Attempt, type AttemptTools } from './attempt.js';

/** Runs attempts, the same way on every engine. */
export class Runner implements AttemptRunner {
  constructor(private readonly tools: AttemptTools) {}

  start(claim: Claim, watcher: AttemptWatcher): RunningAttempt {
    const attempt = new Attempt(claim, watcher, this.tools);
    attempt.begin();
    return attempt;
  }
}
