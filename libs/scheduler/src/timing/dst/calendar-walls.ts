import { formatWallSecond } from '../time/civil-calendar.js';
import type { OffsetEffect } from '../triggers/trigger.js';
import type { OffsetSegment, Zone } from '../zone/zone.js';
import { RUNS_FIRST_PASS_ONLY, RUNS_GAPS } from './offset-policy.js';
import { LONGEST_MADE_UP_GAP } from './tick-search.js';

/** Exceeds the distance of any offset from UTC and the length of any overlap. */
const TWO_DAYS = 2 * 86_400;

/** The instants of a wall time (seconds) in a zone, UTC seconds ascending: one, or as `policy` decides at a gap or overlap. */
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

/**
 * Effects of changes of offset (DST) on wall times at a tick, or between the previous tick and this one.
 * Instants are UTC seconds.
 */
export function calendarEffects(
  zone: Zone,
  walls: readonly number[],
  policy: number,
  tick: number,
  before: number,
): OffsetEffect[] {
  const effects: OffsetEffect[] = [];
  const lookBack = before === tick ? tick - 1 : before;
  for (let segment = zone.at(tick); segment.start > lookBack; segment = zone.at(segment.start - 1)) {
    const touched = walls.find((wall) => isTouched(segment, wall));
    if (touched === undefined) continue;
    const wasMoved = segment.shift > 0 && instantsOfWall(zone, touched, policy)[0] === tick;
    const isMissed = segment.shift > 0 || (policy & RUNS_FIRST_PASS_ONLY) !== 0;
    if (wasMoved || isMissed) effects.unshift(effectOf(wasMoved ? 'moved' : 'skipped', segment, touched));
  }
  const segment = zone.at(tick);
  const wall = tick + segment.offset;
  const passes = walls.includes(wall) ? instantsOfWall(zone, wall, policy) : [];
  if (passes.length > 1 && passes[0] !== tick) effects.push(effectOf('repeated', segment, wall));
  return effects;
}

/** Whether the change at the start of a segment skips a wall time, or makes it occur twice. */
function isTouched({ start, offset, shift }: OffsetSegment, wall: number): boolean {
  const resumed = start + offset;
  return wall >= Math.min(resumed, resumed - shift) && wall < Math.max(resumed, resumed - shift);
}

function effectOf(kind: OffsetEffect['kind'], segment: OffsetSegment, wall: number): OffsetEffect {
  const shown = formatWallSecond(wall);
  return {
    kind,
    changeAt: new Date(segment.start * 1000),
    changeMinutes: segment.shift / 60,
    firstWallTime: shown,
    lastWallTime: shown,
    count: 1,
  };
}
