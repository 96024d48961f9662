import { SET_SIZE, TickSet } from './tick-set.js';
import { commonGrid, gridFrom, isOnWholeSeconds, WHOLE_SECONDS, type TickGrid } from './tick-grid.js';

/**
 * Equally spaced instants, originAt + k · unitMs. All ticks that a combination can have lie on two of
 * them: the whole seconds, where cron expressions have theirs, and one for intervals and dates between.
 */
export interface Lattice {
  readonly originAt: number;
  readonly unitMs: number;
  readonly isWholeSeconds: boolean;
}

const MOST_KEPT = 1000;

/**
 * SET_SIZE consecutive instants of a lattice, over which triggers give their ticks as sets. Spans of one
 * search share a cache: most days are alike, so most sets and their combinations have been made before.
 */
export class TickSpan {
  readonly lattice: Lattice;
  firstAt = 0;
  lastAt = 0;
  #kept = 0;
  readonly #sets = new Map<object, Map<number | string, TickSet>>();
  readonly #unions = new Map<TickSet, Map<TickSet, TickSet>>();
  readonly #intersections = new Map<TickSet, Map<TickSet, TickSet>>();
  readonly #differences = new Map<TickSet, Map<TickSet, TickSet>>();
  readonly #grids = new Map<object, TickGrid | null>();

  constructor(lattice: Lattice) {
    this.lattice = lattice;
  }

  /** Moves to the span that holds an instant. */
  moveTo(at: number): void {
    const { originAt, unitMs } = this.lattice;
    const lengthMs = SET_SIZE * unitMs;
    this.firstAt = originAt + Math.floor((at - originAt) / lengthMs) * lengthMs;
    this.lastAt = this.firstAt + lengthMs - unitMs;
  }

  instantOf(index: number): number {
    return this.firstAt + index * this.lattice.unitMs;
  }

  /** The number of the first instant >= `at`; below 0 or beyond the set when that lies outside. */
  indexFrom(at: number): number {
    return Math.ceil((at - this.firstAt) / this.lattice.unitMs);
  }

  /** The number of the last instant <= `at`. */
  indexUpTo(at: number): number {
    return Math.floor((at - this.firstAt) / this.lattice.unitMs);
  }

  /** The set that `owner` has under `key`, made when it is not in the cache. */
  cached(owner: object, key: number | string, make: () => TickSet): TickSet {
    return this.#sets.get(owner)?.get(key) ?? this.#keep(this.#sets, owner, key, make());
  }

  /** The whole seconds among the instants of a lattice between them. */
  wholeSeconds(): TickSet {
    const { unitMs } = this.lattice;
    let start = 0;
    while (start < 1000 && (this.firstAt + start * unitMs) % 1000 !== 0) start++;
    if (start === 1000) return TickSet.EMPTY;
    let step = 1;
    while ((step * unitMs) % 1000 !== 0) step++;
    return this.cached(this.lattice, start, () => TickSet.steps(start, SET_SIZE, step));
  }

  /** The ticks given one by one, ascending; for triggers with few. */
  setOf(ticks: Iterable<number>): TickSet {
    const indexes: number[] = [];
    for (const at of ticks) {
      const index = (at - this.firstAt) / this.lattice.unitMs;
      if (Number.isInteger(index)) indexes.push(index);
    }
    if (indexes.length !== 1) return TickSet.of(indexes);
    return this.cached(TickSpan, indexes[0]!, () => TickSet.of(indexes));
  }

  /** @param owner an object that stands for the grid in the cache */
  setOfGrid(owner: object, grid: TickGrid): TickSet {
    const own = this.gridOn(owner, grid);
    const first = own === null ? null : gridFrom(own, this.firstAt);
    if (first === null || first > this.lastAt) return TickSet.EMPTY;
    const { unitMs } = this.lattice;
    const start = (first - this.firstAt) / unitMs;
    const step = own!.everyMs / unitMs;
    const end = Math.min(SET_SIZE, this.indexUpTo(own!.lastAt) + 1);
    if (end < SET_SIZE) return TickSet.steps(start, end, step);
    return this.cached(owner, start, () => TickSet.steps(start, end, step));
  }

  /** The ticks of a grid that lie on this lattice and on no other; null when there are none. */
  gridOn(owner: object, grid: TickGrid): TickGrid | null {
    let own = this.#grids.get(owner);
    if (own === undefined) {
      if (this.lattice.isWholeSeconds) own = commonGrid(grid, WHOLE_SECONDS);
      else own = isOnWholeSeconds(grid) ? null : grid;
      this.#grids.set(owner, own);
    }
    return own;
  }

  /** The part of a set in [fromAt, toAt]. */
  clip(set: TickSet, fromAt: number, toAt: number): TickSet {
    if (set.isEmpty || (fromAt <= this.firstAt && toAt >= this.lastAt)) return set;
    const from = Math.max(0, this.indexFrom(fromAt));
    const end = Math.min(SET_SIZE, this.indexUpTo(toAt) + 1);
    return from >= end ? TickSet.EMPTY : set.moved(from, end, 0);
  }

  union(a: TickSet, b: TickSet): TickSet {
    if (a.isEmpty || a === b) return b;
    if (b.isEmpty) return a;
    const known = this.#unions.get(a)?.get(b);
    return known ?? this.#keep(this.#unions, a, b, a.union(b));
  }

  intersection(a: TickSet, b: TickSet): TickSet {
    if (a.isEmpty || b.isEmpty) return TickSet.EMPTY;
    if (a === b) return a;
    const known = this.#intersections.get(a)?.get(b);
    return known ?? this.#keep(this.#intersections, a, b, a.intersection(b));
  }

  difference(a: TickSet, b: TickSet): TickSet {
    if (a.isEmpty || a === b) return TickSet.EMPTY;
    if (b.isEmpty) return a;
    const known = this.#differences.get(a)?.get(b);
    return known ?? this.#keep(this.#differences, a, b, a.difference(b));
  }

  #keep<K extends object, L>(cache: Map<K, Map<L, TickSet>>, owner: K, key: L, set: TickSet): TickSet {
    // Bounds the cache to some MB.
    if (++this.#kept > MOST_KEPT) {
      this.#kept = 0;
      for (const one of [this.#sets, this.#unions, this.#intersections, this.#differences]) one.clear();
    }
    const ofOwner = cache.get(owner);
    if (ofOwner === undefined) cache.set(owner, new Map([[key, set]]));
    else ofOwner.set(key, set);
    return set;
  }
}
