import { DAY_SECONDS, firstDayOfMonth, monthOfDay } from '../time/civil-calendar.js';

export interface OffsetChange {
  /** First second of the new offset, UTC seconds. */
  at: number;
  offset: number;
}

/**
 * Distance of samples. Two changes that undo each other lay at least ten days apart (Vienna, April 1945), a
 * month in recent times (Morocco's Ramadan).
 */
const SAMPLE = 4 * DAY_SECONDS;

/** Reads the offsets of one zone. Instants are UTC seconds. */
export interface OffsetReader {
  /** Wall time minus UTC at an instant, seconds. */
  offsetAt(instant: number): number;
  /** The changes of offset in (from, to), ascending. */
  changesBetween(from: number, to: number): OffsetChange[];
}

/** Reads a zone's offsets from the runtime's ICU: one formatter, about 2 µs an instant. */
export class RuntimeReader implements OffsetReader {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for an unknown zone */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  offsetAt(instant: number): number {
    const [day, hour, minute, second] = this.#format
      .format(instant * 1000)
      .match(/\d+/g)!
      .map(Number) as [number, number, number, number];
    const utcDay = Math.floor(instant / DAY_SECONDS);
    const apart = day - (utcDay - firstDayOfMonth(monthOfDay(utcDay)) + 1);
    // The wall's day is the UTC day, the day before or the day after, across the end of a month, too.
    const days = apart > 1 ? -1 : apart < -1 ? 1 : apart;
    return days * DAY_SECONDS + hour * 3600 + minute * 60 + second - (instant - utcDay * DAY_SECONDS);
  }

  changesBetween(from: number, to: number): OffsetChange[] {
    const changes: OffsetChange[] = [];
    let before = from;
    let offsetBefore = this.offsetAt(from);
    while (before < to - 1) {
      const after = Math.min(before + SAMPLE, to - 1);
      const offsetAfter = this.offsetAt(after);
      if (offsetAfter !== offsetBefore) changes.push(this.#changeBetween(before, after, offsetBefore));
      // Continue from the change, for a second one within the same sample.
      before = offsetAfter === offsetBefore ? after : changes.at(-1)!.at;
      offsetBefore = offsetAfter === offsetBefore ? offsetAfter : changes.at(-1)!.offset;
    }
    return changes;
  }

  /** The first second, by bisection, whose offset is not `offsetBefore`. */
  #changeBetween(before: number, after: number, offsetBefore: number): OffsetChange {
    let low = before;
    let high = after;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle) === offsetBefore) low = middle;
      else high = middle;
    }
    return { at: high, offset: this.offsetAt(high) };
  }
}
