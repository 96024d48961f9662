import type { Clock, TimerHandle } from '../ports/index.js';

/**
 * The machine's time. The globals are looked up when they are used, so that fake timers installed
 * by a test steer the scheduler too.
 */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    return setTimeout(callback, delayMs);
  }

  clearTimer(handle: TimerHandle): void {
    clearTimeout(handle as NodeJS.Timeout);
  }

  yieldThen(callback: () => void): void {
    setImmediate(callback);
  }
}
