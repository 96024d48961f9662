import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { every, InvalidTriggerError, type IntervalOptions, triggerFromJson, type Trigger } from '../index.js';

const ANCHOR = 10_000;
const JOB = { jobId: 'a', timezone: 'UTC', anchorAt: ANCHOR };

function walk(trigger: Trigger, from: number, most: number): number[] {
  const found: number[] = [];
  for (let at = trigger.nextAt(from); at !== null && found.length < most; at = trigger.nextAt(at))
    found.push(at);
  return found;
}

describe('mode delay', () => {
  const poller = every('1m', { mode: 'delay' }).bind(JOB);

  it('tells the engine to wait for the end of a run; rate does not', () => {
    expect(poller.waitsForRun).toBe(true);
    expect(every('1m').waitsForRun).toBe(false);
    expect(every('1m', { mode: 'rate' }).bind(JOB).waitsForRun).toBe(false);
  });

  it.each([
    ['before the anchor: its first tick', {}, 0, 70_000],
    ['at the anchor', {}, ANCHOR, 70_000],
    ['a run that ended between the anchor and the first tick puts that off', {}, 15_000, 75_000],
    ['after a run that ended at any time', {}, 123_456, 183_456],
    ['before the anchor with runOnStart: the anchor', { runOnStart: true }, 0, ANCHOR],
    ['at the anchor with runOnStart', { runOnStart: true }, ANCHOR, 70_000],
    ['before startAt: startAt', { startAt: new Date(50_000) }, 20_000, 50_000],
    ['at startAt', { startAt: new Date(50_000) }, 50_000, 110_000],
    ['after startAt', { startAt: new Date(50_000) }, 51_234, 111_234],
    ['beyond endAt', { endAt: new Date(100_000) }, 50_000, null],
  ])('%s', (_situation, options: IntervalOptions, after, expected) => {
    expect(
      every('1m', { ...options, mode: 'delay' })
        .bind(JOB)
        .nextAt(after),
    ).toBe(expected);
  });

  it('knows nothing of what lies behind', () => {
    expect(poller.prevAt(1e9)).toBeNull();
    expect(poller.countBetween(0, 1e9)).toBe(0);
  });

  it('begins its wait anew when the clock is set back', () => {
    const after = poller.afterClockSetBack({
      nowAt: 500_000,
      stepMs: 60_000,
      lastTickAt: 530_000,
      waitingAt: null,
    });
    expect(after.nextAt).toBe(560_000);
  });
});

describe('runOnStart', () => {
  const trigger = every('1m', { runOnStart: true }).bind(JOB);

  it('has its first tick at the anchor', () => {
    expect(walk(trigger, 0, 3)).toEqual([10_000, 70_000, 130_000]);
    expect(trigger.countBetween(0, 130_000)).toBe(3);
    expect(trigger.prevAt(70_000)).toBe(ANCHOR);
    expect(trigger.prevAt(ANCHOR)).toBeNull();
  });

  it('gives that tick to a job that is scheduled then, or within a second, and never again', () => {
    expect(trigger.firstAt(ANCHOR)).toBe(ANCHOR);
    expect(trigger.firstAt(ANCHOR + 3)).toBe(ANCHOR);
    expect(trigger.firstAt(ANCHOR + 5000)).toBe(70_000);
    expect(
      every(5, { runOnStart: true })
        .bind(JOB)
        .firstAt(ANCHOR + 5),
    ).toBe(ANCHOR + 10);
    expect(every('1m').bind(JOB).firstAt(ANCHOR)).toBe(70_000);
  });

  it('keeps a start that is still to come when the clock is set back, and does not repeat one that was', () => {
    expect(
      trigger.afterClockSetBack({ nowAt: 4000, stepMs: 6000, lastTickAt: null, waitingAt: null }).nextAt,
    ).toBe(4000);
    expect(
      trigger.afterClockSetBack({ nowAt: 4000, stepMs: 6000, lastTickAt: ANCHOR, waitingAt: null }).nextAt,
    ).toBe(64_000);
  });
});

