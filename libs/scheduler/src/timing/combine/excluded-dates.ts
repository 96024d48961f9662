import { DAY_SECONDS, daysInMonth, firstDayOfMonth, formatWallSecond } from '../time/civil-calendar.js';
import { parseInstant, toIso } from '../time/instant.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import type { ExceptedDate } from '../triggers/trigger.js';
import { lowerBound } from '../time/lower-bound.js';
import { SET_SIZE, TickSet } from '../time/tick-set.js';
import type { Landmarks } from '../triggers/base-trigger.js';
import type { TickSpan } from '../time/tick-span.js';
import type { Zone } from '../zone/zone.js';

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const BEGINS_WITH_DAY = /^\d{4}-\d\d-\d\d/;
const MOST_DATES = 10_000;

/** Exceeds the distance of midnight anywhere from that of UTC. */
const TWO_DAYS = 2 * DAY_SECONDS;

/** Single instants (ms) and whole days (from 1970-01-01, in a zone that comes with each call); both ascending. */
export class ExcludedDates {
  readonly #instants: readonly number[];
  readonly #days: readonly number[];

  /** @throws InvalidTriggerError */
  constructor(dates: readonly ExceptedDate[]) {
    if (dates.length > MOST_DATES) {
      const remedy = `Give up to ${MOST_DATES}, or a trigger.`;
      throw new InvalidTriggerError('except', dates.length, 'which is too many dates', remedy);
    }
    const instants = new Set<number>();
    const days = new Set<number>();
    for (const date of dates) {
      const match = typeof date === 'string' ? DAY.exec(date) : null;
      if (match === null && typeof date === 'string' && !BEGINS_WITH_DAY.test(date)) {
        const remedy = "Give a day, '2027-12-25', or an instant, '2027-12-25T09:00:00Z'.";
        throw new InvalidTriggerError('except', date, 'which is neither a day nor an instant', remedy);
      }
      if (match === null) instants.add(parseInstant(date, 'except'));
      else days.add(dayOf(match));
    }
    this.#instants = [...instants].toSorted((a, b) => a - b);
    this.#days = [...days].toSorted((a, b) => a - b);
  }

  get hasDays(): boolean {
    return this.#days.length > 0;
  }

  /** The stretch around an instant that is left out, [from, to] in ms; null when the instant is not. */
  stretchAround(zone: Zone, at: number): { fromAt: number; toAt: number } | null {
    if (this.hasDays) {
      const second = Math.floor(at / 1000);
      const { start, end, offset } = zone.at(second);
      const day = Math.floor((second + offset) / DAY_SECONDS);
      if (this.#days[lowerBound(this.#days, day)] === day) {
        const midnight = day * DAY_SECONDS - offset;
        return {
          fromAt: Math.max(midnight, start) * 1000,
          toAt: Math.min(midnight + DAY_SECONDS, end) * 1000 - 1,
        };
      }
    }
    return this.#instants[lowerBound(this.#instants, at)] === at ? { fromAt: at, toAt: at } : null;
  }

  ticksIn(span: TickSpan, zone: Zone): TickSet {
    let set = TickSet.EMPTY;
    for (const { fromAt, toAt } of this.#stretchesBetween(zone, span.firstAt, span.lastAt)) {
      const from = Math.max(0, span.indexFrom(fromAt));
      set = span.union(set, TickSet.steps(from, Math.min(SET_SIZE, span.indexUpTo(toAt) + 1), 1));
    }
    return set;
  }

  addLandmarks({ instants, edges }: Landmarks): void {
    for (const at of this.#instants) {
      instants.push(at);
      edges.push(at);
    }
    for (const day of this.#days) {
      const midnight = day * DAY_SECONDS;
      edges.push((midnight - TWO_DAYS) * 1000, (midnight + TWO_DAYS) * 1000);
    }
  }

  /** All that is left out of [fromAt, toAt]. */
  *#stretchesBetween(zone: Zone, fromAt: number, toAt: number): Iterable<{ fromAt: number; toAt: number }> {
    for (let index = lowerBound(this.#instants, fromAt); this.#instants[index]! <= toAt; index++)
      yield { fromAt: this.#instants[index]!, toAt: this.#instants[index]! };
    const firstDay = Math.floor((fromAt / 1000 - TWO_DAYS) / DAY_SECONDS);
    const lastDay = Math.floor((toAt / 1000 + TWO_DAYS) / DAY_SECONDS);
    for (let index = lowerBound(this.#days, firstDay); this.#days[index]! <= lastDay; index++) {
      const midnight = this.#days[index]! * DAY_SECONDS;
      let segment = zone.at(midnight - TWO_DAYS);
      for (; segment.start < midnight + TWO_DAYS; segment = zone.at(segment.end)) {
        // A day comes in two parts where clocks are set back over its midnight.
        const first = Math.max(segment.start, midnight - segment.offset) * 1000;
        const end = Math.min(segment.end, midnight + DAY_SECONDS - segment.offset) * 1000;
        if (first < end && first <= toAt && end > fromAt) yield { fromAt: first, toAt: end - 1 };
        if (segment.end === Infinity) break;
      }
    }
  }

  /** Ascending, the days last. */
  toJSON(): string[] {
    return [
      ...this.#instants.map(toIso),
      ...this.#days.map((day) => formatWallSecond(day * DAY_SECONDS).slice(0, 10)),
    ];
  }
}

function dayOf([text, year, month, day]: RegExpExecArray): number {
  const inYear = Number(month) - 1;
  const count = Number(year) * 12 + inYear;
  if (inYear < 0 || inYear > 11 || Number(year) < 1 || Number(day) < 1 || Number(day) > daysInMonth(count)) {
    throw new InvalidTriggerError(
      'except',
      text,
      'which names a day that does not exist',
      'Check its month and day.',
    );
  }
  return firstDayOfMonth(count) + Number(day) - 1;
}
