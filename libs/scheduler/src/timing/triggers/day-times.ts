import { countBits, nextBit } from '../cron/bits.js';
import type { TickGrid } from './tick-grid.js';

/** The wall times whose hour, minute and second are each in a set; a cron expression's times of day are such. */
export interface DayTimes {
  readonly hours: number;
  readonly minutesLow: number;
  readonly minutesHigh: number;
  readonly secondsLow: number;
  readonly secondsHigh: number;
}

export const EVERY_TIME: DayTimes = {
  hours: 0xffffff,
  minutesLow: ~0,
  minutesHigh: 0xfffffff,
  secondsLow: ~0,
  secondsHigh: 0xfffffff,
};

const DAY_MS = 86_400_000;

/** One time of day, in seconds. */
export function dayTimesOf(second: number): DayTimes {
  const minute = Math.floor(second / 60) % 60;
  const inMinute = second % 60;
  return {
    hours: 1 << Math.floor(second / 3600),
    minutesLow: minute < 32 ? 1 << minute : 0,
    minutesHigh: minute < 32 ? 0 : 1 << (minute - 32),
    secondsLow: inMinute < 32 ? 1 << inMinute : 0,
    secondsHigh: inMinute < 32 ? 0 : 1 << (inMinute - 32),
  };
}

/** What two have in common; null when that is nothing. */
export function commonTimes(a: DayTimes, b: DayTimes): DayTimes | null {
  const hours = a.hours & b.hours;
  const minutesLow = a.minutesLow & b.minutesLow;
  const minutesHigh = a.minutesHigh & b.minutesHigh;
  const secondsLow = a.secondsLow & b.secondsLow;
  const secondsHigh = a.secondsHigh & b.secondsHigh;
  if (hours === 0 || (minutesLow | minutesHigh) === 0 || (secondsLow | secondsHigh) === 0) return null;
  return { hours, minutesLow, minutesHigh, secondsLow, secondsHigh };
}

/**
 * The same instants' times of day on a clock that is ahead by so many seconds, or more than those where
 * the shift is not of whole hours.
 */
export function shiftTimes(times: DayTimes, ahead: number): DayTimes {
  if (ahead === 0) return times;
  if (ahead % 60 !== 0) return EVERY_TIME;
  const minutes = (((ahead / 60) % 60) + 60) % 60;
  const wholeHours = rotateHours(times.hours, Math.floor(ahead / 3600));
  if (minutes === 0) return { ...times, hours: wholeHours };
  let minutesLow = 0;
  let minutesHigh = 0;
  for (let minute = nextBit(times.minutesLow, times.minutesHigh, 0); minute < 60;) {
    const shifted = (minute + minutes) % 60;
    if (shifted < 32) minutesLow |= 1 << shifted;
    else minutesHigh |= 1 << (shifted - 32);
    minute = nextBit(times.minutesLow, times.minutesHigh, minute + 1);
  }
  return { ...times, hours: wholeHours | rotateHours(wholeHours, 1), minutesLow, minutesHigh };
}

function rotateHours(hours: number, by: number): number {
  const places = ((by % 24) + 24) % 24;
  return ((hours << places) | (hours >>> (24 - places))) & 0xffffff;
}

/**
 * In how long a part of each day around one of its times `inner` lies within `outer`, seconds: 86,400
 * for the whole day, 3600 for the hour, 60 for the minute, 1 for that second only.
 */
export function stretchCovered(inner: DayTimes, outer: DayTimes): number {
  if ((inner.secondsLow & ~outer.secondsLow) !== 0 || (inner.secondsHigh & ~outer.secondsHigh) !== 0)
    return 1;
  if ((inner.minutesLow & ~outer.minutesLow) !== 0 || (inner.minutesHigh & ~outer.minutesHigh) !== 0)
    return 60;
  return (inner.hours & ~outer.hours) === 0 ? 86_400 : 3600;
}

/**
 * The times of day at which a grid can have ticks on a clock with an offset, and whether it has them
 * all, every day.
 */
export function dayTimesOfGrid(grid: TickGrid, offset: number): { times: DayTimes; areAll: boolean } {
  const wallMs = grid.firstAt + offset * 1000;
  const seconds = valuesOf(wallMs, grid.everyMs, 60_000, 1000);
  const minutes = valuesOf(wallMs, grid.everyMs, 3_600_000, 60_000);
  const hours = valuesOf(wallMs, grid.everyMs, DAY_MS, 3_600_000);
  const times = {
    hours: hours.low,
    minutesLow: minutes.low,
    minutesHigh: minutes.high,
    secondsLow: seconds.low,
    secondsHigh: seconds.high,
  };
  const product =
    (countBits(seconds.low) + countBits(seconds.high)) *
    (countBits(minutes.low) + countBits(minutes.high)) *
    countBits(hours.low);
  const isWhole = wallMs % 1000 === 0 && DAY_MS % grid.everyMs === 0;
  return { times, areAll: isWhole && product === DAY_MS / grid.everyMs };
}

/** The values that (wallMs + k · everyMs) mod `cycleMs` has, counted in units, as a set. */
function valuesOf(
  wallMs: number,
  everyMs: number,
  cycleMs: number,
  unitMs: number,
): { low: number; high: number } {
  const stepMs = greatestDivisor(everyMs, cycleMs);
  let low = 0;
  let high = 0;
  const firstMs = ((wallMs % stepMs) + stepMs) % stepMs;
  // Steps below a unit name every value, so whole units are enough.
  const walkMs = Math.max(stepMs, unitMs);
  for (let ms = stepMs < unitMs ? 0 : firstMs; ms < cycleMs; ms += walkMs) {
    const value = Math.floor(ms / unitMs);
    if (value < 32) low |= 1 << value;
    else high |= 1 << (value - 32);
  }
  return { low, high };
}

function greatestDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
