import { expect, it } from 'vitest';
import { firstIdOf, RunIds } from './run-ids.js';

const START = Date.UTC(2026, 5, 1, 12);

it('ids rise, whatever the clock does', () => {
  const ids = new RunIds();
  const made = [5, 5, 9, 3, 9, 10].map((now) => ids.next(START + now));
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made.map(({ length }) => length))).toEqual(new Set([26]));
});

it('ids sort at or behind the first id of their instant', () => {
  const id = new RunIds().next(START);
  expect(firstIdOf(START) <= id).toBe(true);
  expect(firstIdOf(START + 1) > id).toBe(true);
});
