import { lowerBound } from '../time/lower-bound.js';
import { SET_SIZE, type TickSet } from '../time/tick-set.js';
import type { BaseTrigger, Landmarks } from '../triggers/base-trigger.js';
import { isOnWholeSeconds } from '../time/tick-grid.js';
import { TickSpan, type Lattice } from '../time/tick-span.js';

const YEAR_MS = 366 * 86_400_000;

/**
 * A search ends a hundred years after the last tick or edge, as that of a cron expression does; where it
 * has looked at most days on the way, after forty-one, since all that recurs in the calendar does so by
 * then.
 */
const LONGEST_MS = 100 * YEAR_MS;
const LONGEST_DENSE_MS = 41 * YEAR_MS;
const DENSE_SPANS = 12_000;

/** Bounds searches over short spans, and over many edges. */
const MOST_SPANS = 100_000;

const WHOLE_SECONDS: Lattice = { originAt: 0, unitMs: 1000, isWholeSeconds: true };

type Direction = 1 | -1;

/**
 * Searches the ticks of a combination span by span, as sets: exact, and as fast for dense triggers that
 * never meet as for those that always do. Make one for a search, and drop it with its cache.
 */
export class TickSweep {
  /** True after a search that found nothing and was not complete. */
  gaveUp = false;
  readonly #trigger: BaseTrigger;
  readonly #spans: readonly TickSpan[];
  readonly #edges: readonly number[];

  constructor(trigger: BaseTrigger) {
    const landmarks: Landmarks = { grids: [], instants: [], edges: [] };
    trigger.addLandmarks(landmarks);
    this.#trigger = trigger;
    this.#spans = latticesOf(landmarks).map((lattice) => new TickSpan(lattice));
    this.#edges = landmarks.edges.toSorted((a, b) => a - b);
  }

  /** The first tick > `afterAt`; null when there is none. */
  next(afterAt: number): number | null {
    let found: number | null = null;
    for (const span of this.#spans) {
      for (const set of this.#sets(span, afterAt + 1, 1, found ?? Infinity)) {
        const index = set.next(Math.max(0, span.indexFrom(afterAt + 1)));
        if (index === null) continue;
        found = Math.min(span.instantOf(index), found ?? Infinity);
        break;
      }
    }
    return found;
  }

  /** The last tick in [fromAt, beforeAt); null when there is none. */
  prev(beforeAt: number, fromAt = -Infinity): number | null {
    let found: number | null = null;
    for (const span of this.#spans) {
      for (const set of this.#sets(span, beforeAt - 1, -1, found ?? fromAt)) {
        const index = set.prev(Math.min(SET_SIZE - 1, span.indexUpTo(beforeAt - 1)));
        if (index === null) continue;
        if (span.instantOf(index) >= (found ?? fromAt)) found = span.instantOf(index);
        break;
      }
    }
    return found;
  }

  /**
   * Whether there is a tick at all: from `referenceAt` on, or before. The years before 1970 count only for
   * triggers that begin or end in them.
   */
  hasTick(referenceAt: number): boolean {
    if (this.next(referenceAt - 1) !== null) return true;
    const isOld = this.#edges.some((edge) => edge < 0);
    return this.prev(referenceAt, isOld ? -Infinity : 0) !== null;
  }

  /** The number of ticks in [fromAt, toAt], at most `most`. */
  count(fromAt: number, toAt: number, most: number): number {
    let count = 0;
    for (const span of this.#spans) {
      for (const set of this.#sets(span, fromAt, 1, toAt)) {
        count += span.clip(set, fromAt, toAt).size;
        if (count >= most) return most;
      }
    }
    return count;
  }

  /** The sets of the spans from the one at `fromAt` to the one at `lastAt`, but for empty ones. */
  *#sets(span: TickSpan, fromAt: number, direction: Direction, lastAt: number): Iterable<TickSet> {
    let at = fromAt;
    let since: number | null = null;
    let empty = 0;
    for (let looks = 0; looks < MOST_SPANS; looks++) {
      const bound =
        direction === 1
          ? this.#trigger.boundAfter(at - 1, span.lattice)
          : this.#trigger.boundBefore(at + 1, span.lattice);
      if (bound === null || (bound - lastAt) * direction > 0) return;
      const edgeAt = this.#edgeUpTo(bound, direction, since ?? bound);
      if (edgeAt !== since) empty = 0;
      since = edgeAt;
      if ((bound - since) * direction > (empty > DENSE_SPANS ? LONGEST_DENSE_MS : LONGEST_MS)) {
        const edge = this.#edgeAfter(bound, direction);
        if (edge === null) return;
        at = edge;
        continue;
      }
      span.moveTo(bound);
      let set = this.#trigger.ticksIn(span);
      // Those belong to the lattice of whole seconds.
      if (!span.lattice.isWholeSeconds) set = span.difference(set, span.wholeSeconds());
      at = direction === 1 ? span.lastAt + 1 : span.firstAt - 1;
      if (set.isEmpty) {
        empty++;
        continue;
      }
      since = at;
      empty = 0;
      yield set;
    }
    this.gaveUp = true;
  }

  /** The last edge up to `at` in the direction of a search, if it comes after `since`; else `since`. */
  #edgeUpTo(at: number, direction: Direction, since: number): number {
    const index = direction === 1 ? lowerBound(this.#edges, at + 1) - 1 : lowerBound(this.#edges, at);
    const edge = this.#edges[index];
    return edge !== undefined && (edge - since) * direction > 0 ? edge : since;
  }

  #edgeAfter(at: number, direction: Direction): number | null {
    const index = direction === 1 ? lowerBound(this.#edges, at + 1) : lowerBound(this.#edges, at) - 1;
    return this.#edges[index] ?? null;
  }
}

/** The whole seconds, and the coarsest lattice that holds all other ticks of intervals and dates. */
function latticesOf({ grids, instants }: Landmarks): Lattice[] {
  const between = grids.filter((grid) => !isOnWholeSeconds(grid));
  const firsts = [...between.map(({ firstAt }) => firstAt), ...instants.filter((at) => at % 1000 !== 0)];
  const originAt = firsts[0];
  if (originAt === undefined) return [WHOLE_SECONDS];
  const steps = [...between.map(({ everyMs }) => everyMs), ...firsts.map((at) => Math.abs(at - originAt))];
  const unitMs = steps.reduce(greatestDivisor, 0) || 1;
  return [WHOLE_SECONDS, { originAt, unitMs, isWholeSeconds: false }];
}

function greatestDivisor(a: number, b: number): number {
  let [large, small] = [a, b];
  while (small !== 0) [large, small] = [small, large % small];
  return large;
}
