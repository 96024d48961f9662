import { countBelow, countBits, highestBit, lowestBit, nextBit, prevBit } from '../cron/bits.js';
import { DAY_SECONDS } from '../time/civil-calendar.js';
import type { CompiledCron } from '../cron/compiled-cron.js';

/**
 * Matching wall times of a rule, in seconds of a wall clock that never changes its offset.
 * A search ends after a hundred years: any rule that can match does so within forty.
 */
const MOST_MONTHS = 1201;

/** The smallest matching wall second >= `wall`; Infinity when there is none. */
export function nextWall(rule: CompiledCron, wall: number): number {
  let day = Math.floor(wall / DAY_SECONDS);
  rule.goToDay(day);
  const index = day - rule.monthStartDay;
  if ((rule.monthDays >>> index) & 1) {
    const second = nextSecondOfDay(rule, wall - day * DAY_SECONDS);
    if (second >= 0) return day * DAY_SECONDS + second;
  }
  // Shifting by 32 would shift by 0, hence in two steps.
  const later = (rule.monthDays >>> index) >>> 1;
  if (later !== 0) {
    day += 1 + lowestBit(later);
    return day * DAY_SECONDS + rule.firstSecond;
  }
  const last = rule.month + MOST_MONTHS;
  for (let month = rule.month + 1; month <= last; month++) {
    if (!rule.hasMonth(month)) continue;
    rule.goToMonth(month);
    if (rule.monthDays !== 0) {
      return (rule.monthStartDay + lowestBit(rule.monthDays)) * DAY_SECONDS + rule.firstSecond;
    }
  }
  return Infinity;
}

/** The largest matching wall second <= `wall`; -Infinity when there is none. */
export function prevWall(rule: CompiledCron, wall: number): number {
  const day = Math.floor(wall / DAY_SECONDS);
  rule.goToDay(day);
  const index = day - rule.monthStartDay;
  if ((rule.monthDays >>> index) & 1) {
    const second = prevSecondOfDay(rule, wall - day * DAY_SECONDS);
    if (second >= 0) return day * DAY_SECONDS + second;
  }
  const earlier = rule.monthDays & ((1 << index) - 1);
  if (earlier !== 0) return (rule.monthStartDay + highestBit(earlier)) * DAY_SECONDS + rule.lastSecond;
  const first = rule.month - MOST_MONTHS;
  for (let month = rule.month - 1; month >= first && month >= 0; month--) {
    if (!rule.hasMonth(month)) continue;
    rule.goToMonth(month);
    if (rule.monthDays !== 0) {
      return (rule.monthStartDay + highestBit(rule.monthDays)) * DAY_SECONDS + rule.lastSecond;
    }
  }
  return -Infinity;
}

/** How many matching wall seconds lie in [from, to]; linear in months, whatever the number of ticks. */
export function countWalls(rule: CompiledCron, from: number, to: number): number {
  if (from > to) return 0;
  return countUpTo(rule, to, from) - countSecondsBelow(rule, from);
}

/** Matching seconds from the start of `from`'s day up to and including `to`. */
function countUpTo(rule: CompiledCron, to: number, from: number): number {
  const firstDay = Math.floor(from / DAY_SECONDS);
  const lastDay = Math.floor(to / DAY_SECONDS);
  let days = 0;
  rule.goToDay(firstDay);
  for (;;) {
    const { monthStartDay, monthLength, month } = rule;
    let mask = rule.monthDays;
    if (firstDay > monthStartDay) mask = (mask >>> (firstDay - monthStartDay)) << (firstDay - monthStartDay);
    const isLast = lastDay < monthStartDay + monthLength;
    if (isLast) mask &= (1 << (lastDay - monthStartDay)) - 1;
    days += countBits(mask);
    if (isLast) break;
    rule.goToMonth(month + 1);
  }
  return days * rule.ticksPerDay + countSecondsBelow(rule, to + 1, lastDay);
}

/** Matching seconds of a day before `wall`; the day is `wall`'s own unless given. */
function countSecondsBelow(rule: CompiledCron, wall: number, day = Math.floor(wall / DAY_SECONDS)): number {
  rule.goToDay(day);
  if (((rule.monthDays >>> (day - rule.monthStartDay)) & 1) === 0) return 0;
  const second = wall - day * DAY_SECONDS;
  if (second === DAY_SECONDS) return rule.ticksPerDay;
  const hour = (second / 3600) | 0;
  const minute = ((second / 60) | 0) - hour * 60;
  let count = countBelow(rule.hours, 0, hour) * rule.ticksPerHour;
  if (((rule.hours >>> hour) & 1) === 0) return count;
  count += countBelow(rule.minutesLow, rule.minutesHigh, minute) * rule.ticksPerMinute;
  if (!isMinute(rule, minute)) return count;
  return count + countBelow(rule.secondsLow, rule.secondsHigh, second % 60);
}

function isMinute(rule: CompiledCron, minute: number): boolean {
  return minute < 32
    ? ((rule.minutesLow >>> minute) & 1) !== 0
    : ((rule.minutesHigh >>> (minute - 32)) & 1) !== 0;
}

/** -1 when the day has none left. */
function nextSecondOfDay(rule: CompiledCron, second: number): number {
  if (second <= rule.firstSecond) return rule.firstSecond;
  if (second > rule.lastSecond) return -1;
  const hour = (second / 3600) | 0;
  if ((rule.hours >>> hour) & 1) {
    const inHour = second - hour * 3600;
    if (inHour <= rule.lastSecondOfHour) return hour * 3600 + nextSecondOfHour(rule, inHour);
  }
  const nextHour = nextBit(rule.hours, 0, hour + 1);
  return nextHour * 3600 + rule.firstSecondOfHour;
}

/** There is one: the caller has compared with the hour's last. */
function nextSecondOfHour(rule: CompiledCron, second: number): number {
  const minute = (second / 60) | 0;
  if (isMinute(rule, minute)) {
    const next = nextBit(rule.secondsLow, rule.secondsHigh, second - minute * 60);
    if (next < 60) return minute * 60 + next;
  }
  const nextMinute = nextBit(rule.minutesLow, rule.minutesHigh, minute + 1);
  return nextMinute * 60 + (rule.firstSecondOfHour % 60);
}

/** -1 when the day has none before. */
function prevSecondOfDay(rule: CompiledCron, second: number): number {
  if (second >= rule.lastSecond) return rule.lastSecond;
  if (second < rule.firstSecond) return -1;
  const hour = (second / 3600) | 0;
  if ((rule.hours >>> hour) & 1) {
    const inHour = second - hour * 3600;
    if (inHour >= rule.firstSecondOfHour) return hour * 3600 + prevSecondOfHour(rule, inHour);
  }
  return prevBit(rule.hours, 0, hour - 1) * 3600 + rule.lastSecondOfHour;
}

/** There is one: the caller has compared with the hour's first. */
function prevSecondOfHour(rule: CompiledCron, second: number): number {
  const minute = (second / 60) | 0;
  if (isMinute(rule, minute)) {
    const prev = prevBit(rule.secondsLow, rule.secondsHigh, second - minute * 60);
    if (prev >= 0) return minute * 60 + prev;
  }
  return prevBit(rule.minutesLow, rule.minutesHigh, minute - 1) * 60 + (rule.lastSecondOfHour % 60);
}
