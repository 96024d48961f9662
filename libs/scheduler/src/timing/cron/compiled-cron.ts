import { countBits, highestBit, lowestBit, nextBit, prevBit } from '../time/bits.js';
import { daysInMonth, firstDayOfMonth, monthOfDay, weekdayOfDay } from '../time/civil-calendar.js';
import type { CronFieldText } from './cron-field.js';
import type { CronText } from './cron-text.js';
import { plainValues } from './cron-values.js';
import { matchingDays, type DayFields } from '../time/month-days.js';

/** E: the hour covers 0-23. I: not E, and a time field uses `*` or `/`. F: fixed times (semantics.md Z1). */
export type CronClass = 'E' | 'I' | 'F';

type Sextuple<T> = [T, T, T, T, T, T];

/**
 * A cron expression as integers, shared by all triggers that have it. Wall time only, no zone. The
 * `month…` members cache the last month used and never change a result.
 */
export class CompiledCron implements DayFields {
  readonly class: CronClass;
  readonly secondsLow: number;
  readonly secondsHigh: number;
  readonly minutesLow: number;
  readonly minutesHigh: number;
  readonly hours: number;
  readonly months: number;

  readonly isDayOfMonthRestricted: boolean;
  readonly isDayOfWeekRestricted: boolean;
  readonly daysOfMonth: number;
  readonly nearestWeekdays: number;
  readonly daysBeforeLast: number;
  readonly daysBeforeLastWeekday: number;
  readonly daysOfWeek: number;
  readonly lastDaysOfWeek: number;
  readonly nthDaysOfWeek: Uint8Array | null;

  readonly firstSecond: number;
  readonly lastSecond: number;
  readonly firstSecondOfHour: number;
  readonly lastSecondOfHour: number;
  readonly ticksPerMinute: number;
  readonly ticksPerHour: number;
  readonly ticksPerDay: number;
  month = 0;
  monthStartDay = 0;
  monthLength = 0;
  monthDays = 0;

  constructor(text: CronText) {
    const [seconds, minutes, hours, days, months, weekdays] = plainValues(text) as Sextuple<number[]>;
    this.secondsLow = maskOf(seconds, 0);
    this.secondsHigh = maskOf(seconds, 32);
    this.minutesLow = maskOf(minutes, 0);
    this.minutesHigh = maskOf(minutes, 32);
    this.hours = maskOf(hours, 0);
    this.months = maskOf(months, 1);
    this.daysOfMonth = maskOf(days, 1);
    this.daysOfWeek = maskOf(weekdays, 0);

    const dayField = text[3]!;
    const weekdayField = text[5]!;
    this.isDayOfMonthRestricted = isRestricted(dayField);
    this.isDayOfWeekRestricted = isRestricted(weekdayField);
    let nearest = 0;
    let beforeLast = 0;
    let beforeLastWeekday = 0;
    for (const item of dayField.items) {
      if (item.kind === 'nearestWeekday') nearest |= 1 << (item.day - 1);
      if (item.kind === 'lastDay') beforeLast |= 1 << item.before;
      if (item.kind === 'lastWeekday') beforeLastWeekday |= 1 << item.before;
    }
    this.nearestWeekdays = nearest;
    this.daysBeforeLast = beforeLast;
    this.daysBeforeLastWeekday = beforeLastWeekday;
    let last = 0;
    let nth: Uint8Array | null = null;
    for (const item of weekdayField.items) {
      if (item.kind === 'lastOfWeekday') last |= 1 << item.weekday;
      if (item.kind === 'nthOfWeekday') (nth ??= new Uint8Array(7))[item.weekday]! |= 1 << (item.nth - 1);
    }
    this.lastDaysOfWeek = last;
    this.nthDaysOfWeek = nth;

    const firstOfMinute = nextBit(this.secondsLow, this.secondsHigh, 0);
    const lastOfMinute = prevBit(this.secondsLow, this.secondsHigh, 59);
    this.firstSecondOfHour = nextBit(this.minutesLow, this.minutesHigh, 0) * 60 + firstOfMinute;
    this.lastSecondOfHour = prevBit(this.minutesLow, this.minutesHigh, 59) * 60 + lastOfMinute;
    this.firstSecond = lowestBit(this.hours) * 3600 + this.firstSecondOfHour;
    this.lastSecond = highestBit(this.hours) * 3600 + this.lastSecondOfHour;
    this.ticksPerMinute = countBits(this.secondsLow) + countBits(this.secondsHigh);
    this.ticksPerHour = this.ticksPerMinute * (countBits(this.minutesLow) + countBits(this.minutesHigh));
    this.ticksPerDay = this.ticksPerHour * countBits(this.hours);
    this.class =
      this.hours === 0xffffff
        ? 'E'
        : text.slice(0, 3).some(({ text: word }) => /[*/]/.test(word))
          ? 'I'
          : 'F';
    this.goToMonth(0);
  }

  /** Loads the month of a day into the `month…` members. */
  goToDay(day: number): void {
    if (day < this.monthStartDay || day >= this.monthStartDay + this.monthLength)
      this.goToMonth(monthOfDay(day));
  }

  goToMonth(month: number): void {
    this.month = month;
    this.monthStartDay = firstDayOfMonth(month);
    this.monthLength = daysInMonth(month);
    this.monthDays = this.hasMonth(month)
      ? matchingDays(this, weekdayOfDay(this.monthStartDay), this.monthLength)
      : 0;
  }

  hasDay(day: number): boolean {
    this.goToDay(day);
    return ((this.monthDays >>> (day - this.monthStartDay)) & 1) !== 0;
  }

  hasMonth(month: number): boolean {
    return ((this.months >>> (month % 12)) & 1) !== 0;
  }
}

function maskOf(values: readonly number[], first: number): number {
  let mask = 0;
  for (const value of values) if (value >= first && value < first + 32) mask |= 1 << (value - first);
  return mask;
}

function isRestricted({ text }: CronFieldText): boolean {
  return text !== '*' && text !== '?';
}
