import { daysInMonth, firstDayOfMonth, monthOfDay } from '../time/civil-calendar.js';

/** One step of a calendar interval: months first, then days. */
export interface CalendarPeriod {
  readonly months: number;
  readonly days: number;
}

const MONTH_DAYS = 146_097 / 4800;

/**
 * The day of a step, counted from 1970-01-01 and computed from the first day: months first, clamped to
 * the month's end, then days (semantics.md T4). Rises with `step`.
 */
export function dayOfStep(firstDay: number, period: CalendarPeriod, step: number): number {
  const firstMonth = monthOfDay(firstDay);
  const month = firstMonth + step * period.months;
  const inMonth = Math.min(firstDay - firstDayOfMonth(firstMonth), daysInMonth(month) - 1);
  return firstDayOfMonth(month) + inMonth + step * period.days;
}

/** The first step on or after `day`; at least 0. */
export function firstStepFrom(firstDay: number, period: CalendarPeriod, day: number): number {
  if (day <= firstDay) return 0;
  // The estimate is off by a step or two, since months differ in length by three days at most.
  let step = Math.max(0, Math.floor((day - firstDay) / (period.months * MONTH_DAYS + period.days)));
  while (dayOfStep(firstDay, period, step) < day) step++;
  while (step > 0 && dayOfStep(firstDay, period, step - 1) >= day) step--;
  return step;
}
