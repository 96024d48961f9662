/**
 * Watches how long the event loop is held. It stamps in the check phase, which comes once an iteration of the loop:
 * timers alone would also be called between the timers of one long pass. About 4 µs a millisecond.
 */
export class LoopWatch {
  private longest = 0;
  private stampedAt = performance.now();
  private watching = true;

  constructor() {
    this.stamp();
  }

  private stamp(): void {
    setTimeout(() => {
      setImmediate(() => {
        const now = performance.now();
        this.longest = Math.max(this.longest, now - this.stampedAt);
        this.stampedAt = now;
        if (this.watching) this.stamp();
      });
    }, 1);
  }

  /** The longest time between two stamps so far, ms. */
  stop(): number {
    this.watching = false;
    return Math.max(this.longest, performance.now() - this.stampedAt);
  }
}
