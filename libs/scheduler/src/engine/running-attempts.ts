import type { Claim } from '../model/index.js';
import type { Delays, RunningAttempt } from '../ports/index.js';

/** The attempts whose handlers have not settled. A stop waits until there are none. */
export class RunningAttempts {
  private readonly attempts: RunningAttempt[] = [];
  private onIdle: (() => void) | null = null;

  constructor(
    private readonly delays: Delays,
    /** True while there may be claims that have not begun. */
    private readonly moreMayCome: () => boolean,
  ) {}

  get size(): number {
    return this.attempts.length;
  }

  add(attempt: RunningAttempt): void {
    attempt.listIndex = this.attempts.push(attempt) - 1;
  }

  has(attempt: RunningAttempt): boolean {
    return attempt.listIndex !== null;
  }

  delete(attempt: RunningAttempt): void {
    const { listIndex } = attempt;
    if (listIndex !== null) {
      // The last attempt moves to the index that becomes free.
      const last = this.attempts.pop()!;
      if (last !== attempt) {
        this.attempts[listIndex] = last;
        last.listIndex = listIndex;
      }
      attempt.listIndex = null;
    }
    this.checkIdle();
  }

  all(): RunningAttempt[] {
    return [...this.attempts];
  }

  /** Returns false when the claim's handler does not run. */
  abort(claim: Claim, reason: unknown, as: 'abandoned' | 'cancelled'): boolean {
    const attempt =
      this.attempts.find((one) => one.claim === claim) ??
      this.attempts.find((one) => one.claim.runId === claim.runId && one.claim.token === claim.token);
    attempt?.abort(reason, as);
    return attempt !== undefined;
  }

  /** Wakes the waiting stop when there are none. */
  checkIdle(): void {
    if (this.onIdle !== null && this.idle) this.onIdle();
  }

  /** Resolves with true once there are none, with false after `limitMs`. */
  idleWithin(limitMs: number): Promise<boolean> {
    if (this.idle) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (idle: boolean) => {
        this.onIdle = null;
        delay.cancel();
        resolve(idle);
      };
      const delay = this.delays.after(limitMs, () => finish(false));
      this.onIdle = () => finish(true);
    });
  }

  private get idle(): boolean {
    return this.attempts.length === 0 && !this.moreMayCome();
  }
}
