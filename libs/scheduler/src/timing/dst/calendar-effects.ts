import { formatWallSecond } from '../time/civil-calendar.js';
import { RUNS_FIRST_PASS_ONLY } from './offset-policy.js';
import type { OffsetEffect } from '../triggers/trigger.js';
import { instantsOfWall } from './wall-instants.js';
import type { OffsetSegment, Zone } from '../zone/zone.js';

/**
 * What changes of offset did at a tick, or between the tick before it and this one, to the wall times
 * given. Instants are UTC seconds.
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

/** Whether a change of offset skipped a wall time, or made it come twice. */
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
