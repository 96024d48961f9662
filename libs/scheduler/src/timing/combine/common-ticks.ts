import type { BaseTrigger } from '../triggers/base-trigger.js';
import { commonTimes, dayTimesOfGrid, EVERY_TIME, type DayTimes } from '../triggers/day-times.js';
import { commonGrid, gridFrom, gridUpTo, type TickGrid } from '../triggers/tick-grid.js';
import { FIRST_INSTANT_MS, LAST_INSTANT_MS } from '../time/instant.js';
import { zoneOf, type Zone } from '../zone/zone.js';

/** A search ends after a hundred years, as that of a cron expression does. */
const LONGEST_SEARCH_MS = 100 * 366 * 86_400_000;

/** And after so many looks, tens of ms: rules that meet do so sooner, but for contrived ones. */
const MOST_LOOKS = 100_000;

/** All changes that a zone's present rules make come within these years. */
const SAMPLED_FROM = Date.UTC(2020, 0, 1) / 1000;
const SAMPLED_TO = Date.UTC(2032, 0, 1) / 1000;

/** The instants that some rules have in common. Intervals among them are one grid, exactly. */
export class CommonTicks {
  readonly #rules: readonly BaseTrigger[];
  readonly #grid: TickGrid | null;
  readonly isEmpty: boolean;

  constructor(parts: readonly BaseTrigger[]) {
    const rules = parts.filter(({ grid }) => grid === null);
    let grid: TickGrid | null = null;
    let isEmpty = false;
    for (const part of parts) {
      if (part.grid !== null && !isEmpty) {
        grid = grid === null ? part.grid : commonGrid(grid, part.grid);
        isEmpty = grid === null;
      }
    }
    // Cron expressions speak of whole seconds, so of an interval only those count.
    if (grid !== null && rules.some(({ type }) => type === 'cron' || type === 'calendarInterval')) {
      grid = commonGrid(grid, { firstAt: FIRST_INSTANT_MS, everyMs: 1000, lastAt: LAST_INSTANT_MS });
      isEmpty = grid === null;
    }
    this.#rules = rules;
    this.#grid = grid;
    this.isEmpty = isEmpty || neverMeet(rules, grid);
  }

  nextAt(afterAt: number): number | null {
    return this.#search(afterAt + 1, 1);
  }

  prevAt(beforeAt: number): number | null {
    return this.#search(beforeAt - 1, -1);
  }

  /** Each in turn goes to its first tick from `at` on; when all stay, it is a tick of all. */
  #search(fromAt: number, direction: 1 | -1): number | null {
    if (this.isEmpty) return null;
    const turns = this.#rules.length + 1;
    let at = fromAt;
    let stayed = 0;
    let lastAt: number | null = null;
    for (let look = 0; stayed < turns; look++) {
      const tick: number | null =
        direction === 1 ? this.#from(look % turns, at) : this.#upTo(look % turns, at);
      if (tick === null || look > MOST_LOOKS) return null;
      stayed = tick === at ? stayed + 1 : 1;
      at = tick;
      // Counted from where all of them have begun.
      if (look === turns) lastAt = at + direction * LONGEST_SEARCH_MS;
      if (lastAt !== null && (at - lastAt) * direction > 0) return null;
    }
    return at;
  }

  #from(turn: number, at: number): number | null {
    if (turn > 0) return this.#rules[turn - 1]!.nextAt(at - 1);
    return this.#grid === null ? at : gridFrom(this.#grid, at);
  }

  #upTo(turn: number, at: number): number | null {
    if (turn > 0) return this.#rules[turn - 1]!.prevAt(at + 1);
    return this.#grid === null ? at : gridUpTo(this.#grid, at);
  }
}

/**
 * Whether times of day tell that there is no common tick: at no offsets that the zones have do they
 * agree, and the runs after gaps, which may come at any time of day, do not meet either.
 */
function neverMeet(rules: readonly BaseTrigger[], grid: TickGrid | null): boolean {
  const names = new Set(rules.map(({ timezone }) => timezone));
  const zones = [...names].filter((name) => typeof name === 'string').map(zoneOf);
  if (zones.length === 0) return false;
  const { seconds, gapEnds } = changesOf(zones);
  if (seconds.some((second) => mayMeet(rules, grid, zones[0]!, second))) return false;
  return !gapEnds.some(
    (at) => rules.every((rule) => rule.has(at)) && (grid === null || gridFrom(grid, at) === at),
  );
}

function mayMeet(rules: readonly BaseTrigger[], grid: TickGrid | null, zone: Zone, second: number): boolean {
  let common: DayTimes | null =
    grid === null ? EVERY_TIME : commonTimes(dayTimesOfGrid(grid, zone.at(second).offset).times, EVERY_TIME);
  for (const rule of rules) {
    const times = rule.timesOfDay(zone, second);
    if (common !== null && times !== null) common = commonTimes(common, times);
  }
  return common !== null;
}

/** By their present rules: an instant (UTC seconds) for each set of offsets that zones have, and where gaps end (ms). */
function changesOf(zones: readonly Zone[]): { seconds: number[]; gapEnds: number[] } {
  const samples = new Map<string, number>();
  const gapEnds: number[] = [];
  for (const zone of zones) {
    for (let segment = zone.at(SAMPLED_FROM); segment.start < SAMPLED_TO; segment = zone.at(segment.end)) {
      const second = Math.max(segment.start, SAMPLED_FROM);
      samples.set(zones.map((other) => other.at(second).offset).join(), second);
      if (segment.shift > 0) gapEnds.push(segment.start * 1000);
      if (segment.end === Infinity) break;
    }
  }
  return { seconds: [...samples.values()], gapEnds };
}
