import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyOf,
  cron,
  every,
  except,
  type IntervalOptions,
  InvalidDurationError,
  InvalidTriggerError,
  type Trigger,
  triggerFromJson,
} from '../index.js';

const ANCHOR = 10_000;
const JOB = { jobId: 'a', timezone: 'UTC', anchorAt: ANCHOR };

function walk(trigger: Trigger, from: number, most: number): number[] {
  const found: number[] = [];
  for (let at = trigger.nextAt(from); at !== null && found.length < most; at = trigger.nextAt(at))
    found.push(at);
  return found;
}

function step(nowAt: number, stepMs: number, lastTickAt: number | null, waitingAt: number | null = null) {
  return { nowAt, stepMs, lastTickAt, waitingAt };
}

function ticksIn(trigger: Trigger, from: number, to: number): number[] {
  const found: number[] = [];
  for (let tick = trigger.nextAt(from); tick !== null && tick <= to; tick = trigger.nextAt(tick))
    found.push(tick);
  return found;
}

describe('every', () => {
  const minutely = every('1m').bind(JOB);

  it('counts from the anchor, whose first tick is one period later', () => {
    expect(ticksIn(minutely, -Infinity, 200_000)).toEqual([70_000, 130_000, 190_000]);
    expect(minutely.nextAt(70_000)).toBe(130_000);
    expect(minutely.prevAt(130_000)).toBe(70_000);
    expect(minutely.prevAt(130_001)).toBe(130_000);
    expect(minutely.prevAt(70_000)).toBeNull();
  });

  it('begins at startAt itself when that is given, and needs no job then', () => {
    const trigger = every({ minutes: 1 }, { startAt: new Date(5000), endAt: new Date(125_000) });
    expect(ticksIn(trigger, -Infinity, Infinity)).toEqual([5000, 65_000, 125_000]);
    expect(trigger.bind(JOB)).toBe(trigger);
    expect(trigger.prevAt(Infinity)).toBe(125_000);
    expect(trigger.prevAt(5000)).toBeNull();
    expect(trigger.countBetween(-Infinity, Infinity)).toBe(3);
  });

  it('counts from the instant asked about while it has no anchor', () => {
    const open = every('10s');
    expect(open.next(new Date(1234))).toEqual(new Date(11_234));
    expect(open.prev(new Date(11_234))).toEqual(new Date(1234));
    expect(open.preview(3, new Date(0)).map((tick) => tick.at.getTime())).toEqual([10_000, 20_000, 30_000]);
    expect(open.countBetween(0, 30_000)).toBe(3);
  });

  it('walks forwards, backwards and counts alike', () => {
    const periods = fc.integer({ min: 1, max: 5000 });
    const instants = fc.integer({ min: -20_000, max: 40_000 });
    fc.assert(
      fc.property(
        periods,
        instants,
        fc.integer({ min: 0, max: 20_000 }),
        fc.boolean(),
        (period, from, span, hasStart) => {
          const trigger = hasStart ? every(period, { startAt: new Date(10_000) }) : every(period).bind(JOB);
          const first = hasStart ? 10_000 : 10_000 + period;
          const expected: number[] = [];
          for (let tick = first; tick <= from + span; tick += period) if (tick > from) expected.push(tick);
          expect(ticksIn(trigger, from, from + span)).toEqual(expected);
          expect(trigger.countBetween(from + 1, from + span)).toBe(expected.length);
          expect(trigger.prevAt(from + span + 1)).toBe(expected.at(-1) ?? trigger.prevAt(from + 1));
        },
      ),
    );
  });

  it('counts three years of milliseconds at once', () => {
    expect(
      every(1)
        .bind(JOB)
        .countBetween(10_001, 10_000 + 94_608_000_000),
    ).toBe(94_608_000_000);
  });

  it('ends with endAt, inclusive, and with the year 9999', () => {
    const ending = every('1m', { endAt: new Date(130_000) }).bind(JOB);
    expect(ticksIn(ending, 0, Infinity)).toEqual([70_000, 130_000]);
    expect(ending.countBetween(0, Infinity)).toBe(2);
    expect(ending.prevAt(Infinity)).toBe(130_000);
    expect(
      every(2 ** 53)
        .bind(JOB)
        .nextAt(0),
    ).toBeNull();
  });

  it('moves its anchor with a clock that is set back, so that the rhythm stays', () => {
    // At 100 s the clock goes back by 95 s; 30 s of the running minute are left.
    const { trigger, nextAt } = minutely.afterClockSetBack(step(5000, 95_000, 70_000));
    expect(nextAt).toBe(35_000);
    expect(trigger.toJSON()).toMatchObject({ anchorAt: new Date(-85_000).toISOString() });
  });

  it('keeps startAt when the clock is set back', () => {
    const trigger = every('1m', { startAt: new Date(5000) });
    const goesOn = { trigger, nextAt: 125_000, lastTickAt: 125_000 };
    expect(trigger.afterClockSetBack(step(66_000, 95_000, 125_000))).toEqual(goesOn);
  });

  it('keeps due what is overdue by both clocks, and moves with its anchor what waits for one', () => {
    const seconds = cron('* * * * * *', { timezone: 'UTC' });
    const fixed = every('10s', { startAt: new Date(0) });
    const moving = every('10s').bind({ anchorAt: 0 });
    // The tick at 20 s was not claimed yet when, at 70 s, the clock went back to 60 s.
    const overdue = step(60_000, 10_000, 19_000, 20_000);
    expect(seconds.afterClockSetBack(overdue).nextAt).toBe(20_000);
    expect(fixed.afterClockSetBack(overdue).nextAt).toBe(20_000);
    expect(moving.afterClockSetBack(overdue)).toMatchObject({ nextAt: 10_000, lastTickAt: 9_000 });
    expect(anyOf(moving, seconds).afterClockSetBack(overdue)).toMatchObject({ nextAt: 10_000 });
    expect(except(seconds, fixed).afterClockSetBack(step(60_000, 10_000, 19_000, 21_000)).nextAt).toBe(
      21_000,
    );
    const twice = anyOf(seconds, fixed)
      .afterClockSetBack(overdue)
      .trigger.afterClockSetBack(step(5_000, 55_000, null));
    expect(twice.nextAt).toBe(6_000);
    // At 25 s it goes back by 5 s: the next ticks are those of the clock as it is now.
    const ahead = step(20_000, 5_000, 25_000, 26_000);
    expect(seconds.afterClockSetBack(ahead).nextAt).toBe(21_000);
    expect(anyOf(seconds, fixed).afterClockSetBack(ahead).nextAt).toBe(21_000);
    expect(moving.afterClockSetBack(ahead).nextAt).toBe(25_000);
    // 30 s is left out, and is 25 s by the clock as it is now.
    expect(
      except(moving, [new Date(30_000)]).afterClockSetBack(step(20_000, 5_000, 20_000, 40_000)),
    ).toMatchObject({
      nextAt: 25_000,
    });
  });

  it('refuses a period of no time, and options it does not know', () => {
    for (const period of [0, '0s', { minutes: 0 }, 0.2])
      expect(() => every(period)).toThrow(InvalidDurationError);
    expect(() => every('5m', { start: new Date(0) } as object)).toThrow(InvalidTriggerError);
    expect(() => every('5m', { endAt: new Date(NaN) })).toThrow(InvalidTriggerError);
  });

  it('reads as a sentence', () => expect(String(every('90m'))).toBe('every 1h30m'));
});

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
