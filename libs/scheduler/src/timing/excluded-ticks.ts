import type { BareRule } from './bare-rule.js';
import { stretchCovered } from './day-times.js';
import { processZone, zoneOf } from './zone.js';

/**
 * The stretch around a tick of `rule` in which all ticks of `rule` are ticks of `excluded` too, [from, to]
 * in ms; null when that tick itself is not. Steps over whole days where the times of day tell it, so that
 * an exclusion of every second of a month costs thirty looks.
 */
export function excludedAround(
  rule: BareRule,
  excluded: BareRule,
  at: number,
): { fromAt: number; toAt: number } | null {
  if (!excluded.has(at)) return null;
  let fromAt = at;
  let toAt = at;
  for (const parts of excluded.alternatives()) {
    const [part] = parts;
    if (parts.length > 1 || (part !== excluded && !part!.has(at))) continue;
    const stretch = stretchOf(rule, part!, at);
    fromAt = Math.min(fromAt, stretch.fromAt);
    toAt = Math.max(toAt, stretch.toAt);
  }
  return { fromAt, toAt };
}

function stretchOf(rule: BareRule, excluded: BareRule, at: number): { fromAt: number; toAt: number } {
  const [grid, other] = [rule.grid, excluded.grid];
  if (grid !== null && other !== null && grid.everyMs % other.everyMs === 0) {
    return { fromAt: other.firstAt, toAt: other.lastAt };
  }
  const name = excluded.timezone ?? rule.timezone;
  const zone = typeof name === 'string' ? zoneOf(name) : processZone();
  const second = Math.floor(at / 1000);
  const inner = rule.timesOfDay(zone, second);
  const outer = excluded.timesOfDay(zone, second);
  const regular = outer === null || inner === null ? null : excluded.regularAround(zone, at);
  if (regular === null) return { fromAt: at, toAt: at };
  const stretch = stretchCovered(inner!, outer!);
  const wall = second + zone.at(second).offset;
  const first = (wall - (((wall % stretch) + stretch) % stretch) - zone.at(second).offset) * 1000;
  return {
    fromAt: Math.min(at, Math.max(first, regular.fromAt)),
    toAt: Math.max(at, Math.min(first + stretch * 1000 - 1, regular.toAt)),
  };
}
