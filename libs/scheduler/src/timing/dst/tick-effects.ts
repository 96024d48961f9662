import { formatWallSecond } from '../time/civil-calendar.js';
import type { CompiledCron } from '../cron/compiled-cron.js';
import { RUNS_FIRST_PASS_ONLY } from './offset-policy.js';
import { isMadeUpAtStart, lastTickUpTo } from './tick-search.js';
import type { OffsetEffect } from '../triggers/trigger.js';
import { countWalls, nextWall, prevWall } from './wall-search.js';
import type { OffsetSegment, Zone } from '../zone/zone.js';

/** Effects of changes of offset (DST) at a tick (UTC seconds), or between the previous tick and this one. */
export function effectsAt(compiled: CompiledCron, zone: Zone, policy: number, tick: number): OffsetEffect[] {
  const before = lastTickUpTo(compiled, zone, policy, tick - 1) ?? tick;
  const effects: OffsetEffect[] = [];
  for (let segment = zone.at(tick); segment.start > before; segment = zone.at(segment.start - 1)) {
    const effect =
      segment.shift > 0
        ? gapEffect(compiled, policy, segment, tick)
        : overlapEffect(compiled, policy, segment);
    if (effect !== null) effects.unshift(effect);
  }
  const repeated = repeatedEffect(compiled, zone, policy, tick);
  return repeated === null ? effects : [...effects, repeated];
}

function gapEffect(
  compiled: CompiledCron,
  policy: number,
  segment: OffsetSegment,
  tick: number,
): OffsetEffect | null {
  const resumed = segment.start + segment.offset;
  if (!isMadeUpAtStart(compiled, policy, segment)) {
    return effectOf('skipped', compiled, segment, resumed - segment.shift, resumed - 1);
  }
  // A made-up run is itself a tick, so it is this one.
  const isRegular = nextWall(compiled, tick + segment.offset) === tick + segment.offset;
  return effectOf(isRegular ? 'merged' : 'moved', compiled, segment, resumed - segment.shift, resumed - 1);
}

function overlapEffect(compiled: CompiledCron, policy: number, segment: OffsetSegment): OffsetEffect | null {
  if (segment.shift >= 0 || (policy & RUNS_FIRST_PASS_ONLY) === 0) return null;
  const repeated = segment.start + segment.offset;
  return effectOf('skipped', compiled, segment, repeated, repeated - segment.shift - 1);
}

function repeatedEffect(
  compiled: CompiledCron,
  zone: Zone,
  policy: number,
  tick: number,
): OffsetEffect | null {
  let segment = zone.at(tick);
  if (tick >= segment.repeatedUntil || (policy & RUNS_FIRST_PASS_ONLY) !== 0) return null;
  const wall = tick + segment.offset;
  // The overlap may lie before a seam of the table.
  while (segment.shift >= 0) segment = zone.at(segment.start - 1);
  return effectOf('repeated', compiled, segment, wall, wall);
}

/** Null when no matching wall time lies in [from, to]. */
function effectOf(
  kind: OffsetEffect['kind'],
  compiled: CompiledCron,
  segment: OffsetSegment,
  from: number,
  to: number,
): OffsetEffect | null {
  const count = countWalls(compiled, from, to);
  if (count === 0) return null;
  return {
    kind,
    changeAt: new Date(segment.start * 1000),
    changeMinutes: segment.shift / 60,
    firstWallTime: formatWallSecond(nextWall(compiled, from)),
    lastWallTime: formatWallSecond(prevWall(compiled, to)),
    count,
  };
}
