import { FIRST_SECOND, LAST_SECOND } from '../time/civil-calendar.js';
import type { CompiledCron } from '../cron/compiled-cron.js';
import { RUNS_FIRST_PASS_ONLY, RUNS_GAPS } from './offset-policy.js';
import { countWalls, nextWall, prevWall } from './wall-search.js';
import type { OffsetSegment, Zone } from '../zone/zone.js';

// Ticks of a compiled expression in a zone. Instants are whole UTC seconds; `policy` holds the bits of
// offset-policy.ts.

/** A longer gap is a change of the date line, which gets no made-up run (Z2). */
export const LONGEST_MADE_UP_GAP = 3 * 3600;

/** Searches end after a hundred years: an expression that can match does so within forty, unless gaps swallow it. */
const LONGEST_SEARCH = 100 * 366 * 86_400;

/** Exceeds the distance of any two offsets and the length of any overlap. */
const TWO_DAYS = 2 * 86_400;

/** The first tick >= `from`; null when there is none within a hundred years or before the year 10000. */
export function firstTickFrom(
  compiled: CompiledCron,
  zone: Zone,
  policy: number,
  from: number,
): number | null {
  let instant = from < FIRST_SECOND ? FIRST_SECOND : from;
  const limit = Math.min(instant + LONGEST_SEARCH, LAST_SECOND);
  while (instant <= limit) {
    const segment = zone.at(instant);
    const { end, offset, repeatedUntil } = segment;
    if (instant === segment.start && isMadeUpAtStart(compiled, policy, segment)) return instant;
    const searched =
      (policy & RUNS_FIRST_PASS_ONLY) !== 0 && repeatedUntil > instant ? repeatedUntil : instant;
    const tick = nextWall(compiled, searched + offset) - offset;
    if (tick < end) return tick <= limit ? tick : null;
    // No wall time before the one found matches, and gaps and overlaps have no others: jump there, and
    // spare the zone's table the years in between.
    instant = end - searched > TWO_DAYS && tick - end > 2 * TWO_DAYS ? tick - TWO_DAYS : end;
  }
  return null;
}

/** The last tick <= `to`; null when there is none within a hundred years or since the year 1. */
export function lastTickUpTo(compiled: CompiledCron, zone: Zone, policy: number, to: number): number | null {
  let instant = to > LAST_SECOND ? LAST_SECOND : to;
  const limit = Math.max(instant - LONGEST_SEARCH, FIRST_SECOND);
  while (instant >= limit) {
    const segment = zone.at(instant);
    const { start, offset, repeatedUntil } = segment;
    const searched = (policy & RUNS_FIRST_PASS_ONLY) !== 0 && repeatedUntil > start ? repeatedUntil : start;
    const tick = instant < searched ? -Infinity : prevWall(compiled, instant + offset) - offset;
    if (tick >= searched) return tick >= limit ? tick : null;
    if (isMadeUpAtStart(compiled, policy, segment)) return start >= limit ? start : null;
    const isFar = instant - searched > TWO_DAYS && searched - tick > 2 * TWO_DAYS;
    instant = isFar ? tick + TWO_DAYS : start - 1;
  }
  return null;
}

/** The number of ticks in [from, to]: counted between changes of offset, not listed. */
export function countTicks(
  compiled: CompiledCron,
  zone: Zone,
  policy: number,
  from: number,
  to: number,
): number {
  const last = Math.min(to, LAST_SECOND);
  let instant = Math.max(from, FIRST_SECOND);
  let count = 0;
  while (instant <= last) {
    const segment = zone.at(instant);
    const { start, end, offset, repeatedUntil } = segment;
    const isFirstOnly = (policy & RUNS_FIRST_PASS_ONLY) !== 0;
    const searched = isFirstOnly && repeatedUntil > instant ? repeatedUntil : instant;
    if (instant === start && isMadeUpAtStart(compiled, policy, segment)) {
      // Merged with a regular tick at the same instant, it counts once.
      if (nextWall(compiled, start + offset) !== start + offset || searched > start) count++;
    }
    count += countWalls(compiled, searched + offset, Math.min(end - 1, last) + offset);
    instant = end;
  }
  return count;
}

/** Whether skipped wall times become a run at the first instant of this segment. */
export function isMadeUpAtStart(compiled: CompiledCron, policy: number, segment: OffsetSegment): boolean {
  const { shift } = segment;
  if (shift <= 0 || (policy & RUNS_GAPS) === 0 || shift > LONGEST_MADE_UP_GAP) return false;
  const resumed = segment.start + segment.offset;
  return nextWall(compiled, resumed - shift) < resumed;
}
