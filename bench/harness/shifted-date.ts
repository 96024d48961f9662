const RealDate = Date;
let shiftMs = 0;

/**
 * Replaces the global `Date` of this process by one that can be stepped, for whoever looks it up
 * from now on. Timers and `performance` go on as they were.
 */
export function installShiftedDate(): void {
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number]) {
      if (args.length === 0) super(RealDate.now() + shiftMs);
      else super(...args);
    }

    static override now(): number {
      return RealDate.now() + shiftMs;
    }
  } as DateConstructor;
}

export function stepWallClock(ms: number): void {
  shiftMs += ms;
}
