import { RUNS_FIRST_PASS_ONLY, RUNS_GAPS } from './offset-policy.js';
import { LONGEST_MADE_UP_GAP } from './tick-search.js';
import type { Zone } from '../zone/zone.js';

/** More than any offset is from UTC, and than any overlap lasts. */
const TWO_DAYS = 2 * 86_400;

/** When a wall time (seconds) comes in a zone, UTC seconds in order: once, or as the policy has it at a gap or overlap. */
export function instantsOfWall(zone: Zone, wall: number, policy: number): number[] {
  const instants: number[] = [];
  let afterGap: number | null = null;
  const last = wall + TWO_DAYS;
  for (let segment = zone.at(wall - TWO_DAYS); segment.start <= last; segment = zone.at(segment.end)) {
    const { start, end, offset, shift } = segment;
    const instant = wall - offset;
    if (instant >= start && instant < end) instants.push(instant);
    const resumed = start + offset;
    if (shift > 0 && wall < resumed && wall >= resumed - shift && shift <= LONGEST_MADE_UP_GAP)
      afterGap = start;
    if (end === Infinity) break;
  }
  if (instants.length === 0) return afterGap === null || (policy & RUNS_GAPS) === 0 ? [] : [afterGap];
  return (policy & RUNS_FIRST_PASS_ONLY) === 0 ? instants : instants.slice(0, 1);
}
