import { describe, expect, it } from 'vitest';
import { DueFloor } from './due-floor.js';

const LONGEST_MS = 5_000;

/** Returns where the next claim begins: an instant, or the beginning. */
const next = (floor: DueFloor, now: number) => {
  const at = floor.from(now, 1);
  return at === Number.MIN_SAFE_INTEGER ? 'beginning' : at;
};

async function raised(earliest: number | null): Promise<DueFloor> {
  const floor = new DueFloor(LONGEST_MS);
  floor.from(1_000, 1);
  await floor.raise(async () => earliest);
  return floor;
}

describe('the floor under due instants', () => {
  it('is the earliest due instant that was found, until a claim begins from the beginning again', async () => {
    const floor = await raised(3_000);
    expect(next(floor, 3_000)).toBe(3_000);
    expect(next(floor, 1_000 + LONGEST_MS)).toBe('beginning');
    await floor.raise(async () => 9_000);
    expect(next(floor, 9_000)).toBe(9_000);
    expect(next(floor, 500)).toBe('beginning');
  });

  it('sinks to earlier instants that become known, also while the earliest is being read', async () => {
    const floor = await raised(3_000);
    floor.lower(2_000);
    floor.lower(2_500);
    expect(next(floor, 2_000)).toBe(2_000);
    await floor.raise(async () => {
      floor.lower(1_500);
      return 4_000;
    });
    expect(next(floor, 2_000)).toBe(1_500);
    await floor.raise(async () => 4_000);
    expect(next(floor, 2_000)).toBe(4_000);
    floor.reset();
    expect(next(floor, 2_000)).toBe('beginning');
  });

  it('stays below the due instant of a job that a user has yet to commit', async () => {
    const floor = await raised(9_000);
    floor.lowerLater(2_000, 1_000);
    await floor.raise(async () => 9_000);
    expect(next(floor, 2_000)).toBe(2_000);
  });

  it('sinks when a handler is added, and does not exist where hints are missing', async () => {
    const floor = await raised(3_000);
    expect(floor.from(2_000, 2)).toBe(Number.MIN_SAFE_INTEGER);
    const unhinted = new DueFloor(0);
    const askedFrom: number[] = [];
    const ask = async (from: number) => askedFrom.push(from);
    await unhinted.raise(ask);
    await unhinted.raise(ask);
    expect(askedFrom).toEqual([Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
    expect(next(unhinted, 2_000)).toBe('beginning');
  });
});
