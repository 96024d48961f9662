import { offsetTable, type OffsetTable } from './offset-table.js';

const DAY_S = 86_400;
const RANGES = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;
const WEEK = [0, 1, 2, 3, 4, 5, 6] as const;
/** Days 1, 8, 15, 22 and 29. */
const EVERY_SEVENTH = 0b10000001000000100000010000001;

/**
 * A cron expression as bit masks: numbers, lists, ranges and steps only. It finds the next match on
 * the wall clock and takes the zone's offset off: nothing is decided about gaps and overlaps.
 */
export class CronBits {
  private static readonly byText = new Map<string, CronBits>();

  private readonly firstOfMinute: number;
  private readonly firstOfHour: number;
  private readonly firstOfDay: number;
  /** The days of a month that the day-of-week field matches, by the weekday of its first. */
  private readonly weekPatterns: readonly number[];
  // The month last looked at: its first day since 1970, its length, and the days that match.
  private monthStart = 0;
  private monthLength = 0;
  private monthDays = 0;

  private constructor(
    private readonly secondsLow: number,
    private readonly secondsHigh: number,
    private readonly minutesLow: number,
    private readonly minutesHigh: number,
    private readonly hours: number,
    /** The first of the month is bit 0. */
    private readonly days: number,
    private readonly months: number,
    weekdays: number,
    /** Both day fields restricted: either matches. */
    private readonly eitherDay: boolean,
    private readonly offsets: OffsetTable,
  ) {
    this.firstOfMinute = nextBit(secondsLow, secondsHigh, 0);
    this.firstOfHour = nextBit(minutesLow, minutesHigh, 0) * 60 + this.firstOfMinute;
    this.firstOfDay = nextBit(hours, 0, 0) * 3_600 + this.firstOfHour;
    const isIn = (weekday: number): number => (weekdays >>> (weekday % 7)) & 1;
    this.weekPatterns = WEEK.map((first) =>
      WEEK.reduce<number>((bits, day) => bits | (isIn(first + day) * (EVERY_SEVENTH << day)), 0),
    );
  }

  static of(expression: string, timezone: string): CronBits {
    const key = `${expression} ${timezone}`;
    let cron = CronBits.byText.get(key);
    if (!cron) CronBits.byText.set(key, (cron = CronBits.parse(expression, timezone)));
    return cron;
  }

  private static parse(expression: string, timezone: string): CronBits {
    const fields = expression.split(' ');
    if (fields.length === 5) fields.unshift('0');
    const [second, minute, hour, day, month, weekday] = fields.map((field, index) =>
      mask(field, RANGES[index]![0], RANGES[index]![1]),
    );
    const eitherDay = fields[3] !== '*' && fields[5] !== '*';
    return new CronBits(
      ...second!,
      ...minute!,
      hour![0],
      day![0] >>> 1,
      month![0],
      weekday![0],
      eitherDay,
      offsetTable(timezone),
    );
  }

  nextAt(afterAt: number): number {
    let from = Math.floor(afterAt / 1_000) + 1;
    for (;;) {
      const offset = this.offsets.at(from);
      const second = this.nextWall(from + offset) - offset;
      const change = this.offsets.end;
      if (second < change) return second * 1_000;
      from = change;
    }
  }

  /** First match at or after `wall`, seconds as if the wall clock were UTC. */
  private nextWall(wall: number): number {
    const day = Math.floor(wall / DAY_S);
    let index = day - this.monthStart;
    if (index < 0 || index >= this.monthLength) {
      this.goToMonthOf(day);
      index = day - this.monthStart;
    }
    if ((this.monthDays >>> index) & 1) {
      const second = this.nextOfDay(wall - day * DAY_S);
      if (second >= 0) return day * DAY_S + second;
    }
    const later = (this.monthDays >>> index) & -2;
    if (later !== 0) return (day + lowestBit(later)) * DAY_S + this.firstOfDay;
    do this.goToMonthOf(this.monthStart + this.monthLength);
    while (this.monthDays === 0);
    return (this.monthStart + lowestBit(this.monthDays)) * DAY_S + this.firstOfDay;
  }

  /** -1 when the day has none left. */
  private nextOfDay(second: number): number {
    if (second <= this.firstOfDay) return this.firstOfDay;
    const hour = (second / 3_600) | 0;
    if ((this.hours >>> hour) & 1) {
      const minute = ((second - hour * 3_600) / 60) | 0;
      if (nextBit(this.minutesLow, this.minutesHigh, minute) === minute) {
        const next = nextBit(this.secondsLow, this.secondsHigh, second % 60);
        if (next >= 0) return hour * 3_600 + minute * 60 + next;
      }
      const nextMinute = nextBit(this.minutesLow, this.minutesHigh, minute + 1);
      if (nextMinute >= 0) return hour * 3_600 + nextMinute * 60 + this.firstOfMinute;
    }
    const nextHour = nextBit(this.hours, 0, hour + 1);
    return nextHour < 0 ? -1 : nextHour * 3_600 + this.firstOfHour;
  }

  private goToMonthOf(day: number): void {
    // Civil date (Hinnant): years begin in March, so that the leap day comes last.
    const shifted = day + 719_468;
    const era = Math.floor(shifted / 146_097);
    const ofEra = shifted - era * 146_097;
    const year =
      ((ofEra - ((ofEra / 1_460) | 0) + ((ofEra / 36_524) | 0) - ((ofEra / 146_096) | 0)) / 365) | 0;
    const ofYear = ofEra - (365 * year + (year >> 2) - ((year / 100) | 0));
    const march = ((5 * ofYear + 2) / 153) | 0;
    const month = march < 10 ? march + 3 : march - 9;
    const isLeap = (year + 1) % 4 === 0 && ((year + 1) % 100 !== 0 || (year + 1) % 400 === 0);
    this.monthStart = day - (ofYear - (((153 * march + 2) / 5) | 0));
    this.monthLength = month === 2 ? (isLeap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
    const inWeek = this.weekPatterns[(this.monthStart + 4) % 7]!;
    const matching = this.eitherDay ? this.days | inWeek : this.days & inWeek;
    this.monthDays = (this.months >>> month) & 1 ? matching & (0x7fffffff >>> (31 - this.monthLength)) : 0;
  }
}

/** Two words of 32 bits for a field such as `1,5-9`. */
function mask(field: string, min: number, max: number): [number, number] {
  const words: [number, number] = [0, 0];
  for (const item of field.split(',')) {
    const [range, step] = item.split('/') as [string, string?];
    const [from, to = step ? max : from] =
      range === '*' ? [min, max] : (range.split('-') as [string, string?]);
    for (let value = Number(from); value <= Number(to); value += Number(step ?? 1))
      words[value >> 5]! |= 1 << (value & 31);
  }
  return words;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** The lowest bit at or above `from` (up to 60); -1 when there is none. */
function nextBit(low: number, high: number, from: number): number {
  if (from < 32) {
    const rest = low & (-1 << from);
    if (rest !== 0) return lowestBit(rest);
    return high === 0 ? -1 : 32 + lowestBit(high);
  }
  const rest = high & (-1 << (from - 32));
  return rest === 0 ? -1 : 32 + lowestBit(rest);
}
