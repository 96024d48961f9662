import { setImmediate as realSetImmediate } from 'node:timers';
import type { Clock, TimerHandle } from '../ports/index.js';

interface ManualTimer {
  dueElapsed: number;
  order: number;
  callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  private wall: number;
  private elapsed = 0;
  private order = 0;
  private readonly timers = new Set<ManualTimer>();
  private yields: (() => void)[] = [];

  /** @param startAt the wall clock's first reading; a string must name its offset (`2027-03-28T00:30Z`) */
  constructor(startAt: Date | string) {
    this.wall = new Date(startAt).getTime();
    if (Number.isNaN(this.wall))
      throw new RangeError(`ManualClock cannot start at ${String(startAt)}: give a Date or an ISO instant.`);
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
   * Lets `ms` pass: each timer fires at its time, in order, and what it began gets its turn before
   * the next one.
   */
  async advance(ms: number): Promise<void> {
    const target = this.elapsed + ms;
    await this.settle();
    for (let timer = this.nextTimer(target); timer; timer = this.nextTimer(target)) {
      // A timer that fell due while nothing fired is late; time does not go back for it.
      this.pass(Math.max(0, timer.dueElapsed - this.elapsed));
      this.timers.delete(timer);
      timer.callback();
      await this.settle();
    }
    this.pass(target - this.elapsed);
  }

  /** Lets time pass until the wall clock shows this instant. */
  async advanceTo(instant: Date | string): Promise<void> {
    await this.advance(new Date(instant).getTime() - this.wall);
  }

  /** Sets the wall clock forward or back, as a user or NTP would; no time passes. */
  stepWall(ms: number): void {
    this.wall += ms;
  }

  /** Time passes and no timer fires, as when a machine sleeps or the event loop is blocked. */
  suspend(ms: number): void {
    this.pass(ms);
  }

  /** Runs what yielded, and lets promises settle. */
  async settle(): Promise<void> {
    do {
      await new Promise<void>((resolve) => realSetImmediate(resolve));
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
