import { describe, expect, it } from 'vitest';
import { at, cron, every } from '../../libs/scheduler/src/timing/index.js';
import { held, time, World } from './world.js';

describe('late and missed ticks', () => {
  it('starts a plain handler inside the timer, at the tick and not before', async () => {
    const world = World.started();
    const seen: string[] = [];
    world.add('five', {
      trigger: cron('*/5 * * * * *'),
      handler: (run) => void seen.push(`${time(run.scheduledAt!)} at ${time(new Date(world.clock.now()))}`),
    });
    await world.clock.advance(10_500);
    expect(seen).toEqual(['12:00:05 at 12:00:05', '12:00:10 at 12:00:10']);
    expect(await world.ledger('five')).toEqual(['succeeded 12:00:05', 'succeeded 12:00:10']);
  });

  it('runs once, for the latest of several ticks that a blocked loop missed', async () => {
    const world = World.started();
    world.add('second', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(1_000);
    world.clock.suspend(5_000);
    await world.clock.advance(1_000);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:01',
      'succeeded 12:00:06 +4',
      'coalesced merged 12:00:02..12:00:05 x4',
      'succeeded 12:00:07',
    ]);
    const [coalesced] = world.of('run.coalesced');
    expect(coalesced).toMatchObject({ count: 4, into: world.of('run.succeeded')[1].runId });
  });

  it("runs once for the oldest under coalesce 'earliest', and keeps the phase", async () => {
    const world = World.started();
    world.add('second', { trigger: every('2s'), coalesce: 'earliest', handler: () => {} });
    world.clock.suspend(7_000);
    await world.clock.advance(1_500);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:02 +2',
      'coalesced merged 12:00:04..12:00:06 x2',
      'succeeded 12:00:08',
    ]);
  });

  it("runs the newest maxCatchUp ticks one behind the other under coalesce 'all', and misses the rest", async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('second', { trigger: every('1s'), coalesce: 'all', maxCatchUp: 3, handler });
    world.clock.suspend(10_000);
    await world.clock.advance(0);
    expect(starts).toEqual(['12:00:08']);
    open[0].end();
    await world.clock.advance(1);
    expect(starts).toEqual(['12:00:08', '12:00:09']);
    open[1].end();
    await world.clock.advance(1);
    open[2].end();
    await world.clock.advance(1);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:08',
      'succeeded 12:00:09',
      'succeeded 12:00:10',
      'missed maxCatchUp 12:00:01..12:00:07 x7',
    ]);
  });

  it('misses what is later than its grace, and merges only the rest', async () => {
    const world = World.started();
    world.add('second', { trigger: every('1s'), misfireGrace: '2s', handler: () => {} });
    world.clock.suspend(10_500);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:10 +1',
      'missed misfireGrace 12:00:01..12:00:08 x8',
      'coalesced merged 12:00:09',
    ]);
  });

  it('misses a single tick that is later than its grace', async () => {
    const world = World.started();
    world.add('once', { trigger: at('2026-06-01T12:00:10Z'), misfireGrace: '1s', handler: () => {} });
    world.clock.suspend(12_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['missed misfireGrace 12:00:10']);
    expect(world.of('run.missed')).toMatchObject([{ jobId: 'once', reason: 'misfireGrace', count: 1 }]);
  });

  it('runs a date in the past at once, and finishes', async () => {
    const world = World.started();
    world.add('late', { trigger: at('2026-06-01T11:00:00Z'), handler: () => {} });
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['succeeded 11:00:00']);
    expect(world.of('job.finished')).toMatchObject([{ jobId: 'late' }]);
    expect(await world.engine.getJob('late')).toMatchObject({ state: 'finished', nextDueAt: null });
  });

  it('fires a job forty days away once, on time', async () => {
    const world = World.started({ maxSleepMs: 3_600_000 });
    const seen: number[] = [];
    world.add('far', {
      trigger: at('2026-07-11T12:00:00Z'),
      handler: () => void seen.push(world.clock.now()),
    });
    await world.clock.advance(41 * 86_400_000);
    expect(seen).toEqual([Date.parse('2026-07-11T12:00:00Z')]);
  });

  it('leaves one row for three years of missed seconds', async () => {
    const world = World.started();
    world.add('second', { trigger: cron('* * * * * *'), misfireGrace: '1s', handler: () => {} });
    world.clock.suspend(3 * 365 * 86_400_000);
    await world.clock.advance(0);
    const rows = await world.engine.getRuns({ outcome: 'missed' });
    expect(rows).toHaveLength(1);
    expect(rows[0].count).toBe(3 * 365 * 86_400 - 2);
  });
});

describe('steps of the clock', () => {
  it('notices a forward step within a second and merges what it passed over', async () => {
    const world = World.started();
    world.add('minute', { trigger: cron('* * * * *'), handler: () => {} });
    await world.clock.advance(500);
    world.clock.stepWall(3_600_000);
    await world.clock.advance(1_000);
    expect(world.of('scheduler.clockStepped')).toMatchObject([{ stepMs: 3_600_000 }]);
    expect(await world.ledger()).toEqual([
      'succeeded 13:00:00 +59',
      'coalesced merged 12:01:00..12:59:00 x59',
    ]);
  });

  it('moves an interval back with the clock, so that its cadence stays', async () => {
    const world = World.started();
    const elapsed: number[] = [];
    world.add('ten', { trigger: every('10s'), handler: () => void elapsed.push(world.clock.monotonic()) });
    await world.clock.advance(15_000);
    world.clock.stepWall(-3_600_000);
    await world.clock.advance(25_000);
    expect(elapsed).toEqual([10_000, 20_000, 30_000, 40_000]);
  });

  it('goes on at once with a class E cron, and resumes a fixed one after its last tick', async () => {
    const world = World.started();
    world.add('every-minute', { trigger: cron('* * * * *'), handler: () => {} });
    world.add('daily', { trigger: cron('1 12 * * *'), handler: () => {} });
    await world.clock.advance(61_000);
    world.clock.stepWall(-600_000);
    await world.clock.advance(61_000);
    expect(await world.ledger('every-minute')).toEqual(['succeeded 12:01:00', 'succeeded 11:52:00']);
    await world.clock.advance(3_600_000);
    expect(await world.ledger('daily')).toEqual(['succeeded 12:01:00']);
    expect(await world.engine.getJob('daily')).toMatchObject({ nextDueAt: new Date('2026-06-02T12:01:00Z') });
  });
});
