import { countBelow, countBits, highestBit, lowestBit, nextBit, prevBit } from '../time/bits.js';
import { DAY_SECONDS } from '../time/civil-calendar.js';
import type { CompiledCron } from '../cron/compiled-cron.js';

// Matching wall times of a compiled expression, in seconds of a wall clock that never changes its offset.

/** A search ends after a hundred years: an expression that can match does so within forty. */
const MOST_MONTHS = 1201;

/** The smallest matching wall second >= `wall`; Infinity when there is none. */
export function nextWall(compiled: CompiledCron, wall: number): number {
  let day = Math.floor(wall / DAY_SECONDS);
  compiled.goToDay(day);
  const index = day - compiled.monthStartDay;
  if ((compiled.monthDays >>> index) & 1) {
    const second = nextSecondOfDay(compiled, wall - day * DAY_SECONDS);
    if (second >= 0) return day * DAY_SECONDS + second;
  }
  // Shifting by 32 would shift by 0, hence in two steps.
  const later = (compiled.monthDays >>> index) >>> 1;
  if (later !== 0) {
    day += 1 + lowestBit(later);
    return day * DAY_SECONDS + compiled.firstSecond;
  }
  const last = compiled.month + MOST_MONTHS;
  for (let month = compiled.month + 1; month <= last; month++) {
    if (!compiled.hasMonth(month)) continue;
    compiled.goToMonth(month);
    if (compiled.monthDays !== 0) {
      return (compiled.monthStartDay + lowestBit(compiled.monthDays)) * DAY_SECONDS + compiled.firstSecond;
    }
  }
  return Infinity;
}

/** The largest matching wall second <= `wall`; -Infinity when there is none. */
export function prevWall(compiled: CompiledCron, wall: number): number {
  const day = Math.floor(wall / DAY_SECONDS);
  compiled.goToDay(day);
  const index = day - compiled.monthStartDay;
  if ((compiled.monthDays >>> index) & 1) {
    const second = prevSecondOfDay(compiled, wall - day * DAY_SECONDS);
    if (second >= 0) return day * DAY_SECONDS + second;
  }
  const earlier = compiled.monthDays & ((1 << index) - 1);
  if (earlier !== 0)
    return (compiled.monthStartDay + highestBit(earlier)) * DAY_SECONDS + compiled.lastSecond;
  const first = compiled.month - MOST_MONTHS;
  for (let month = compiled.month - 1; month >= first && month >= 0; month--) {
    if (!compiled.hasMonth(month)) continue;
    compiled.goToMonth(month);
    if (compiled.monthDays !== 0) {
      return (compiled.monthStartDay + highestBit(compiled.monthDays)) * DAY_SECONDS + compiled.lastSecond;
    }
  }
  return -Infinity;
}

/** The number of matching wall seconds in [from, to]; linear in months, whatever the number of ticks. */
export function countWalls(compiled: CompiledCron, from: number, to: number): number {
  if (from > to) return 0;
  return countUpTo(compiled, to, from) - countSecondsBelow(compiled, from);
}

/** Matching seconds from the start of `from`'s day up to and including `to`. */
function countUpTo(compiled: CompiledCron, to: number, from: number): number {
  const firstDay = Math.floor(from / DAY_SECONDS);
  const lastDay = Math.floor(to / DAY_SECONDS);
  let days = 0;
  compiled.goToDay(firstDay);
  for (;;) {
    const { monthStartDay, monthLength, month } = compiled;
    let mask = compiled.monthDays;
    if (firstDay > monthStartDay) mask = (mask >>> (firstDay - monthStartDay)) << (firstDay - monthStartDay);
    const isLast = lastDay < monthStartDay + monthLength;
    if (isLast) mask &= (1 << (lastDay - monthStartDay)) - 1;
    days += countBits(mask);
    if (isLast) break;
    compiled.goToMonth(month + 1);
  }
  return days * compiled.ticksPerDay + countSecondsBelow(compiled, to + 1, lastDay);
}

/** Matching seconds before `wall` on its day, or on the day given. */
function countSecondsBelow(
  compiled: CompiledCron,
  wall: number,
  day = Math.floor(wall / DAY_SECONDS),
): number {
  compiled.goToDay(day);
  if (((compiled.monthDays >>> (day - compiled.monthStartDay)) & 1) === 0) return 0;
  const second = wall - day * DAY_SECONDS;
  if (second === DAY_SECONDS) return compiled.ticksPerDay;
  const hour = (second / 3600) | 0;
  const minute = ((second / 60) | 0) - hour * 60;
  let count = countBelow(compiled.hours, 0, hour) * compiled.ticksPerHour;
  if (((compiled.hours >>> hour) & 1) === 0) return count;
  count += countBelow(compiled.minutesLow, compiled.minutesHigh, minute) * compiled.ticksPerMinute;
  if (!isMinute(compiled, minute)) return count;
  return count + countBelow(compiled.secondsLow, compiled.secondsHigh, second % 60);
}

function isMinute(compiled: CompiledCron, minute: number): boolean {
  return minute < 32
    ? ((compiled.minutesLow >>> minute) & 1) !== 0
    : ((compiled.minutesHigh >>> (minute - 32)) & 1) !== 0;
}

/** -1 when the day has none left. */
function nextSecondOfDay(compiled: CompiledCron, second: number): number {
  if (second <= compiled.firstSecond) return compiled.firstSecond;
  if (second > compiled.lastSecond) return -1;
  const hour = (second / 3600) | 0;
  if ((compiled.hours >>> hour) & 1) {
    const inHour = second - hour * 3600;
    if (inHour <= compiled.lastSecondOfHour) return hour * 3600 + nextSecondOfHour(compiled, inHour);
  }
  const nextHour = nextBit(compiled.hours, 0, hour + 1);
  return nextHour * 3600 + compiled.firstSecondOfHour;
}

/** Always finds one: the caller has compared with the last of the hour. */
function nextSecondOfHour(compiled: CompiledCron, second: number): number {
  const minute = (second / 60) | 0;
  if (isMinute(compiled, minute)) {
    const next = nextBit(compiled.secondsLow, compiled.secondsHigh, second - minute * 60);
    if (next < 60) return minute * 60 + next;
  }
  const nextMinute = nextBit(compiled.minutesLow, compiled.minutesHigh, minute + 1);
  return nextMinute * 60 + (compiled.firstSecondOfHour % 60);
}

/** -1 when the day has none before. */
function prevSecondOfDay(compiled: CompiledCron, second: number): number {
  if (second >= compiled.lastSecond) return compiled.lastSecond;
  if (second < compiled.firstSecond) return -1;
  const hour = (second / 3600) | 0;
  if ((compiled.hours >>> hour) & 1) {
    const inHour = second - hour * 3600;
    if (inHour >= compiled.firstSecondOfHour) return hour * 3600 + prevSecondOfHour(compiled, inHour);
  }
  return prevBit(compiled.hours, 0, hour - 1) * 3600 + compiled.lastSecondOfHour;
}

/** Always finds one: the caller has compared with the first of the hour. */
function prevSecondOfHour(compiled: CompiledCron, second: number): number {
  const minute = (second / 60) | 0;
  if (isMinute(compiled, minute)) {
    const prev = prevBit(compiled.secondsLow, compiled.secondsHigh, second - minute * 60);
    if (prev >= 0) return minute * 60 + prev;
  }
  return (
    prevBit(compiled.minutesLow, compiled.minutesHigh, minute - 1) * 60 + (compiled.lastSecondOfHour % 60)
  );
}
