import { DAY_SECONDS, daysInMonth, firstDayOfMonth, formatWallSecond } from '../time/civil-calendar.js';
import { parseInstant, toIso } from '../time/instant.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import type { ExceptedDate } from '../triggers/trigger.js';
import type { Zone } from '../zone/zone.js';

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const BEGINS_WITH_DAY = /^\d{4}-\d\d-\d\d/;
const MOST_DATES = 10_000;

/** More than midnight anywhere is from that of UTC. */
const TWO_DAYS = 2 * DAY_SECONDS;

/** Single instants (ms) and whole days (from 1970-01-01, of a zone that is given with each question). */
export class ExcludedDates {
  readonly #instants: ReadonlySet<number>;
  readonly #days: ReadonlySet<number>;

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
    this.#instants = instants;
    this.#days = days;
  }

  get hasDays(): boolean {
    return this.#days.size > 0;
  }

  /** The stretch around an instant that is left out, [from, to] in ms; null when the instant is not. */
  stretchAround(zone: Zone, at: number): { fromAt: number; toAt: number } | null {
    if (this.#days.size > 0) {
      const day = dayAt(zone, at);
      if (this.#days.has(day)) {
        const { start, end, offset } = zone.at(Math.floor(at / 1000));
        const midnight = day * DAY_SECONDS - offset;
        return {
          fromAt: Math.max(midnight, start) * 1000,
          toAt: Math.min(midnight + DAY_SECONDS, end) * 1000 - 1,
        };
      }
    }
    return this.#instants.has(at) ? { fromAt: at, toAt: at } : null;
  }

  /** All that is left out of [fromAt, toAt], without overlaps. */
  *stretchesBetween(zone: Zone, fromAt: number, toAt: number): Iterable<{ fromAt: number; toAt: number }> {
    for (const at of this.#instants) {
      const inDay = this.#days.size > 0 && this.#days.has(dayAt(zone, at));
      if (at >= fromAt && at <= toAt && !inDay) yield { fromAt: at, toAt: at };
    }
    for (const day of this.#days) {
      const midnight = day * DAY_SECONDS;
      let segment = zone.at(midnight - TWO_DAYS);
      for (; segment.start < midnight + TWO_DAYS; segment = zone.at(segment.end)) {
        // A day comes in two parts where clocks are set back over its midnight.
        const first = Math.max(segment.start, midnight - segment.offset) * 1000;
        const end = Math.min(segment.end, midnight + DAY_SECONDS - segment.offset) * 1000;
        const stretch = { fromAt: Math.max(first, fromAt), toAt: Math.min(end - 1, toAt) };
        if (stretch.fromAt <= stretch.toAt) yield stretch;
        if (segment.end === Infinity) break;
      }
    }
  }

  /** In order, the days last. */
  toJSON(): string[] {
    const days = [...this.#days].toSorted((a, b) => a - b);
    return [
      ...[...this.#instants].toSorted((a, b) => a - b).map(toIso),
      ...days.map((day) => formatWallSecond(day * DAY_SECONDS).slice(0, 10)),
    ];
  }
}

function dayAt(zone: Zone, at: number): number {
  const second = Math.floor(at / 1000);
  return Math.floor((second + zone.at(second).offset) / DAY_SECONDS);
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
