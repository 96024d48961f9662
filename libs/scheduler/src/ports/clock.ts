export type TimerHandle = unknown;

/** The only source of time. Tests inject one that they steer. */
export interface Clock {
  /** True for a test's clock: it counts even where a shared store has a time of its own. */
  readonly steered?: boolean;
  /** Wall clock, UTC ms. */
  now(): number;
  /** Elapsed time, ms from any origin. Detects steps of the wall clock; never decides what is due. */
  monotonic(): number;
  /** Calls back once after `delayMs` (at most MAX_TIMER_DELAY_MS). */
  setTimer(callback: () => void, delayMs: number): TimerHandle;
  clearTimer(handle: TimerHandle): void;
  /** Calls back after pending input and output is processed. */
  yieldThen(callback: () => void): void;
}

/** Calls back after any number of delays on the clock's one timer. */
export interface Delays {
  /** Calls back once after `delayMs` of elapsed time. */
  after(delayMs: number, callback: () => void): Delay;
}

export interface Delay {
  cancel(): void;
}
