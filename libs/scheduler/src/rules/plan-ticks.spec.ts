import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COALESCES, DEFAULT_POLICIES, OVERLAPS, type Policies } from '../model/index.js';
import { cron, except } from '../timing/index.js';
import { type DueTicks, planTicks } from './plan-ticks.js';

/** Ticks at every whole multiple of 10. */
const everyTen: DueTicks['trigger'] = {
  nextAt: (after) => (Math.floor(after / 10) + 1) * 10,
  prevAt: (before) => (Math.ceil(before / 10) - 1) * 10,
  countBetween: (from, to) => Math.floor(to / 10) - Math.ceil(from / 10) + 1,
  countsUpTo: Infinity,
  delayAt: () => 0,
  waitsForRun: false,
};

function plan(due: Partial<Omit<DueTicks, 'policies'>> & { policies?: Partial<Policies> }) {
  const { policies, ...rest } = due;
  return planTicks({
    trigger: everyTen,
    firstAt: 10,
    now: 10,
    active: 0,
    catchingUp: false,
    runsLeft: null,
    ...rest,
    policies: { ...DEFAULT_POLICIES, ...policies },
  });
}

describe('planTicks', () => {
  it('plans three years of missed seconds in under a millisecond, as one span', () => {
    const trigger = cron('* * * * * *', { timezone: 'Europe/Berlin' });
    const firstAt = Date.UTC(2026, 5, 1);
    const now = Date.UTC(2029, 5, 1);
    const durations: number[] = [];
    for (const coalesce of COALESCES) {
      for (let round = 0; round < 101; round++) {
        const startedAt = performance.now();
        const { spans, startAt } = plan({ trigger, firstAt, now, policies: { coalesce } });
        durations.push(performance.now() - startedAt);
        expect(spans).toHaveLength(1);
        expect(startAt).toBe({ latest: now, earliest: firstAt, all: now - 99_000 }[coalesce]);
        expect(spans[0]!.count).toBe((now - firstAt) / 1000 - (coalesce === 'all' ? 99 : 0));
        expect(spans[0]!.countIsAtLeast).toBe(false);
      }
    }
    expect(durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)]).toBeLessThan(1);
  });

  it('says of a combined trigger that it missed at least so many', () => {
    const seconds = except(
      cron('* * * * * *', { timezone: 'UTC' }),
      cron('0 0 0 * * *', { timezone: 'UTC' }),
    );
    const firstAt = Date.UTC(2026, 5, 1, 12);
    const missed = (count: number) =>
      plan({
        trigger: seconds,
        firstAt,
        now: firstAt + (count - 1) * 1000 + 999,
        active: 1,
      }).spans;
    expect(missed(10_000)).toMatchObject([{ count: 10_000, countIsAtLeast: false }]);
    expect(missed(10_001)).toMatchObject([{ count: 10_000, countIsAtLeast: true }]);
    expect(missed(20_000)).toMatchObject([{ count: 10_000, countIsAtLeast: true }]);
  });

  it('starts the one tick that is due', () => {
    expect(plan({ now: 12 })).toMatchObject({ startAt: 10, queued: [], spans: [], nextAt: 20 });
  });

  it('still runs a tick that is exactly as late as its grace', () => {
    expect(plan({ now: 15, policies: { misfireGraceMs: 5 } }).startAt).toBe(10);
    expect(plan({ now: 16, policies: { misfireGraceMs: 5 } })).toMatchObject({
      startAt: null,
      spans: [{ outcome: 'missed', reason: 'misfireGrace' }],
    });
  });

  it('skips all of several ticks in one span while the previous run is active', () => {
    expect(plan({ now: 35, active: 1 })).toMatchObject({
      startAt: null,
      queued: [],
      spans: [{ outcome: 'skipped', reason: 'overlap', fromAt: 10, toAt: 30, count: 3 }],
      nextAt: 40,
    });
  });

  it("queues every tick behind a live run under coalesce 'all', whatever overlap says", () => {
    expect(plan({ now: 35, active: 1, policies: { coalesce: 'all' } })).toMatchObject({
      startAt: null,
      queued: [10, 20, 30],
      spans: [],
    });
  });

  it('ends the job with the last run that maxRuns allows', () => {
    expect(plan({ now: 10, runsLeft: 1 })).toMatchObject({ startAt: 10, nextAt: null });
    expect(plan({ now: 55, runsLeft: 2, policies: { coalesce: 'all' } })).toMatchObject({
      startAt: 10,
      queued: [20],
      nextAt: null,
    });
    expect(plan({ now: 10, active: 1, runsLeft: 1 })).toMatchObject({ startAt: null, nextAt: 20 });
  });

  it('puts each due tick in exactly one place, none early, for any policies', () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(3),
        fc.record({
          overlap: fc.constantFrom(...OVERLAPS),
          maxInstances: fc.option(fc.integer({ min: 1, max: 3 })),
          coalesce: fc.constantFrom(...COALESCES),
          maxCatchUp: fc.integer({ min: 1, max: 8 }),
          misfireGraceMs: fc.option(fc.nat(400)),
        }),
        (lateMs, firstTick, active, policies) => {
          const firstAt = firstTick * 10;
          const now = firstAt + lateMs;
          const { startAt, queued, spans, nextAt } = plan({ firstAt, now, active, policies });
          const planned = [
            ...(startAt === null ? [] : [startAt]),
            ...queued,
            ...spans.flatMap(({ fromAt, toAt, count }) => {
              const ticks = ticksBetween(fromAt, toAt);
              expect(count).toBe(ticks.length);
              return ticks;
            }),
          ].sort((a, b) => a - b);
          expect(planned).toEqual(ticksBetween(firstAt, now));
          expect(nextAt).toBe((Math.floor(now / 10) + 1) * 10);
        },
      ),
      { seed: 20_261_121, numRuns: 2_000 },
    );
  });
});

function ticksBetween(fromAt: number, toAt: number): number[] {
  const ticks: number[] = [];
  for (let at = Math.ceil(fromAt / 10) * 10; at <= toAt; at += 10) ticks.push(at);
  return ticks;
}
