/** What a rule says about days; the sets are bit masks, day 1 and Sunday being bit 0. */
export interface DayRule {
  readonly isDayOfMonthRestricted: boolean;
  readonly isDayOfWeekRestricted: boolean;
  readonly daysOfMonth: number;
  /** The n of each `nW`. */
  readonly nearestWeekdays: number;
  readonly hasLastDay: boolean;
  readonly hasLastWeekday: boolean;
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
 * The days of a month that a rule names, day 1 being bit 0. Both day fields restricted: either
 * matches (C5).
 * @param firstWeekday of the month's first day, 0 is Sunday.
 */
export function matchingDays(rule: DayRule, firstWeekday: number, length: number): number {
  const all = 0x7fffffff >>> (31 - length);
  if (!rule.isDayOfWeekRestricted) {
    return rule.isDayOfMonthRestricted ? byDayOfMonth(rule, firstWeekday, length) & all : all;
  }
  const byWeekday = byDayOfWeek(rule, firstWeekday, length) & all;
  return rule.isDayOfMonthRestricted
    ? byWeekday | (byDayOfMonth(rule, firstWeekday, length) & all)
    : byWeekday;
}

function byDayOfMonth(rule: DayRule, firstWeekday: number, length: number): number {
  let days = rule.daysOfMonth;
  if (rule.hasLastDay) days |= 1 << (length - 1);
  if (rule.hasLastWeekday) days |= 1 << (nearestWeekday(length, firstWeekday, length) - 1);
  for (let left = rule.nearestWeekdays; left !== 0; left &= left - 1) {
    const day = 32 - Math.clz32(left & -left);
    if (day <= length) days |= 1 << (nearestWeekday(day, firstWeekday, length) - 1);
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

function byDayOfWeek(rule: DayRule, firstWeekday: number, length: number): number {
  let days = 0;
  for (let weekday = 0; weekday < 7; weekday++) {
    const first = (weekday - firstWeekday + 7) % 7;
    if ((rule.daysOfWeek >>> weekday) & 1) days |= EVERY_SEVENTH << first;
    if ((rule.lastDaysOfWeek >>> weekday) & 1)
      days |= 1 << (first + 7 * Math.floor((length - 1 - first) / 7));
    for (let nth = rule.nthDaysOfWeek?.[weekday] ?? 0; nth !== 0; nth &= nth - 1) {
      const day = first + 7 * (31 - Math.clz32(nth & -nth));
      if (day < length) days |= 1 << day;
    }
  }
  return days;
}
