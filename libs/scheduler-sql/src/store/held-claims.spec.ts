import type { Claim } from '@carillon/scheduler/store';
import { expect, it } from 'vitest';
import type { RunTable } from '../schema/tables.js';
import { HeldClaims } from './held-claims.js';

const claim = (runId: string, token: number) => ({ runId, token }) as Claim;
const run = {} as RunTable;

it('counts claims whose runs have not ended, whatever replaces them', () => {
  const held = new HeldClaims();
  held.add(claim('a', 1), run);
  held.add(claim('b', 1), run);
  expect(held.underWay).toBe(2);
  held.markEnding(claim('a', 1), true);
  held.markEnding(claim('a', 1), true);
  expect(held.underWay).toBe(1);

  // Claimed again before the end of its last claim was written.
  held.add(claim('a', 2), run);
  expect(held.underWay).toBe(2);
  held.delete(claim('a', 1));
  expect(held.underWay).toBe(2);
  held.delete(claim('a', 2));
  held.delete(claim('b', 1));
  expect(held.underWay).toBe(0);
});

it('counts a claim again whose end could not be written', () => {
  const held = new HeldClaims();
  held.add(claim('a', 1), run);
  held.markEnding(claim('a', 1), true);
  held.markEnding(claim('a', 1), false);
  expect(held.underWay).toBe(1);
  held.markEnding(claim('a', 1), true);
  held.delete(claim('a', 1));
  expect(held.underWay).toBe(0);
});
