import type { Clock, TimerHandle } from '../ports/index.js';
import { parseInstant } from '../timing/time/instant.js';
import { setImmediate } from './real-timers.js';
import { TimeTravelError } from './time-travel-error.js';

interface ManualTimer {
  dueElapsed: number;
  order: number;
  callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly steered = true;
  private wall: number;
  private elapsed = 0;
  private order = 0;
  private readonly timers = new Set<ManualTimer>();
  private yields: (() => void)[] = [];

  /**
   * @param startAt the wall clock's first reading; a string must name its zone (`2027-03-28T00:30Z`)
   * @throws InvalidTriggerError
   */
  constructor(startAt: Date | string) {
    this.wall = parseInstant(startAt, 'startAt');
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.elapsed;
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    const timer: ManualTimer = {
      dueElapsed: this.elapsed + Math.max(0, delayMs),
      order: this.order++,
      callback,
    };
    this.timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    this.timers.delete(handle as ManualTimer);
  }

  yieldThen(callback: () => void): void {
    this.yields.push(callback);
  }

  /** How many timers are armed. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  /**
   * Lets `ms` pass: each timer fires at its time, in order, and its promises settle before the next
   * one fires.
   *
   * @throws TimeTravelError when `ms` is negative or not a number
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) {
      throw new TimeTravelError(
        `A clock cannot be advanced by ${ms} ms: elapsed time does not go back. ` +
          'Set the wall clock back with stepWall(), or begin at an earlier instant.',
      );
    }
    const target = this.elapsed + ms;
    await this.settle();
    while (this.fireNextWithin(target - this.elapsed)) await this.settle();
    this.pass(target - this.elapsed);
  }

  /** Lets time pass until the wall clock shows this instant. @throws TimeTravelError when it has passed, InvalidTriggerError */
  async advanceTo(instant: Date | string): Promise<void> {
    await this.advance(parseInstant(instant, 'instant') - this.wall);
  }

  /** Moves to the first timer that is due within `ms`, and fires it. Returns false when there is none. */
  fireNextWithin(ms: number): boolean {
    const timer = this.nextTimer(this.elapsed + ms);
    if (!timer) return false;
    // A timer that was due during a suspension is late; time does not go back for it.
    this.pass(Math.max(0, timer.dueElapsed - this.elapsed));
    this.timers.delete(timer);
    timer.callback();
    return true;
  }

  /** Sets the wall clock forward or back, as a user or NTP would; no time passes. */
  stepWall(ms: number): void {
    this.wall += ms;
  }

  /** Lets time pass without firing timers, as when a machine sleeps or the event loop is blocked. */
  suspend(ms: number): void {
    this.pass(ms);
  }

  /** Calls the callbacks of `yieldThen`, and lets promises settle. */
  async settle(): Promise<void> {
    do {
      await new Promise<void>((resolve) => setImmediate(resolve));
      const yields = this.yields;
      this.yields = [];
      for (const callback of yields) callback();
    } while (this.yields.length > 0);
  }

  private pass(ms: number): void {
    this.wall += ms;
    this.elapsed += ms;
  }

  private nextTimer(target: number): ManualTimer | null {
    let next: ManualTimer | null = null;
    for (const timer of this.timers) {
      if (timer.dueElapsed > target) continue;
      if (
        !next ||
        timer.dueElapsed < next.dueElapsed ||
        (timer.dueElapsed === next.dueElapsed && timer.order < next.order)
      )
        next = timer;
    }
    return next;
  }
}
