import { expect, it } from 'vitest';
import type { Claim } from '../../model/index.js';
import type { RunRecord } from '../records.js';
import { HeldClaims } from './held-claims.js';

const claim = (runId: string, token: number) => ({ runId, token }) as Claim;
const run = {} as RunRecord;
const earlier = { progress: null, log: null };

it('counts claims whose runs have not ended, also when a newer claim of a run replaces an older one', () => {
  const held = new HeldClaims();
  held.add(claim('a', 1), run, earlier);
  held.add(claim('b', 1), run, earlier);
  expect(held.atWork).toBe(2);
  held.markCompleting(claim('a', 1), true);
  held.markCompleting(claim('a', 1), true);
  expect(held.atWork).toBe(1);

  // Claimed again before its last completion was written.
  held.add(claim('a', 2), run, earlier);
  expect(held.atWork).toBe(2);
  held.delete(claim('a', 1));
  expect(held.atWork).toBe(2);
  held.delete(claim('a', 2));
  held.delete(claim('b', 1));
  expect(held.atWork).toBe(0);
});

it('counts a claim again whose completion could not be written', () => {
  const held = new HeldClaims();
  held.add(claim('a', 1), run, earlier);
  held.markCompleting(claim('a', 1), true);
  held.markCompleting(claim('a', 1), false);
  expect(held.atWork).toBe(1);
  held.markCompleting(claim('a', 1), true);
  held.delete(claim('a', 1));
  expect(held.atWork).toBe(0);
});
