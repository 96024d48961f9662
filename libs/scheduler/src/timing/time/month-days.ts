/** The two day fields of a cron expression as bit masks; day 1 and Sunday are bit 0. */
export interface DayFields {
  readonly isDayOfMonthRestricted: boolean;
  readonly isDayOfWeekRestricted: boolean;
  readonly daysOfMonth: number;
  /** The n of each `nW`. */
  readonly nearestWeekdays: number;
  /** The n of each `L-n`; bit 0 is `L`. */
  readonly daysBeforeLast: number;
  /** The n of each `LW-n`; bit 0 is `LW`. */
  readonly daysBeforeLastWeekday: number;
  readonly daysOfWeek: number;
  /** The weekdays d of each `dL`. */
  readonly lastDaysOfWeek: number;
  /** For `d#k`: bit k - 1 of entry d; null when there is none. */
  readonly nthDaysOfWeek: Uint8Array | null;
}

/** Days 1, 8, 15, 22 and 29. */
const EVERY_SEVENTH = 0b10000001000000100000010000001;

const SUNDAY = 0;
const SATURDAY = 6;

/**
 * The matching days of a month; day 1 is bit 0. When both fields are restricted, either matches (C5).
 * @param firstWeekday of the month's first day, 0 is Sunday
 */
export function matchingDays(fields: DayFields, firstWeekday: number, length: number): number {
  const all = 0x7fffffff >>> (31 - length);
  if (!fields.isDayOfWeekRestricted) {
    return fields.isDayOfMonthRestricted ? byDayOfMonth(fields, firstWeekday, length) & all : all;
  }
  const byWeekday = byDayOfWeek(fields, firstWeekday, length) & all;
  return fields.isDayOfMonthRestricted
    ? byWeekday | (byDayOfMonth(fields, firstWeekday, length) & all)
    : byWeekday;
}

function byDayOfMonth(fields: DayFields, firstWeekday: number, length: number): number {
  let days = fields.daysOfMonth;
  if (fields.daysBeforeLast !== 0) days |= countedBack(fields.daysBeforeLast, length);
  if (fields.daysBeforeLastWeekday !== 0)
    days |= countedBack(fields.daysBeforeLastWeekday, nearestWeekday(length, firstWeekday, length));
  for (let left = fields.nearestWeekdays; left !== 0; left &= left - 1) {
    const day = 32 - Math.clz32(left & -left);
    if (day <= length) days |= 1 << (nearestWeekday(day, firstWeekday, length) - 1);
  }
  return days;
}

/** The days that lie so many days before `day`; none before the first. */
function countedBack(before: number, day: number): number {
  let days = 0;
  for (let left = before; left !== 0; left &= left - 1) {
    const one = day - (31 - Math.clz32(left & -left));
    if (one >= 1) days |= 1 << (one - 1);
  }
  return days;
}

/** The weekday (Monday to Friday) nearest to a day, in the same month. */
function nearestWeekday(day: number, firstWeekday: number, length: number): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === SATURDAY) return day > 1 ? day - 1 : day + 2;
  if (weekday === SUNDAY) return day < length ? day + 1 : day - 2;
  return day;
}

function byDayOfWeek(fields: DayFields, firstWeekday: number, length: number): number {
  let days = 0;
  for (let weekday = 0; weekday < 7; weekday++) {
    const first = (weekday - firstWeekday + 7) % 7;
    if ((fields.daysOfWeek >>> weekday) & 1) days |= EVERY_SEVENTH << first;
    if ((fields.lastDaysOfWeek >>> weekday) & 1)
      days |= 1 << (first + 7 * Math.floor((length - 1 - first) / 7));
    for (let nth = fields.nthDaysOfWeek?.[weekday] ?? 0; nth !== 0; nth &= nth - 1) {
      const day = first + 7 * (31 - Math.clz32(nth & -nth));
      if (day < length) days |= 1 << day;
    }
  }
  return days;
}
