import { daysInMonth } from '../time/civil-calendar.js';
import type { CompiledCron } from './compiled-cron.js';
import type { CronText } from './cron-text.js';
import { matchingDays } from '../time/month-days.js';
import { NeverFiresError } from '../errors/trigger-errors.js';
import { showValue } from '../errors/show-value.js';

/** A common and a leap year, by the month number of their January. */
const YEARS = [2001 * 12, 2004 * 12];

/**
 * Refuses an expression that no year can match. Exact: there are only 14 kinds of years (leap or not,
 * seven first weekdays), and all of them recur.
 * @throws NeverFiresError naming the days and the months that exclude each other
 */
export function refuseImpossible(compiled: CompiledCron, text: CronText, expression: string): void {
  // Every weekday occurs in every month, and a fifth one in the February of some leap year.
  if (!compiled.isDayOfMonthRestricted || compiled.isDayOfWeekRestricted || canMatch(compiled)) return;
  const day = text[3]!;
  const month = text[4]!;
  const expected = `days that exist in the months ${showValue(month.text)}`;
  const where = day.position === null ? '' : ` at position ${day.position}`;
  throw new NeverFiresError(
    `The cron expression ${showValue(expression)} never fires: the field "dayOfMonth", ${showValue(day.text)}${where}, ` +
      `names no day that the months ${showValue(month.text)} have.`,
    `Give ${expected}; "L" is the last day of any month.`,
    { expression, field: 'dayOfMonth', text: day.text, position: day.position, expected },
  );
}

function canMatch(compiled: CompiledCron): boolean {
  return monthsOfAllYears().some(
    ({ month, firstWeekday, length }) =>
      compiled.hasMonth(month) && matchingDays(compiled, firstWeekday, length) !== 0,
  );
}

/** The expression's months, 1 to 12, that have no matching day in some or all years. */
export function skippedMonths(compiled: CompiledCron): number[] {
  // Every month has the days 1 to 28, and its last one.
  if ((compiled.daysOfMonth & 0xfffffff) !== 0 || (compiled.daysBeforeLast & 1) !== 0) return [];
  const skipped = new Set<number>();
  for (const { month, firstWeekday, length } of monthsOfAllYears()) {
    if (compiled.hasMonth(month) && matchingDays(compiled, firstWeekday, length) === 0)
      skipped.add((month % 12) + 1);
  }
  return [...skipped].toSorted((a, b) => a - b);
}

interface MonthKind {
  month: number;
  firstWeekday: number;
  length: number;
}

let allKinds: readonly MonthKind[] | null = null;

function monthsOfAllYears(): readonly MonthKind[] {
  return (allKinds ??= YEARS.flatMap((january) =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((weekday) => monthsOfYear(january, weekday)),
  ));
}

function monthsOfYear(january: number, firstWeekday: number): MonthKind[] {
  let weekday = firstWeekday;
  return Array.from({ length: 12 }, (_, index) => {
    const kind = { month: january + index, firstWeekday: weekday, length: daysInMonth(january + index) };
    weekday = (weekday + kind.length) % 7;
    return kind;
  });
}
