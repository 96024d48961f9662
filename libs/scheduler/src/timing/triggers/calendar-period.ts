import { daysInMonth, firstDayOfMonth, monthOfDay } from '../time/civil-calendar.js';

/** A step in the calendar. */
export interface CalendarPeriod {
  readonly months: number;
  readonly days: number;
}

const MONTH_DAYS = 146_097 / 4800;

/**
 * The day of step k, computed from the first one: months first, clamped to the month's end, then days
 * (semantics.md T4). Days are counted from 1970-01-01; later steps have later days.
 */
export function dayOfStep(firstDay: number, period: CalendarPeriod, step: number): number {
  const firstMonth = monthOfDay(firstDay);
  const month = firstMonth + step * period.months;
  const inMonth = Math.min(firstDay - firstDayOfMonth(firstMonth), daysInMonth(month) - 1);
  return firstDayOfMonth(month) + inMonth + step * period.days;
}

/** The first step whose day is `day` or later; at least 0. */
export function firstStepFrom(firstDay: number, period: CalendarPeriod, day: number): number {
  if (day <= firstDay) return 0;
  // Months are of nearly even length, so the guess is off by a step or two.
  let step = Math.max(0, Math.floor((day - firstDay) / (period.months * MONTH_DAYS + period.days)));
  while (dayOfStep(firstDay, period, step) < day) step++;
  while (step > 0 && dayOfStep(firstDay, period, step - 1) >= day) step--;
  return step;
}
