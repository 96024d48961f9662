import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SET_SIZE, TickSet } from './tick-set.js';

const member = fc.oneof(
  fc.integer({ min: 0, max: SET_SIZE - 1 }),
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: SET_SIZE - 200, max: SET_SIZE - 1 }),
);

/** Short lists, ranges, and sets that have to be bits. */
const members = fc.oneof(
  fc.array(member, { maxLength: 20 }),
  fc.tuple(member, fc.nat(300)).map(([from, size]) => range(from, Math.min(SET_SIZE, from + size), 1)),
  fc.tuple(member, fc.integer({ min: 1, max: 400 })).map(([from, step]) => range(from, SET_SIZE, step)),
);

function range(from: number, end: number, step: number): number[] {
  return Array.from({ length: Math.ceil((end - from) / step) }, (_, index) => from + index * step);
}

function listed(set: TickSet): number[] {
  const found: number[] = [];
  for (let one = set.next(0); one !== null; one = set.next(one + 1)) found.push(one);
  return found;
}

function sorted(values: Iterable<number>): number[] {
  return [...new Set(values)].toSorted((a, b) => a - b);
}

it('is the set of its members, whether it keeps a list or bits', () => {
  fc.assert(
    fc.property(members, members, member, member, (first, second, one, other) => {
      const [a, b] = [sorted(first), sorted(second)];
      const [setA, setB] = [TickSet.of(a), TickSet.of(b)];
      const [inA, inB] = [new Set(a), new Set(b)];
      expect(listed(setA)).toEqual(a);
      expect([setA.size, setA.isEmpty, setA.has(one)]).toEqual([a.length, a.length === 0, inA.has(one)]);
      expect(listed(setA.union(setB))).toEqual(sorted([...a, ...b]));
      expect(listed(setA.intersection(setB))).toEqual(a.filter((value) => inB.has(value)));
      expect(listed(setA.difference(setB))).toEqual(a.filter((value) => !inB.has(value)));
      expect(setA.next(one)).toBe(a.find((value) => value >= one) ?? null);
      expect(setA.prev(one)).toBe(a.findLast((value) => value <= one) ?? null);
      const [from, end] = [Math.min(one, other), Math.max(one, other)];
      const part = a.filter((value) => value >= from && value < end);
      expect(listed(setA.moved(from, end, -from))).toEqual(part.map((value) => value - from));
      expect(listed(setA.moved(from, end, SET_SIZE - end))).toEqual(
        part.map((value) => value + SET_SIZE - end),
      );
    }),
    { seed: 20_270_328, numRuns: 300 },
  );
});

it('has steps, and masks of 32', () => {
  for (const [from, end, step] of [
    [0, SET_SIZE, 1],
    [5, 90, 1],
    [7, 5000, 3],
    [86_399, SET_SIZE, 1],
  ] as const)
    expect(listed(TickSet.steps(from, end, step))).toEqual(range(from, end, step));
  expect(
    listed(
      TickSet.ofMasks([
        [30, 0b101],
        [86_368, -1],
      ]),
    ),
  ).toEqual([30, 32, ...range(86_368, SET_SIZE, 1)]);
});
