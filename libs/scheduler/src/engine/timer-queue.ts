import { AsyncResource } from 'node:async_hooks';
import type { Clock, Delay, Delays, TimerHandle } from '../ports/index.js';
import { InstantQueue } from '../timing/index.js';

/** The wall clock was stepped when it and elapsed time differ by more than this. */
const STEP_MS = 1_000;

/**
 * One timer for the next due instant (wall clock) and any number of delays (elapsed time). It is armed
 * only while something waits, and for at most `maxSleepMs`, so that a stepped clock or a suspended
 * machine is noticed within that time (M4).
 */
export class TimerQueue implements Delays {
  private timer: TimerHandle | null = null;
  /** Elapsed time at which the armed timer fires. */
  private timerAt = 0;
  private dueAt: number | null = null;
  private onDue: () => void = () => {};
  private onStep: (stepMs: number) => void = () => {};
  private readonly delays = new InstantQueue();
  private readonly callbacks: (() => void)[] = [];
  private readonly freeIndexes: number[] = [];
  private alwaysArmed = false;
  private seenWall: number;
  private seenElapsed: number;

  constructor(
    private readonly clock: Clock,
    private readonly maxSleepMs: number,
  ) {
    this.seenWall = clock.now();
    this.seenElapsed = clock.monotonic();
  }

  /** `onStep` is called before anything that is due. */
  connect(onDue: () => void, onStep: (stepMs: number) => void): void {
    this.onDue = onDue;
    this.onStep = onStep;
  }

  /**
   * Compares wall clock and elapsed time, and reports a step since the last check. Called before
   * anything decides by the wall clock, so that a step is handled first.
   */
  checkClock(): void {
    const now = this.clock.now();
    const elapsed = this.clock.monotonic();
    const stepMs = now - this.seenWall - (elapsed - this.seenElapsed);
    this.seenWall = now;
    this.seenElapsed = elapsed;
    if (Math.abs(stepMs) <= STEP_MS) return;
    this.onStep(stepMs);
    // The timer was armed by the clock before the step.
    this.arm();
  }

  /** Call after setting the clock on purpose: no step is reported. */
  clockWasSet(): void {
    this.seenWall = this.clock.now();
    this.seenElapsed = this.clock.monotonic();
    this.disarm();
    this.arm();
  }

  /** While on, the clock is checked every `maxSleepMs` although nothing waits. */
  keepChecking(on: boolean): void {
    this.alwaysArmed = on;
    this.arm();
  }

  /** Calls `onDue` once the wall clock reaches this instant (UTC ms), never earlier; null for never. Replaces the one before. */
  wakeAt(at: number | null): void {
    // Called for each job that is added: mostly the timer is armed for this instant already.
    if (at !== null && at === this.dueAt && this.timer !== null) return;
    this.dueAt = at;
    this.arm();
  }

  after(delayMs: number, callback: () => void): Delay {
    const index = this.freeIndexes.pop() ?? this.callbacks.length;
    this.callbacks[index] = callback;
    this.delays.set(index, this.clock.monotonic() + delayMs);
    this.arm();
    return {
      cancel: () => {
        if (this.callbacks[index] === callback) this.drop(index);
      },
    };
  }

  /** Leaves no timer behind. */
  clear(): void {
    this.dueAt = null;
    this.alwaysArmed = false;
    this.delays.clear();
    this.disarm();
  }

  private drop(index: number): void {
    this.delays.delete(index);
    this.callbacks[index] = nothing;
    this.freeIndexes.push(index);
  }

  private arm(): void {
    const delayAt = this.delays.earliest();
    if (this.dueAt === null && delayAt === null && !this.alwaysArmed) return this.disarm();
    const elapsed = this.clock.monotonic();
    const untilDue = this.dueAt === null ? Number.POSITIVE_INFINITY : this.dueAt - this.clock.now();
    const untilDelay = delayAt === null ? Number.POSITIVE_INFINITY : Math.ceil(delayAt - elapsed);
    const sleepMs = Math.max(0, Math.min(untilDue, untilDelay, this.maxSleepMs));
    if (this.timer !== null) {
      // A timer that fires earlier arms the next one; replacing it costs more than that.
      if (this.timerAt <= elapsed + sleepMs) return;
      this.clock.clearTimer(this.timer);
    }
    this.timerAt = elapsed + sleepMs;
    this.timer = this.clock.setTimer(this.fire, sleepMs);
  }

  private disarm(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
  }

  // Bound to the async context of the scheduler: a job added by a request or a run must not run in that context.
  private readonly fire = AsyncResource.bind((): void => {
    this.timer = null;
    const elapsed = this.clock.monotonic();
    this.checkClock();
    for (let at = this.delays.earliest(); at !== null && at <= elapsed; at = this.delays.earliest()) {
      const index = this.delays.first();
      const callback = this.callbacks[index];
      this.drop(index);
      callback();
    }
    if (this.dueAt !== null && this.dueAt <= this.clock.now()) {
      this.dueAt = null;
      this.onDue();
    }
    this.arm();
  });
}

function nothing(): void {}
