import { StoreUnavailableError } from '../model/index.js';
import {
  type Awaitable,
  type Clock,
  type Delay,
  type Delays,
  isLeased,
  isPromise,
  type Store,
} from '../ports/index.js';
import { formatDuration } from '../timing/index.js';

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/** The delay after so many earlier failures before a failing store is called again, ms. */
export function storeBackoffMs(failuresBefore: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** failuresBefore, LONGEST_BACKOFF_MS);
}

export interface Bound<T> {
  /** Receives a response that comes after the deadline: the verb has taken effect all the same. */
  onLate?: (value: T) => void;
  limitMs?: number;
  patient?: boolean;
}

/**
 * Bounds every wait for a shared store, since a connection may neither respond nor close. The deadline is
 * a third of the lease: after a renewal without a response there is time for another.
 */
export class StoreDeadline {
  private readonly limitMs: number;
  private respondedAt = Number.NEGATIVE_INFINITY;
  private readonly waits = new Set<Wait>();

  constructor(
    store: Store,
    private readonly clock: Clock,
    private readonly delays: Delays,
  ) {
    this.limitMs = isLeased(store) ? store.leaseMs / 3 : Number.POSITIVE_INFINITY;
  }

  /** Rejects with StoreUnavailableError when the store does not respond in time. */
  bound<T>(pending: Promise<T>, options?: Bound<T>): Promise<T>;
  bound<T>(pending: Awaitable<T>, options?: Bound<T>): Awaitable<T>;
  bound<T>(pending: Awaitable<T>, options?: Bound<T>): Awaitable<T> {
    if (!isPromise(pending)) return pending;
    const { onLate, limitMs = this.limitMs, patient = false } = options ?? {};
    if (limitMs === Number.POSITIVE_INFINITY) return pending;
    return new Promise<T>((resolve, reject) => {
      const wait: Wait = {
        startedAt: this.clock.monotonic(),
        limitMs,
        patient,
        extended: false,
        delay: null,
        reject,
      };
      this.waits.add(wait);
      this.delay(wait, limitMs);
      pending.then(
        (value) => {
          if (this.responded(wait)) resolve(value);
          else onLate?.(value);
        },
        (error: unknown) => {
          if (this.responded(wait)) reject(error);
        },
      );
    });
  }

  /** The same, but while the store responds to other verbs the wait may last for the whole lease: thousands of calls may queue. */
  patient<T>(pending: Promise<T>): Promise<T>;
  patient<T>(pending: Awaitable<T>): Awaitable<T>;
  patient<T>(pending: Awaitable<T>): Awaitable<T> {
    return isPromise(pending) ? this.bound(pending, { patient: true }) : pending;
  }

  /** Ends all waits. Call before the timers stop. */
  expireAll(): void {
    for (const wait of this.waits) this.expire(wait);
  }

  /** Returns false when it is too late. */
  private responded(wait: Wait): boolean {
    this.respondedAt = this.clock.monotonic();
    wait.delay?.cancel();
    return this.waits.delete(wait);
  }

  private delay(wait: Wait, ms: number): void {
    const endAt = this.clock.monotonic() + ms;
    wait.delay = this.delays.after(ms, () => this.check(wait, endAt));
  }

  private check(wait: Wait, endAt: number): void {
    const now = this.clock.monotonic();
    const { limitMs } = wait;
    if (!wait.extended && now - endAt > limitMs / 10) {
      // While the event loop was blocked, a response may have arrived that is not read yet.
      wait.extended = true;
      return this.delay(wait, limitMs);
    }
    const restMs = Math.min(this.respondedAt + limitMs, wait.startedAt + 3 * limitMs) - now;
    if (wait.patient && restMs > 0) this.delay(wait, restMs);
    else this.expire(wait);
  }

  private expire(wait: Wait): void {
    this.waits.delete(wait);
    wait.delay?.cancel();
    wait.reject(new StoreUnavailableError(new Error(`no response within ${formatDuration(wait.limitMs)}`)));
  }
}

interface Wait {
  readonly startedAt: number;
  readonly limitMs: number;
  readonly patient: boolean;
  /** It was extended once because the event loop was blocked. */
  extended: boolean;
  delay: Delay | null;
  readonly reject: (error: Error) => void;
}
