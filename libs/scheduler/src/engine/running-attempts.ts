import type { Claim } from '../model/index.js';
import type { RunningAttempt } from '../ports/index.js';
import type { Alarms } from '../runner/index.js';

/** Attempts whose handlers have not settled, and who waits for there to be none. */
export class RunningAttempts {
  private readonly attempts: RunningAttempt[] = [];
  private onIdle: (() => void) | null = null;

  constructor(
    private readonly alarms: Alarms,
    /** Claims may be on their way that have not begun. */
    private readonly moreMayCome: () => boolean,
  ) {}

  get size(): number {
    return this.attempts.length;
  }

  add(attempt: RunningAttempt): void {
    attempt.place = this.attempts.push(attempt) - 1;
  }

  has(attempt: RunningAttempt): boolean {
    return attempt.place !== null;
  }

  delete(attempt: RunningAttempt): void {
    const { place } = attempt;
    if (place !== null) {
      // The last one takes its place.
      const last = this.attempts.pop()!;
      if (last !== attempt) {
        this.attempts[place] = last;
        last.place = place;
      }
      attempt.place = null;
    }
    this.look();
  }

  all(): RunningAttempt[] {
    return [...this.attempts];
  }

  /** False when the claim's handler does not run. */
  abort(claim: Claim, reason: unknown, as: 'abandoned' | 'cancelled'): boolean {
    const attempt =
      this.attempts.find((one) => one.claim === claim) ??
      this.attempts.find((one) => one.claim.runId === claim.runId && one.claim.token === claim.token);
    attempt?.abort(reason, as);
    return attempt !== undefined;
  }

  /** There may be none now: tells whoever waits for that. */
  look(): void {
    if (this.onIdle !== null && this.idle) this.onIdle();
  }

  /** True once there are none, false when that takes longer than `limitMs`. */
  idleWithin(limitMs: number): Promise<boolean> {
    if (this.idle) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (idle: boolean) => {
        this.onIdle = null;
        alarm.cancel();
        resolve(idle);
      };
      const alarm = this.alarms.after(limitMs, () => finish(false));
      this.onIdle = () => finish(true);
    });
  }

  private get idle(): boolean {
    return this.attempts.length === 0 && !this.moreMayCome();
  }
}
