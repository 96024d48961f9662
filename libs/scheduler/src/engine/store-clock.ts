import type { Clock, TimerHandle } from '../ports/index.js';

/**
 * The store's time, read from the machine's clock and how far that is off (L5). Until the next
 * reading of the store it goes as the machine's clock goes, so a step of that shows as one of this.
 */
export class StoreClock implements Clock {
  /** The store's clock minus the machine's, ms. */
  offsetMs = 0;

  constructor(private readonly machine: Clock) {}

  now(): number {
    return this.machine.now() + this.offsetMs;
  }

  monotonic(): number {
    return this.machine.monotonic();
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    return this.machine.setTimer(callback, delayMs);
  }

  clearTimer(handle: TimerHandle): void {
    this.machine.clearTimer(handle);
  }

  yieldThen(callback: () => void): void {
    this.machine.yieldThen(callback);
  }
}
