import {
  DAY_SECONDS,
  daysInMonth,
  firstDayOfMonth,
  monthOfDay,
  weekdayOfDay,
} from '../time/civil-calendar.js';
import type { OffsetChange } from './offset-reader.js';

const NAME = '(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)';
const TIME = '[+-]?\\d{1,3}(?::\\d\\d)?(?::\\d\\d)?';
const DATE = `(?:M\\d{1,2}\\.\\d\\.\\d|J?\\d{1,3})(?:/${TIME})?`;
const RULE = new RegExp(`^${NAME}(${TIME})(?:${NAME}(${TIME})?(?:,(${DATE}),(${DATE}))?)?$`);

/** When POSIX's default is meant: `TZ=EST5EDT` alone follows the rules of the United States. */
const DEFAULT_START = 'M3.2.0';
const DEFAULT_END = 'M11.1.0';

const HOUR = 3600;

/** The rule of a `TZ` string, such as `CET-1CEST,M3.5.0,M10.5.0/3`: offsets in seconds, east of UTC. */
export class PosixRule {
  constructor(
    private readonly standard: number,
    private readonly daylight: number,
    private readonly start: YearlyTime,
    private readonly end: YearlyTime,
  ) {}

  /** The changes in (from, to), ascending; UTC seconds. */
  changesBetween(from: number, to: number): OffsetChange[] {
    const changes: OffsetChange[] = [];
    for (let year = yearOf(Math.max(from, FIRST)) - 1; year <= yearOf(to) + 1; year++) {
      const start = { at: this.start(year) - this.standard, offset: this.daylight };
      const end = { at: this.end(year) - this.daylight, offset: this.standard };
      changes.push(...(start.at < end.at ? [start, end] : [end, start]));
    }
    let offset: number | null = null;
    return changes.filter((change, index) => {
      // Daylight time all year round starts again when it ends.
      if (changes[index + 1]?.at === change.at || change.offset === offset) return false;
      offset = change.offset;
      return change.at > from && change.at < to;
    });
  }
}

/** Wall second of a yearly event. */
type YearlyTime = (year: number) => number;

/** Rules begin after the transitions of a file, so no year before this matters. */
const FIRST = Date.UTC(1800, 0, 1) / 1000;

/** Null for a rule without daylight time, or none that can be read. */
export function posixRuleOf(text: string): PosixRule | null {
  const match = RULE.exec(text);
  if (match === null || !hasDaylight(text)) return null;
  // Written west of UTC; subtracting keeps zero positive.
  const standard = 0 - secondsOf(match[1]!);
  const daylight = match[2] === undefined ? standard + HOUR : 0 - secondsOf(match[2]);
  return new PosixRule(
    standard,
    daylight,
    yearlyTime(match[3] ?? DEFAULT_START),
    yearlyTime(match[4] ?? DEFAULT_END),
  );
}

function hasDaylight(text: string): boolean {
  return new RegExp(`^${NAME}${TIME}${NAME}`).test(text);
}

/** `-3:30` is -12,600. */
function secondsOf(time: string): number {
  const [hours, minutes = 0, seconds = 0] = time.replace(/^[+-]/, '').split(':').map(Number) as [number];
  const size = hours * HOUR + minutes * 60 + seconds;
  return time.startsWith('-') ? -size : size;
}

function yearlyTime(text: string): YearlyTime {
  const [date, time = '2'] = text.split('/') as [string, string?];
  const seconds = secondsOf(time);
  if (date.startsWith('M')) {
    const [month, week, weekday] = date.slice(1).split('.').map(Number) as [number, number, number];
    return (year) => nthWeekday(year * 12 + month - 1, week, weekday) * DAY_SECONDS + seconds;
  }
  const day = Number(date.replace('J', ''));
  return (year) => {
    const first = firstDayOfMonth(year * 12);
    if (!date.startsWith('J')) return (first + day) * DAY_SECONDS + seconds;
    // Jn counts from 1 and never counts a leap day.
    const leap = daysInMonth(year * 12 + 1) === 29 && day >= 60 ? 1 : 0;
    return (first + day - 1 + leap) * DAY_SECONDS + seconds;
  };
}

/** Week 5 is the last. */
function nthWeekday(month: number, week: number, weekday: number): number {
  const first = firstDayOfMonth(month);
  const day = first + ((weekday - weekdayOfDay(first) + 7) % 7) + (week - 1) * 7;
  return day < first + daysInMonth(month) ? day : day - 7;
}

function yearOf(second: number): number {
  return Math.floor(monthOfDay(Math.floor(second / DAY_SECONDS)) / 12);
}
