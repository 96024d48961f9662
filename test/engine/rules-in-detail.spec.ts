import { describe, expect, it } from 'vitest';
import { OVERLAPS } from '../../libs/scheduler/src/model/index.js';
import { anyOf, at, cron, every } from '../../libs/scheduler/src/timing/index.js';
import { held, START, time, World } from './world.js';

const UTC = { timezone: 'UTC' };
const LIMITED = {
  history: { runsPerJob: 100, runsTotal: 1_000, concurrency: { whole: null, groups: { mail: 1 } } },
};
const soon = (seconds: number) => at(new Date(START.getTime() + seconds * 1000));
const fails = () => Promise.reject(new Error('no'));

describe('a clock that is set back (M4)', () => {
  it.each([
    ['a cron expression of every hour', cron('*/10 * * * * *', UTC)],
    ['a cron expression of a fixed hour', cron('*/10 * 12 * * *', UTC)],
    ['an interval from an instant', every('10s', { startAt: START })],
    ['a combination', anyOf(cron('*/20 * * * * *', UTC), every('10s', { startAt: START }))],
  ])('leaves due what is overdue by both clocks: %s', async (_, trigger) => {
    const world = World.started();
    world.add('job', { trigger, handler: () => {} });
    world.clock.suspend(30_000);
    world.clock.stepWall(-5_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['succeeded 12:00:20 +1', 'coalesced merged 12:00:10']);
    await world.clock.advance(5_000);
    expect(await world.ledger()).toContain('succeeded 12:00:30');
  });

  it('keeps the instants of a combination, and the rhythm of an interval inside one', async () => {
    const world = World.started();
    const trigger = anyOf(cron('7,47 * * * * *', UTC), every('10s'));
    const starts: number[] = [];
    world.add('job', { trigger, handler: () => void starts.push(world.clock.monotonic()) });
    await world.clock.advance(12_000);
    world.clock.stepWall(-3_000);
    await world.clock.advance(40_000);
    expect((await world.ledger()).map((row) => row.slice(-8))).toEqual([
      '12:00:07',
      '12:00:10',
      '12:00:17',
      '12:00:27',
      '12:00:37',
      '12:00:47',
    ]);
    expect(starts).toEqual([7_000, 10_000, 20_000, 30_000, 40_000, 50_000]);
  });

  it('moves the interval of a disabled job, too', async () => {
    const world = World.started();
    world.add('job', { trigger: every('10s'), handler: () => {} });
    await world.clock.advance(15_000);
    await world.engine.updateJob('job', { disabled: true });
    world.clock.stepWall(-3_600_000);
    await world.clock.advance(1_000);
    await world.engine.updateJob('job', { disabled: false });
    await world.clock.advance(10_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:10', 'succeeded 11:00:20']);
  });

  it('gives a tick that comes again a row of its own', async () => {
    const world = World.started();
    const { handler } = held();
    world.add('job', { trigger: cron('*/10 * * * * *', UTC), handler });
    await world.clock.advance(35_000);
    world.clock.stepWall(-10_000);
    await world.clock.advance(6_000);
    expect(await world.ledger()).toEqual([
      'running 12:00:10',
      'skipped overlap 12:00:20..12:00:30 x2',
      'skipped overlap 12:00:30',
    ]);
  });
});

describe('overlap (O1)', () => {
  it.each(OVERLAPS)('%s holds for runs that are asked for by hand', async (overlap) => {
    const world = World.started();
    const { handler, open } = held();
    world.add('job', { trigger: soon(3_600), overlap, handler });
    for (let run = 0; run < 3; run++) await world.engine.runNow('job', undefined);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(
      {
        skip: ['running by hand', 'skipped overlap by hand', 'skipped overlap by hand'],
        queueOne: ['running by hand', 'coalesced merged by hand', 'queued by hand +1'],
        queueAll: ['running by hand', 'queued by hand', 'queued by hand'],
        cancelPrevious: ['running by hand', 'coalesced merged by hand', 'queued by hand +1'],
        allow: ['running by hand', 'running by hand', 'running by hand'],
      }[overlap],
    );
    expect(open).toHaveLength(overlap === 'allow' ? 3 : 1);
  });

  it("lets a handler that resolves after 'cancelPrevious' succeed", async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('job', { trigger: every('1s'), overlap: 'cancelPrevious', handler });
    await world.clock.advance(2_000);
    open[0]!.end();
    await world.clock.advance(1);
    expect(await world.ledger()).toEqual(['succeeded 12:00:01', 'running 12:00:02']);
  });
});

