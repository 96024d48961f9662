import { DAY_SECONDS, FIRST_SECOND, LAST_SECOND } from '../time/civil-calendar.js';
import type { CompiledCron } from '../cron/compiled-cron.js';
import { RUNS_FIRST_PASS_ONLY, RUNS_GAPS } from './offset-policy.js';
import { countWalls, nextWall, prevWall } from './wall-search.js';
import type { OffsetSegment, Zone } from '../zone/zone.js';

// A rule in a zone. Instants are whole UTC seconds, `policy` is the bits of offset-policy.ts.

/** A longer gap is a change of date line: nobody's work for that day is made up for (Z2). */
export const LONGEST_MADE_UP_GAP = 3 * 3600;

/** Searches give up after this; a rule that can match does so within forty years, unless gaps swallow it. */
const LONGEST_SEARCH = 100 * 366 * 86_400;

/** More than any two offsets are apart, and than any overlap lasts. */
const TWO_DAYS = 2 * 86_400;

/** The first tick >= `from`; null when there is none within a hundred years or by the year 9999. */
export function firstTickFrom(rule: CompiledCron, zone: Zone, policy: number, from: number): number | null {
  let instant = from < FIRST_SECOND ? FIRST_SECOND : from;
  const limit = Math.min(instant + LONGEST_SEARCH, LAST_SECOND);
  while (instant <= limit) {
    const segment = zone.at(instant);
    const { end, offset, repeatedUntil } = segment;
    if (instant === segment.start && isMadeUpAtStart(rule, policy, segment)) return instant;
    const searched =
      (policy & RUNS_FIRST_PASS_ONLY) !== 0 && repeatedUntil > instant ? repeatedUntil : instant;
    const tick = nextWall(rule, searched + offset) - offset;
    if (tick < end) return tick <= limit ? tick : null;
    // All wall times up to the one found are known not to match, and a gap or overlap in between has
    // no others: go there at once, and leave the years between out of the zone's table.
    instant = end - searched > TWO_DAYS && tick - end > 2 * TWO_DAYS ? tick - TWO_DAYS : end;
  }
  return null;
}

/** The last tick <= `to`; null when there is none within a hundred years or since the year 1. */
export function lastTickUpTo(rule: CompiledCron, zone: Zone, policy: number, to: number): number | null {
  let instant = to > LAST_SECOND ? LAST_SECOND : to;
  const limit = Math.max(instant - LONGEST_SEARCH, FIRST_SECOND);
  while (instant >= limit) {
    const segment = zone.at(instant);
    const { start, offset, repeatedUntil } = segment;
    const searched = (policy & RUNS_FIRST_PASS_ONLY) !== 0 && repeatedUntil > start ? repeatedUntil : start;
    const tick = instant < searched ? -Infinity : prevWall(rule, instant + offset) - offset;
    if (tick >= searched) return tick >= limit ? tick : null;
    if (isMadeUpAtStart(rule, policy, segment)) return start >= limit ? start : null;
    const isFar = instant - searched > TWO_DAYS && searched - tick > 2 * TWO_DAYS;
    instant = isFar ? tick + TWO_DAYS : start - 1;
  }
  return null;
}

/** How many ticks lie in [from, to]: counted between changes of offset, not listed. */
export function countTicks(rule: CompiledCron, zone: Zone, policy: number, from: number, to: number): number {
  const last = Math.min(to, LAST_SECOND);
  let instant = Math.max(from, FIRST_SECOND);
  let count = 0;
  while (instant <= last) {
    const segment = zone.at(instant);
    const { start, end, offset, repeatedUntil } = segment;
    const isFirstOnly = (policy & RUNS_FIRST_PASS_ONLY) !== 0;
    const searched = isFirstOnly && repeatedUntil > instant ? repeatedUntil : instant;
    if (instant === start && isMadeUpAtStart(rule, policy, segment)) {
      // Merged with a regular tick at the same instant, it is one.
      if (nextWall(rule, start + offset) !== start + offset || searched > start) count++;
    }
    count += countWalls(rule, searched + offset, Math.min(end - 1, last) + offset);
    instant = end;
  }
  return count;
}

/** Whether skipped wall times become a run at the first instant of this segment. */
export function isMadeUpAtStart(rule: CompiledCron, policy: number, segment: OffsetSegment): boolean {
  const { shift } = segment;
  if (shift <= 0 || (policy & RUNS_GAPS) === 0 || shift > LONGEST_MADE_UP_GAP) return false;
  const resumed = segment.start + segment.offset;
  return nextWall(rule, resumed - shift) < resumed;
}

/**
 * The seconds around a tick in which all wall times of the rule are ticks, first to last: of its day, or
 * until the offset changes where the rule has every day. Null when the tick is made up.
 */
export function regularAround(
  rule: CompiledCron,
  zone: Zone,
  policy: number,
  tick: number,
): { first: number; last: number } | null {
  const { start, end, offset, repeatedUntil } = zone.at(tick);
  const wall = tick + offset;
  if (nextWall(rule, wall) !== wall) return null;
  const firstPassFrom = (policy & RUNS_FIRST_PASS_ONLY) !== 0 ? repeatedUntil : -Infinity;
  // At the very start another rule may have a made-up run.
  const first = Math.max(start + 1, firstPassFrom);
  if (rule.hasEveryDay) return { first, last: end - 1 };
  const day = Math.floor(wall / DAY_SECONDS) * DAY_SECONDS - offset;
  return { first: Math.max(day, first), last: Math.min(day + DAY_SECONDS, end) - 1 };
}
