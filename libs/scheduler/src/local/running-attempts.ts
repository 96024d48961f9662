import type { Claim } from '../model/index.js';
import type { RunningAttempt } from '../ports/index.js';
import type { Alarms } from '../runner/index.js';

/** Attempts whose handlers have not settled, and who waits for there to be none. */
export class RunningAttempts {
  private readonly attempts = new Map<Claim, RunningAttempt>();
  private onIdle: (() => void) | null = null;

  constructor(
    private readonly alarms: Alarms,
    /** Claims may be on their way that have not begun. */
    private readonly moreMayCome: () => boolean,
  ) {}

  get size(): number {
    return this.attempts.size;
  }

  add(claim: Claim, attempt: RunningAttempt): void {
    this.attempts.set(claim, attempt);
  }

  has(claim: Claim): boolean {
    return this.attempts.has(claim);
  }

  delete(claim: Claim): void {
    this.attempts.delete(claim);
    this.look();
  }

  all(): RunningAttempt[] {
    return [...this.attempts.values()];
  }

  abort(claim: Claim, reason: unknown, as: 'abandoned' | 'cancelled'): void {
    this.attempts.get(claim)?.abort(reason, as);
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
    return this.attempts.size === 0 && !this.moreMayCome();
  }
}
