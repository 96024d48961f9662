import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  after,
  anyOf,
  at,
  cron,
  every,
  except,
  InvalidDurationError,
  InvalidTriggerError,
  NeverFiresError,
  timeoutAfter,
  triggerFromJson,
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

describe('every', () => {
  const minutely = every('1m').bind(JOB);

  it('counts from the anchor, whose first tick is one period later', () => {
    expect(walk(minutely, -Infinity, 200_000)).toEqual([70_000, 130_000, 190_000]);
    expect(minutely.nextAt(70_000)).toBe(130_000);
    expect(minutely.prevAt(130_000)).toBe(70_000);
    expect(minutely.prevAt(130_001)).toBe(130_000);
    expect(minutely.prevAt(70_000)).toBeNull();
  });

  it('begins at startAt itself when that is given, and needs no job then', () => {
    const trigger = every({ minutes: 1 }, { startAt: new Date(5000), endAt: new Date(125_000) });
    expect(walk(trigger, -Infinity, Infinity)).toEqual([5000, 65_000, 125_000]);
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
          expect(walk(trigger, from, from + span)).toEqual(expected);
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
    expect(walk(ending, 0, Infinity)).toEqual([70_000, 130_000]);
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

describe('triggerFromJson', () => {
  it.each([
    every('5m'),
    every('5m').bind(JOB),
    every('5m', { startAt: new Date(5), endAt: new Date(1e12) }),
    at(new Date(123_456_789)),
    after('30s'),
    after('30s').bind(JOB),
    timeoutAfter('30s'),
    timeoutAfter('30s').bind(JOB),
  ])('makes an equal trigger again: %s', (trigger) => {
    const json = JSON.stringify(trigger);
    const copy = triggerFromJson(JSON.parse(json) as never);
    expect(JSON.stringify(copy)).toBe(json);
    expect(copy.constructor).toBe(trigger.constructor);
    expect(copy.nextAt(777)).toBe(trigger.nextAt(777));
  });

  it.each([
    [null, 'trigger'],
    ['cron', 'trigger'],
    [[], 'trigger'],
    [{}, 'type'],
    [{ type: 'lunar' }, 'type'],
    [{ type: 'interval' }, 'everyMs'],
    [{ type: 'interval', everyMs: 0 }, 'everyMs'],
    [{ type: 'interval', everyMs: 1.5 }, 'everyMs'],
    [{ type: 'interval', everyMs: 5, anchorAt: 'x' }, 'anchorAt'],
    [{ type: 'interval', everyMs: 5, jitter: 3 }, 'jitter'],
    [
      { type: 'interval', everyMs: 5, anchorAt: '2027-01-01T00:00:00Z', startAt: '2027-01-01T00:00:00Z' },
      'anchorAt',
    ],
    [{ type: 'date' }, 'at'],
    [{ type: 'timeout', afterMs: -1 }, 'afterMs'],
    [{ type: 'after' }, 'afterMs'],
    [{ type: 'cron', expression: '* * * * *', every: 5 }, 'every'],
  ])('refuses %o, naming %s', (json, field) => {
    expect(() => triggerFromJson(json as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_TRIGGER', field }) as Error,
    );
  });
});