describe('attempts (O2, O3, O4)', () => {
  it('are not promised in vain: told again when the run is replaced before the next one', async () => {
    const world = World.started();
    const { handler, open } = held();
    const policies = { overlap: 'cancelPrevious', timeout: '1s', retry: 2 } as const;
    world.add('job', { trigger: every('3s'), ...policies, handler });
    await world.clock.advance(6_000);
    open[0]!.end();
    await world.clock.advance(1);
    expect(await world.ledger()).toEqual(['timedOut 12:00:03', 'running 12:00:06']);
    expect(world.of('run.timedOut')).toMatchObject([
      { willRetry: true, handlerRuns: true },
      { willRetry: false, handlerRuns: false },
    ]);
  });

  it('pause their job when the run that was replaced is one failure too many', async () => {
    const world = World.started();
    const { handler, open } = held();
    const policies = { overlap: 'cancelPrevious', timeout: '1s', retry: 2, pauseAfterFailures: 1 } as const;
    world.add('job', { trigger: every('3s'), ...policies, handler });
    await world.clock.advance(6_000);
    expect(world.of('job.paused')).toEqual([]);
    open[0]!.end();
    await world.clock.advance(1);
    expect(world.of('run.timedOut').map(({ willRetry }) => willRetry)).toEqual([true, false]);
    expect(world.of('job.paused')).toMatchObject([{ jobId: 'job', note: '1 failed runs in a row' }]);
  });

  it('wait at most maxDelay for each other', async () => {
    const world = World.started();
    const retry = { attempts: 4, delay: '2s', maxDelay: '3s', backoff: 'exponential' } as const;
    const starts: string[] = [];
    const handler = () => {
      starts.push(time(new Date(world.clock.now())));
      return fails();
    };
    world.add('job', { trigger: soon(1), retry, handler });
    await world.clock.advance(20_000);
    expect(starts).toEqual(['12:00:01', '12:00:03', '12:00:06', '12:00:09']);
  });

  it('do not follow when backoff throws, which is told', async () => {
    const world = World.started();
    const backoff = () => {
      throw new Error('broken backoff');
    };
    world.add('job', { trigger: soon(1), retry: { attempts: 3, backoff }, handler: fails });
    await world.clock.advance(20_000);
    expect(await world.ledger()).toEqual(['failed 12:00:01']);
    expect(world.of('scheduler.faulted')).toMatchObject([{ jobId: 'job' }]);
  });

  it('that were cancelled do not count for pauseAfterFailures', async () => {
    const world = World.started();
    const handler = ({ signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    const policies = { overlap: 'cancelPrevious', pauseAfterFailures: 1 } as const;
    world.add('job', { trigger: every('1s'), ...policies, handler });
    await world.clock.advance(5_000);
    expect(await world.engine.getJob('job')).toMatchObject({ state: 'active', failuresInRow: 0 });
    expect((await world.ledger()).filter((row) => row.startsWith('cancelled replaced'))).toHaveLength(4);
  });
});

describe('limits', () => {
  it('make further ticks overdue, which are merged when there is a place (M2)', async () => {
    const world = World.started(LIMITED);
    const { handler, open } = held();
    world.add('first', { trigger: soon(1), group: 'mail', handler });
    world.add('second', { trigger: every('2s'), group: 'mail', handler: () => {} });
    await world.clock.advance(7_000);
    expect(await world.ledger('second')).toEqual([]);
    open[0]!.end();
    await world.clock.advance(0);
    expect(await world.ledger('second')).toEqual([
      'succeeded 12:00:06 +2',
      'coalesced merged 12:00:02..12:00:04 x2',
    ]);
  });

  it('count a timed-out attempt until its handler settles', async () => {
    const world = World.started(LIMITED);
    const { handler, open } = held();
    world.add('first', { trigger: soon(1), group: 'mail', timeout: '1s', handler });
    world.add('second', { trigger: soon(2), group: 'mail', handler: () => {} });
    await world.clock.advance(5_000);
    expect(await world.ledger()).toEqual(['timedOut 12:00:01']);
    open[0]!.end();
    await world.clock.advance(0);
    expect(await world.ledger('second')).toEqual(['succeeded 12:00:02']);
  });

  it('hold for runs by hand, which wait for a place (O6)', async () => {
    const world = World.started(LIMITED);
    const { handler, open } = held();
    world.add('first', { trigger: soon(1), group: 'mail', handler });
    world.add('second', { trigger: soon(3_600), group: 'mail', handler });
    await world.clock.advance(1_000);
    expect(await world.engine.runNow('second', undefined)).toMatchObject({ state: 'waiting' });
    open[0]!.end();
    await world.clock.advance(0);
    expect(await world.ledger('second')).toEqual(['running by hand']);
  });
});

describe('a backfill (O6)', () => {
  it('has both ends, does not count for maxRuns, and is alive for overlap', async () => {
    const world = World.started();
    const { handler, open } = held();
    const trigger = every('10s', { startAt: new Date(START.getTime() - 3_600_000) });
    world.add('job', { trigger, maxRuns: 1, handler });
    const [fromAt, toAt] = [START.getTime() - 30_000, START.getTime() - 10_000];
    const request = { jobId: 'job', fromAt, toAt, force: false, dryRun: false, most: 10_000 };
    expect(await world.engine.backfill(request)).toMatchObject({ count: 3, leftOut: 0 });
    await world.clock.advance(10_000);
    expect(await world.ledger()).toContain('skipped overlap 12:00:10');
    for (let run = 0; run < 3; run++) {
      open[run]!.end();
      await world.clock.advance(1);
    }
    const runs = await world.engine.getRuns({ outcome: 'succeeded' });
    expect(runs.map(({ standsFor }) => time(standsFor!)).toReversed()).toEqual([
      '11:59:30',
      '11:59:40',
      '11:59:50',
    ]);
    expect(await world.engine.getJob('job')).toMatchObject({ state: 'active', runsStarted: 0 });
  });
});