describe('align epoch', () => {
  it.each([
    ['1h', {}, '2027-03-28T00:17:33.123Z', '2027-03-28T01:00:00.000Z'],
    ['1h', {}, '2027-03-28T01:00:00.000Z', '2027-03-28T02:00:00.000Z'],
    ['1d', {}, '2027-03-28T01:00:00.000Z', '2027-03-29T00:00:00.000Z'],
    // 1970-01-01 was a Thursday.
    ['1w', {}, '2027-03-28T00:00:00.000Z', '2027-04-01T00:00:00.000Z'],
    ['1h', {}, '1969-12-31T22:30:00.000Z', '1969-12-31T23:00:00.000Z'],
    ['1h', { startAt: '2028-01-01T00:10:00Z' }, '2027-01-01T00:00:00.000Z', '2028-01-01T01:00:00.000Z'],
    ['1h', { startAt: '2028-01-01T01:00:00Z' }, '2027-01-01T00:00:00.000Z', '2028-01-01T01:00:00.000Z'],
  ])('%s %o after %s', (period, options, after, expected) => {
    const trigger = every(period, { align: 'epoch', ...options });
    expect(trigger.next(new Date(after))!.toISOString()).toBe(expected);
    expect(trigger.bind(JOB)).toBe(trigger);
  });

  it('has the epoch itself', () => expect(every('7s', { align: 'epoch' }).nextAt(-1)).toBe(0));

  it('agrees with multiples, forwards, backwards and counted', () => {
    const numbers = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: -20_000, max: 20_000 }), numbers, (period, from, span) => {
        const trigger = every(period, { align: 'epoch' });
        const expected: number[] = [];
        for (let at = from + 1; at <= from + span; at++) if (at % period === 0) expected.push(at + 0);
        expect(walk(trigger, from, expected.length)).toEqual(expected);
        expect(trigger.countBetween(from + 1, from + span)).toBe(expected.length);
        const lastBefore = Math.ceil((from + span + 1) / period - 1) * period + 0;
        expect(trigger.prevAt(from + span + 1)).toBe(lastBefore);
      }),
      { seed: 20_270_328, numRuns: 300 },
    );
  });
});

describe('what contradicts itself', () => {
  it.each([
    [{ align: 'epoch', mode: 'delay' }, 'align'],
    [{ align: 'epoch', runOnStart: true }, 'runOnStart'],
    [{ runOnStart: true, startAt: new Date(0) }, 'runOnStart'],
    [{ mode: 'fast' }, 'mode'],
    [{ align: 'UTC' }, 'align'],
    [{ runOnStart: 'yes' }, 'runOnStart'],
    [{ seed: '' }, 'seed'],
  ])('%o is refused, naming %s', (options, field) => {
    expect(() => every('1m', options as IntervalOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_TRIGGER', field }) as Error,
    );
  });

  it('a jitter that is none is refused', () => {
    expect(() => every('1m', { jitter: -1 })).toThrow(/jitter/);
    expect(() => every('1m', { jitter: '5 parsecs' })).toThrow(/jitter/);
  });

  it('JSON that names both an anchor and a grid is refused', () => {
    const json = { type: 'interval', everyMs: 5, align: 'epoch', anchorAt: '2027-01-01T00:00:00Z' } as const;
    expect(() => triggerFromJson(json)).toThrow(InvalidTriggerError);
  });
});

describe('as text and JSON', () => {
  it.each([
    [{ mode: 'delay' }, 'every 1m after a run'],
    [{ align: 'epoch' }, 'every 1m by the UTC clock'],
    [{ runOnStart: true }, 'every 1m, at once first'],
    [{ jitter: '5s', seed: 'x' }, 'every 1m'],
    [
      { mode: 'delay', runOnStart: true, jitter: '5s', endAt: new Date(1e12) },
      'every 1m after a run, at once first',
    ],
  ] as [IntervalOptions, string][])('%o', (options, text) => {
    for (const trigger of [every('1m', options), every('1m', options).bind(JOB)]) {
      expect(String(trigger)).toBe(text);
      const copy = triggerFromJson(JSON.parse(JSON.stringify(trigger)) as never);
      expect(copy.toJSON()).toEqual(trigger.toJSON());
      expect(copy.nextAt(12_345)).toBe(trigger.nextAt(12_345));
      expect(copy.delayAt(70_000)).toBe(trigger.delayAt(70_000));
      expect(copy.waitsForRun).toBe(trigger.waitsForRun);
    }
  });
});
