import { describe, expect, it } from 'vitest';
import { anyOf, calendarInterval, cron, every, except } from '../../libs/scheduler/src/timing/index.js';
import { held, time, World } from './world.js';

describe('an interval that waits for its runs', () => {
  it('is due one period after the run before it ended, and never overlaps', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('poll', { trigger: every('10s', { mode: 'delay' }), handler });
    await world.clock.advance(13_000);
    open[0].end();
    await world.clock.advance(10_000);
    open[1].end();
    await world.clock.advance(10_000);
    expect(starts).toEqual(['12:00:10', '12:00:23', '12:00:33']);
    expect(await world.ledger()).toEqual(['succeeded 12:00:10', 'succeeded 12:00:23', 'running 12:00:33']);
  });

  it('counts from the last attempt of a run that is retried', async () => {
    const world = World.started();
    const starts: string[] = [];
    world.add('poll', {
      trigger: every('10s', { mode: 'delay' }),
      retry: { attempts: 2, delay: '3s' },
      handler: (run) => {
        starts.push(`${time(run.scheduledAt!)} #${run.attempt}`);
        if (run.attempt === 1) throw new Error('once');
      },
    });
    await world.clock.advance(24_000);
    expect(starts).toEqual(['12:00:10 #1', '12:00:10 #2', '12:00:23 #1']);
  });

  it('goes on after a pause that began while it ran, and after one that missed its tick', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('poll', { trigger: every('10s', { mode: 'delay' }), handler });
    await world.clock.advance(11_000);
    await world.engine.pauseJob('poll', { note: null, by: null, until: null });
    open[0].end();
    await world.clock.advance(30_000);
    await world.engine.resumeJob('poll');
    await world.clock.advance(10_000);
    expect(starts).toEqual(['12:00:10', '12:00:51']);
    expect(await world.ledger()).toContain('skipped paused 12:00:21');
  });

  it('goes on after a tick that was skipped for a run by hand', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('poll', { trigger: every('10s', { mode: 'delay' }), handler });
    await world.engine.runNow('poll', undefined);
    await world.clock.advance(12_000);
    open[0].end();
    await world.clock.advance(10_000);
    expect(starts).toEqual(['by hand', '12:00:20']);
    expect(await world.ledger()).toContain('skipped overlap 12:00:10');
  });
});

describe('other triggers', () => {
  it('has its first tick at the start with runOnStart', async () => {
    const world = World.started();
    world.add('job', { trigger: every('10s', { runOnStart: true }), handler: () => {} });
    await world.clock.advance(10_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:00', 'succeeded 12:00:10']);
  });

  it('runs after the delay of its jitter, keeps the tick, and measures lateness from there', async () => {
    const world = World.started();
    const starts: number[] = [];
    const trigger = every('10s', { jitter: '8s' });
    world.add('job', { trigger, handler: () => void starts.push(world.clock.monotonic()) });
    await world.clock.advance(60_000);
    const runs = (await world.engine.getRuns({ jobId: 'job' })).toReversed();
    const job = await world.engine.getJob('job');
    expect(runs.map(({ scheduledAt }) => time(scheduledAt!)).slice(0, 3)).toEqual([
      '12:00:10',
      '12:00:20',
      '12:00:30',
    ]);
    const delays = runs.map(({ scheduledAt }) => job!.trigger.delayAt(scheduledAt!.getTime()));
    expect(starts).toEqual(delays.map((delayMs, index) => (index + 1) * 10_000 + delayMs));
    expect(new Set(delays).size).toBeGreaterThan(1);
    expect(runs.every(({ latenessMs }) => latenessMs === 0)).toBe(true);
  });

  it('merges overdue ticks whose jitter is over, and leaves the one whose is not', async () => {
    const world = World.started();
    world.add('job', { trigger: every('10s', { jitter: '9s' }), handler: () => {} });
    const { trigger } = (await world.engine.getJob('job'))!;
    const last = Date.parse('2026-06-01T12:00:30Z');
    expect(trigger.delayAt(last)).toBeGreaterThan(0);
    world.clock.suspend(30_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['succeeded 12:00:20 +1', 'coalesced merged 12:00:10']);
    await world.clock.advance(10_000);
    expect(await world.ledger()).toContain('succeeded 12:00:30');
  });

  it('says in the row and in the event that a combined trigger missed at least so many', async () => {
    const world = World.started({ maxSleepMs: 3_600_000 });
    const trigger = anyOf(cron('* * * * * *', { timezone: 'UTC' }), cron('0 0 * * *', { timezone: 'UTC' }));
    world.add('job', { trigger, handler: () => {} });
    world.add('single', { trigger: cron('* * * * * *', { timezone: 'UTC' }), handler: () => {} });
    world.clock.suspend(86_400_000);
    await world.clock.advance(0);
    const merged = { scheduledAt: new Date('2026-06-01T12:00:01Z'), outcome: 'coalesced' };
    expect(await world.engine.getRuns({ jobId: 'job' })).toMatchObject([
      { ...merged, count: 10_000, countIsAtLeast: true },
      { outcome: 'succeeded', count: 1, coalesced: 10_000, countIsAtLeast: true },
    ]);
    expect(await world.engine.getRuns({ jobId: 'single' })).toMatchObject([
      { ...merged, count: 86_399, countIsAtLeast: false },
      { outcome: 'succeeded', coalesced: 86_399, countIsAtLeast: false },
    ]);
    expect(world.of('run.coalesced')).toMatchObject([
      { jobId: 'job', count: 10_000, countIsAtLeast: true },
      { jobId: 'single', count: 86_399, countIsAtLeast: false },
    ]);
    // A span that goes on keeps saying so.
    await world.engine.pauseJob('job', { note: null, by: null, until: null });
    for (const pausedMs of [43_200_000, 5_000]) {
      world.clock.suspend(pausedMs);
      await world.engine.resumeJob('job');
      await world.engine.pauseJob('job', { note: null, by: null, until: null });
    }
    expect(await world.engine.getRuns({ jobId: 'job', outcome: 'skipped' })).toMatchObject([
      { count: 10_005, countIsAtLeast: true },
    ]);
  });

  it('combines triggers, without days that are left out', async () => {
    const world = World.started({ maxSleepMs: 3_600_000 });
    const noon = calendarInterval({ days: 1, at: '12:30', timezone: 'UTC' });
    const trigger = anyOf(
      cron('0 13 * * *', { timezone: 'UTC' }),
      except(noon, ['2026-06-02'], { timezone: 'UTC' }),
    );
    world.add('job', { trigger, handler: () => {} });
    await world.clock.advance(2 * 86_400_000);
    expect(
      (await world.engine.getRuns({}))
        .map(({ scheduledAt }) => scheduledAt!.toISOString().slice(5, 16))
        .toReversed(),
    ).toEqual(['06-01T12:30', '06-01T13:00', '06-02T13:00']);
  });
});
