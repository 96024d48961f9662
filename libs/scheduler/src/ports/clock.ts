export type TimerHandle = unknown;

/** The only source of time. Tests inject one that they steer. */
export interface Clock {
  /** A test steers it: a store's own time is not asked for. */
  readonly steered?: boolean;
  /** Wall clock, UTC ms. */
  now(): number;
  /** Elapsed time, ms from any origin. Detects steps of the wall clock; never decides what is due. */
  monotonic(): number;
  /** Calls back once after `delayMs` (at most MAX_TIMER_DELAY_MS). */
  setTimer(callback: () => void, delayMs: number): TimerHandle;
  clearTimer(handle: TimerHandle): void;
  /** Calls back once pending input and output had their turn. */
  yieldThen(callback: () => void): void;
}
