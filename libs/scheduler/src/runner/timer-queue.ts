import { AsyncResource } from 'node:async_hooks';
import type { Clock, TimerHandle } from '../ports/index.js';
import { InstantQueue } from '../timing/index.js';

/** A difference between wall clock and elapsed time over this is a step of the clock. */
const STEP_MS = 1_000;

export interface Alarm {
  cancel(): void;
}

/**
 * Everything that waits, on one timer: the next due instant (wall clock) and any number of delays
 * (elapsed time). The timer is armed only while something waits, and never for longer than
 * `maxSleepMs`, so that a stepped clock or a suspended machine is noticed within that time (M4).
 */
export class Alarms {
  private timer: TimerHandle | null = null;
  /** Elapsed time at which the armed timer fires. */
  private timerAt = 0;
  private wakeAt: number | null = null;
  private onWake: () => void = () => {};
  private onStep: (stepMs: number) => void = () => {};
  private readonly delays = new InstantQueue();
  private readonly callbacks: (() => void)[] = [];
  private readonly freeSlots: number[] = [];
  private isKeptLooking = false;
  private seenWall: number;
  private seenElapsed: number;

  constructor(
    private readonly clock: Clock,
    private readonly maxSleepMs: number,
  ) {
    this.seenWall = clock.now();
    this.seenElapsed = clock.monotonic();
  }

  /** Who is woken, and who is told of a step of the wall clock (before anything else is called). */
  connect(onWake: () => void, onStep: (stepMs: number) => void): void {
    this.onWake = onWake;
    this.onStep = onStep;
  }

  /**
   * Compares wall clock and elapsed time, and tells of a step since the last look. Called before
   * anything reads the wall clock to decide by it, so that a step is known before it is acted on.
   */
  look(): void {
    const now = this.clock.now();
    const elapsed = this.clock.monotonic();
    const stepMs = now - this.seenWall - (elapsed - this.seenElapsed);
    this.seenWall = now;
    this.seenElapsed = elapsed;
    if (Math.abs(stepMs) <= STEP_MS) return;
    this.onStep(stepMs);
    // The timer was armed by the clock before.
    this.arm();
  }

  /** The clock was set on purpose: that is no step. */
  timeWasSet(): void {
    this.seenWall = this.clock.now();
    this.seenElapsed = this.clock.monotonic();
    this.rearm();
  }

  /** Looks at least every `maxSleepMs` even though nothing waits. */
  keepLooking(on: boolean): void {
    this.isKeptLooking = on;
    this.arm();
  }

  /** Wakes once the wall clock reaches this instant (UTC ms), never before; null for never. Replaces the one before. */
  wake(at: number | null): void {
    // Asked for with each job that is added: the timer that is armed for this instant is the right one.
    if (at !== null && at === this.wakeAt && this.timer !== null) return;
    this.wakeAt = at;
    this.arm();
  }

  /** Calls back once after `delayMs` of elapsed time. */
  after(delayMs: number, callback: () => void): Alarm {
    const slot = this.freeSlots.pop() ?? this.callbacks.length;
    this.callbacks[slot] = callback;
    this.delays.set(slot, this.clock.monotonic() + delayMs);
    this.arm();
    return {
      cancel: () => {
        if (this.callbacks[slot] === callback) this.drop(slot);
      },
    };
  }

  /** Leaves no timer behind. */
  clear(): void {
    this.wakeAt = null;
    this.isKeptLooking = false;
    this.delays.clear();
    this.disarm();
  }

  private drop(slot: number): void {
    this.delays.delete(slot);
    this.callbacks[slot] = nothing;
    this.freeSlots.push(slot);
  }

  private arm(): void {
    const delayAt = this.delays.earliest();
    if (this.wakeAt === null && delayAt === null && !this.isKeptLooking) return this.disarm();
    const elapsed = this.clock.monotonic();
    const now = this.clock.now();
    const untilWake = this.wakeAt === null ? Number.POSITIVE_INFINITY : this.wakeAt - now;
    const untilDelay = delayAt === null ? Number.POSITIVE_INFINITY : Math.ceil(delayAt - elapsed);
    const sleepMs = Math.max(0, Math.min(untilWake, untilDelay, this.maxSleepMs));
    if (this.timer !== null) {
      // A timer that fires early enough looks again then; re-arming costs more than that.
      if (this.timerAt <= elapsed + sleepMs) return;
      this.clock.clearTimer(this.timer);
    }
    this.timerAt = elapsed + sleepMs;
    this.timer = this.clock.setTimer(this.fire, sleepMs);
  }

  private rearm(): void {
    this.disarm();
    this.arm();
  }

  private disarm(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
  }

  // Bound to the context that the scheduler was made in: what a request or a run added must not run inside it.
  private readonly fire = AsyncResource.bind((): void => {
    this.timer = null;
    const elapsed = this.clock.monotonic();
    this.look();
    for (let at = this.delays.earliest(); at !== null && at <= elapsed; at = this.delays.earliest()) {
      const slot = this.delays.first();
      const callback = this.callbacks[slot];
      this.drop(slot);
      callback();
    }
    if (this.wakeAt !== null && this.wakeAt <= this.clock.now()) {
      this.wakeAt = null;
      this.onWake();
    }
    this.arm();
  });
}

function nothing(): void {}
