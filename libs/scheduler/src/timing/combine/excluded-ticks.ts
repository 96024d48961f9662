import type { BaseTrigger } from '../triggers/base-trigger.js';
import { DAY_SECONDS } from '../time/civil-calendar.js';
import { stretchCovered } from '../triggers/day-times.js';
import { zoneOf } from '../zone/zone.js';

const ALWAYS = { start: -Infinity, end: Infinity };

/**
 * The stretch around a tick of `rule` in which all ticks of `rule` are ticks of `excluded` too, [from, to]
 * in ms; null when that tick itself is not. Steps over whole days where the times of day tell it, so that
 * an exclusion of every second of a month costs thirty looks.
 */
export function excludedAround(
  rule: BaseTrigger,
  excluded: BaseTrigger,
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

function stretchOf(rule: BaseTrigger, excluded: BaseTrigger, at: number): { fromAt: number; toAt: number } {
  const [grid, other] = [rule.grid, excluded.grid];
  if (grid !== null && other !== null && grid.everyMs % other.everyMs === 0) {
    return { fromAt: other.firstAt, toAt: other.lastAt };
  }
  const name = excluded.timezone ?? rule.timezone;
  // Where no zone has a part in it, any will do.
  const zone = zoneOf(name ?? 'UTC');
  const second = Math.floor(at / 1000);
  const inner = rule.timesOfDay(zone, second);
  const outer = excluded.timesOfDay(zone, second);
  const regular = outer === null || inner === null ? null : excluded.regularAround(zone, at);
  if (regular === null) return { fromAt: at, toAt: at };
  // What is known of the rule holds while its own offset does.
  const own = typeof rule.timezone === 'string' ? zoneOf(rule.timezone).at(second) : ALWAYS;
  const fromAt = Math.max(regular.fromAt, (own.start + 1) * 1000);
  const toAt = Math.min(regular.toAt, own.end * 1000 - 1);
  const stretch = stretchCovered(inner!, outer!);
  if (stretch === DAY_SECONDS) return { fromAt: Math.min(at, fromAt), toAt: Math.max(at, toAt) };
  const wall = second + zone.at(second).offset;
  const firstAt = (Math.floor(wall / stretch) * stretch - zone.at(second).offset) * 1000;
  return {
    fromAt: Math.min(at, Math.max(firstAt, fromAt)),
    toAt: Math.max(at, Math.min(firstAt + stretch * 1000 - 1, toAt)),
  };
}
