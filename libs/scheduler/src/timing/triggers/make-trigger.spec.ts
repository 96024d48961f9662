import { describe, expect, it } from 'vitest';
import {
  after,
  anyOf,
  at,
  InvalidDurationError,
  InvalidTriggerError,
  NeverFiresError,
  timeoutAfter,
  type Trigger,
} from '../index.js';

const JOB = { jobId: 'a', timezone: 'UTC', anchorAt: 10_000 };

function step(nowAt: number, stepMs: number, lastTickAt: number | null, waitingAt: number | null = null) {
  return { nowAt, stepMs, lastTickAt, waitingAt };
}

function walk(trigger: Trigger, from: number, to: number): number[] {
  const found: number[] = [];
  for (let tick = trigger.nextAt(from); tick !== null && tick <= to; tick = trigger.nextAt(tick))
    found.push(tick);
  return found;
}

describe('at', () => {
  const date = at('2027-03-28T09:00:00+02:00');
  const instant = Date.parse('2027-03-28T07:00:00Z');

  it('is due once', () => {
    expect(walk(date, -Infinity, Infinity)).toEqual([instant]);
    expect(date.nextAt(instant)).toBeNull();
    expect(date.prevAt(instant + 1)).toBe(instant);
    expect(date.prevAt(instant)).toBeNull();
    expect(date.countBetween(instant, instant)).toBe(1);
    expect(date.countBetween(instant + 1, instant + 2)).toBe(0);
    expect(date.preview(5, new Date(0))).toMatchObject([
      { wallTime: '2027-03-28T07:00:00', offset: '+00:00', effects: [] },
    ]);
  });

  it('is not due again when the clock is set back behind it', () => {
    expect(date.afterClockSetBack(step(instant - 5000, 9000, instant)).nextAt).toBeNull();
    expect(date.afterClockSetBack(step(instant - 5000, 9000, null)).nextAt).toBe(instant);
  });

  it.each([
    '2027-03-28',
    '2027-03-28T09:00',
    'x',
    '',
    5,
    null,
    undefined,
    new Date(NaN),
    new Date(8.64e15),
    '2027-13-01T00:00:00Z',
    '2027-01-01T24:00:00Z',
  ])('refuses %o', (value) => expect(() => at(value as string)).toThrow(InvalidTriggerError));
});

describe('timeoutAfter', () => {
  const open = timeoutAfter('30s');
  const bound = open.bind(JOB);

  it('is due once, after its anchor', () => {
    expect(walk(bound, -Infinity, Infinity)).toEqual([40_000]);
    expect(bound.prevAt(Infinity)).toBe(40_000);
    expect(bound.prevAt(40_000)).toBeNull();
    expect(bound.countBetween(0, 40_000)).toBe(1);
    expect(bound.countBetween(40_001, 50_000)).toBe(0);
    expect(bound.bind({ ...JOB, anchorAt: 99 })).toBe(bound);
    expect(timeoutAfter(0).bind(JOB).nextAt(-Infinity)).toBe(10_000);
  });

  it('counts from the instant asked about while it has no anchor', () => {
    expect(open.nextAt(500)).toBe(30_500);
    expect(open.prevAt(500)).toBeNull();
    expect(open.preview(3, new Date(0))).toHaveLength(1);
  });

  it('moves with a clock that is set back, and is over once it ran', () => {
    expect(bound.afterClockSetBack(step(5000, 20_000, null)).nextAt).toBe(20_000);
    expect(bound.afterClockSetBack(step(5000, 20_000, 40_000)).nextAt).toBeNull();
  });
});

describe('after', () => {
  it('is a date once a job has bound it', () => {
    const bound = after('30s').bind(JOB);
    expect(JSON.stringify(bound)).toBe(JSON.stringify(at(new Date(40_000))));
    expect(bound.constructor).toBe(at(new Date(0)).constructor);
    expect(after(0).bind(JOB).firstAt(10_000)).toBe(10_000);
  });

  it('counts from the instant asked about while no job has bound it', () => {
    const open = after({ seconds: 30 });
    expect(open.nextAt(500)).toBe(30_500);
    expect(open.prevAt()).toBeNull();
    expect(open.countBetween(0, 30_000)).toBe(1);
    expect(open.countBetween(0, 29_999)).toBe(0);
    expect(open.preview(3, new Date(0)).map((tick) => tick.at)).toEqual([new Date(30_000)]);
    expect(String(open)).toBe('once, 30s after it is added');
  });

  it('is bound inside a combination, too', () => {
    const bound = anyOf(after('30s'), at(new Date(15_000))).bind(JOB);
    expect(walk(bound, -Infinity, Infinity)).toEqual([15_000, 40_000]);
  });

  it('refuses what is no duration, and what ends after the year 9999', () => {
    expect(() => after(-1)).toThrow(InvalidDurationError);
    expect(() => after('PT30S')).toThrow(/"after" is "PT30S"/);
    expect(() => after(2 ** 53).bind(JOB)).toThrow(NeverFiresError);
    expect(after(2 ** 53).next(new Date(0))).toBeNull();
  });
});
