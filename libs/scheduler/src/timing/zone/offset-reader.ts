import { DAY_SECONDS, firstDayOfMonth, monthOfDay } from '../time/civil-calendar.js';

export interface OffsetChange {
  /** First second of the new offset, UTC seconds. */
  at: number;
  offset: number;
}

/**
 * How often to look for a change. Two changes that undo each other lay at least ten days apart
 * (Vienna, April 1945), a month in recent times (Morocco's Ramadan).
 */
const SAMPLE = 4 * DAY_SECONDS;

/** Reads a zone's offsets from the runtime's ICU: one formatter, about 2 µs a look. */
export class OffsetReader {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError for an unknown zone. */
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

  /** Wall time minus UTC at an instant; both in seconds. */
  offsetAt(instant: number): number {
    const [day, hour, minute, second] = this.#format
      .format(instant * 1000)
      .match(/\d+/g)!
      .map(Number) as [number, number, number, number];
    const utcDay = Math.floor(instant / DAY_SECONDS);
    const apart = day - (utcDay - firstDayOfMonth(monthOfDay(utcDay)) + 1);
    // The wall's day is the same, the one before or the one after, also across a month's end.
    const days = apart > 1 ? -1 : apart < -1 ? 1 : apart;
    return days * DAY_SECONDS + hour * 3600 + minute * 60 + second - (instant - utcDay * DAY_SECONDS);
  }

  /** The changes in (from, to), in order. */
  changesBetween(from: number, to: number): OffsetChange[] {
    const changes: OffsetChange[] = [];
    let before = from;
    let offsetBefore = this.offsetAt(from);
    while (before < to - 1) {
      const after = Math.min(before + SAMPLE, to - 1);
      const offsetAfter = this.offsetAt(after);
      if (offsetAfter !== offsetBefore) changes.push(this.#changeBetween(before, after, offsetBefore));
      // A second change within the same sample is looked for from the first one on.
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
