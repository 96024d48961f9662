import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  at,
  cron,
  every,
  type OutcomeReason,
  OUTCOMES,
  RunCancelledError,
  type RunContext,
  type Trigger,
} from '@carillon/scheduler';
import { held, START as WORLD_START, World } from '../engine/world.js';
import { START, startApp } from '../nest/testing-app.js';
import { code, read, rows, section } from './pages.js';

const LIMITS = { drainTimeoutMs: 3_000, abortGraceMs: 1_000 };
const START_AT = WORLD_START.getTime();
const nothing = () => {};
const fails = () => Promise.reject(new Error('no'));

describe('T: triggers', () => {
  it('T1: an interval begins one period after the call, with startAt at that instant', async () => {
    const world = World.started();
    world.add('plain', { trigger: every('10s'), handler: nothing });
    world.add('anchored', { trigger: every('10s', { startAt: '2026-06-01T12:00:05Z' }), handler: nothing });
    await world.clock.advance(15_000);
    expect(await world.ledger('plain')).toEqual(['succeeded 12:00:10']);
    expect(await world.ledger('anchored')).toEqual(['succeeded 12:00:05', 'succeeded 12:00:15']);
  });

  it('T6: both ends of a window run, then the job is finished', async () => {
    const world = World.started();
    const window = { startAt: '2026-06-01T12:00:02Z', endAt: '2026-06-01T12:00:04Z' };
    world.add('second', { trigger: cron('* * * * * *', window), handler: nothing });
    await world.clock.advance(10_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:02', 'succeeded 12:00:03', 'succeeded 12:00:04']);
    expect(await world.engine.getJob('second')).toMatchObject({ state: 'finished' });
  });

  it('T6: runs asked for by hand do not count for maxRuns', async () => {
    const world = World.started();
    world.add('once', { trigger: every('1s'), maxRuns: 1, handler: nothing });
    await world.engine.runNow('once', undefined);
    await world.clock.advance(5_000);
    expect(await world.ledger()).toEqual(['succeeded by hand', 'succeeded 12:00:01']);
  });

  it('T6: with the last run that maxRuns allows, further overdue ticks are not due', async () => {
    const world = World.started();
    world.add('twice', { trigger: every('1s'), maxRuns: 2, coalesce: 'all', handler: nothing });
    world.clock.suspend(5_000);
    await world.clock.advance(100);
    expect(await world.ledger()).toEqual(['succeeded 12:00:01', 'succeeded 12:00:02']);
    expect(await world.engine.getJob('twice')).toMatchObject({ state: 'finished' });
  });

  it('T6: a new trigger begins to count anew, and revives a finished job', async () => {
    const world = World.started();
    world.add('once', { trigger: every('1s'), maxRuns: 1, handler: nothing });
    await world.clock.advance(2_000);
    const trigger = every('2s').bind({ jobId: 'once', timezone: 'UTC', anchorAt: world.clock.now() });
    expect(await world.engine.updateJob('once', { trigger })).toMatchObject({
      state: 'active',
      runsStarted: 0,
    });
    await world.clock.advance(5_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:01', 'succeeded 12:00:04']);
  });

  it('T6: maxRuns may be lowered, which finishes the job, and raised again', async () => {
    const world = World.started();
    world.add('job', { trigger: every('1s'), handler: nothing });
    await world.clock.advance(2_000);
    world.clock.suspend(2_000);
    const { policies } = (await world.engine.getJob('job'))!;
    expect(await world.engine.updateJob('job', { policies: { ...policies, maxRuns: 2 } })).toMatchObject({
      state: 'finished',
    });
    expect(await world.ledger()).toContain('skipped edited 12:00:03..12:00:04 x2');
    await world.clock.advance(5_000);
    await world.engine.updateJob('job', { policies: { ...policies, maxRuns: 3 } });
    await world.clock.advance(5_000);
    expect((await world.ledger()).slice(3)).toEqual(['succeeded 12:00:10']);
  });

  it('T6: a finished job keeps its id until its last row is gone, and may be replaced', async () => {
    const { scheduler, clock } = await startApp({ options: { history: { perJob: 2, total: 2 } } });
    const job = { id: 'once', trigger: at(START), handler: nothing };
    await scheduler.addJob(job);
    await clock.advance(0);
    expect(await scheduler.getJob('once')).toMatchObject({ state: 'finished' });
    await expect(scheduler.addJob(job)).rejects.toMatchObject({ code: 'JOB_ID_TAKEN' });
    expect(await scheduler.addJob({ ...job, ifTaken: 'replace' })).toMatchObject({ state: 'active' });
    await scheduler.addJob({ id: 'other', trigger: every('1s'), handler: nothing });
    await clock.advance(3_000);
    expect(await scheduler.getJob('once')).toBeNull();
    await scheduler.addJob(job);
  });

  it('T6: addJob refuses a trigger that has no tick any more', async () => {
    const { scheduler } = await startApp();
    const trigger = every('1h', { endAt: '2020-01-01T00:00:00Z' });
    await expect(scheduler.addJob({ trigger, handler: nothing })).rejects.toMatchObject({
      code: 'NEVER_FIRES',
    });
  });
});

describe('M: late, missed, merged', () => {
  it('M1: the grace holds behind a handler that blocks the event loop', async () => {
    const world = World.started();
    const trigger = at('2026-06-01T12:00:01Z');
    world.add('blocks', { trigger, handler: () => world.clock.suspend(5_000) });
    world.add('graceful', { trigger, misfireGrace: '1s', handler: nothing });
    await world.clock.advance(1_000);
    expect(await world.ledger('graceful')).toEqual(['missed misfireGrace 12:00:01']);
  });

  it('M1: a run that was queued in time is not missed, however long it waits', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('slow', {
      trigger: every('10s'),
      overlap: 'queueAll',
      misfireGrace: '1s',
      maxRuns: 2,
      handler,
    });
    await world.clock.advance(60_000);
    open[0]!.end();
    await world.clock.advance(1);
    expect(starts).toEqual(['12:00:10', '12:00:20']);
  });

  it("M2: under 'allow' runs that catch up go one after the other, and a newer tick beside them", async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('job', { trigger: every('10s'), coalesce: 'all', overlap: 'allow', handler });
    world.clock.suspend(20_000);
    await world.clock.advance(10_000);
    expect(starts).toEqual(['12:00:10', '12:00:30']);
    open[0]!.end();
    await world.clock.advance(1);
    expect(starts).toEqual(['12:00:10', '12:00:30', '12:00:20']);
  });

  it('M4: what a pause had passed over by the clock before is skipped when it is set back', async () => {
    const world = World.started();
    world.add('ten', { trigger: every('10s'), handler: nothing });
    await world.engine.pauseJob('ten', { note: null, by: null, until: null });
    await world.clock.advance(25_000);
    world.clock.stepWall(-3_600_000);
    await world.engine.resumeJob('ten');
    await world.clock.advance(5_000);
    expect(await world.ledger()).toEqual(['skipped paused 12:00:10..12:00:20 x2', 'succeeded 11:00:30']);
  });

  it('M2: where overlap forbids the one run, its ticks are skipped in one row', async () => {
    const world = World.started();
    const { handler } = held();
    world.add('slow', { trigger: every('1s'), handler });
    await world.clock.advance(1_000);
    world.clock.suspend(4_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['running 12:00:01', 'skipped overlap 12:00:02..12:00:05 x4']);
    expect(world.of('run.coalesced')).toEqual([]);
  });

  it('M3: a long run and a late start leave the phase as it is', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('slow', { trigger: every('10s'), handler });
    world.clock.suspend(13_000);
    await world.clock.advance(2_000);
    open[0]!.end();
    await world.clock.advance(5_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:10', 'running 12:00:20']);
  });

  it('M4: a waiting retry keeps its remaining time when the clock is set back', async () => {
    const world = World.started();
    const attempts: number[] = [];
    const handler = () => {
      attempts.push(world.clock.monotonic());
      throw new Error('no');
    };
    world.add('flaky', {
      trigger: at('2026-06-01T12:00:01Z'),
      retry: { attempts: 2, delay: '10s' },
      handler,
    });
    await world.clock.advance(3_000);
    world.clock.stepWall(-3_600_000);
    await world.clock.advance(20_000);
    expect(attempts).toEqual([1_000, 11_000]);
  });
});

describe('O: one job, many runs', () => {
  it("O1: under 'queueOne' a newer tick takes the place of the one that waits", async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('slow', { trigger: every('1s'), overlap: 'queueOne', handler });
    await world.clock.advance(3_500);
    open[0]!.end();
    await world.clock.advance(1);
    expect(starts).toEqual(['12:00:01', '12:00:03']);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:01',
      'coalesced merged 12:00:02',
      'running 12:00:03 +1',
    ]);
  });

  it("O1: under 'queueAll' each tick waits; those found overdue together are coalesced first", async () => {
    const world = World.started();
    const { handler } = held();
    world.add('slow', { trigger: every('1s'), overlap: 'queueAll', handler });
    await world.clock.advance(2_500);
    world.clock.suspend(2_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual([
      'running 12:00:01',
      'queued 12:00:02',
      'queued 12:00:04 +1',
      'coalesced merged 12:00:03',
    ]);
  });

  it("O1: under 'cancelPrevious' the new run starts once the handler before it has settled", async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    const signals: AbortSignal[] = [];
    world.add('job', {
      trigger: every('1s'),
      overlap: 'cancelPrevious',
      retry: 3,
      handler: (run) => {
        signals.push(run.signal);
        return handler(run);
      },
    });
    await world.clock.advance(2_500);
    expect(signals[0]!.reason).toBeInstanceOf(RunCancelledError);
    expect(starts).toEqual(['12:00:01']);
    open[0]!.fail(new Error('aborted'));
    await world.clock.advance(500);
    open[1]!.end();
    await world.clock.advance(1);
    expect(await world.ledger()).toEqual([
      'cancelled replaced 12:00:01',
      'succeeded 12:00:02',
      'running 12:00:03',
    ]);
  });

  it("O1: under 'cancelPrevious' a run that waits for a retry is cancelled at once", async () => {
    const world = World.started();
    const retry = { attempts: 2, delay: '5s' };
    world.add('job', { trigger: every('2s'), overlap: 'cancelPrevious', retry, handler: fails });
    await world.clock.advance(4_000);
    expect(await world.ledger()).toEqual(['cancelled replaced 12:00:02', 'waiting 12:00:04']);
  });

  it('O3: a retry that could begin only later than the grace is not tried', async () => {
    const world = World.started();
    const retry = { attempts: 3, delay: '1s' };
    world.add('flaky', { trigger: at('2026-06-01T12:00:01Z'), misfireGrace: '1s', retry, handler: fails });
    await world.clock.advance(1_000);
    world.clock.suspend(10_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['failed misfireGrace 12:00:01']);
    expect(await world.engine.getRuns({})).toMatchObject([{ attempt: 1, error: { message: 'no' } }]);
  });

  it('O3: a run whose job was removed is not tried again', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('job', { trigger: every('10s'), retry: 3, handler });
    await world.clock.advance(10_000);
    await world.engine.removeJob('job');
    open[0]!.fail(new Error('no'));
    await world.clock.advance(10_000);
    expect(await world.ledger()).toEqual(['failed 12:00:10']);
    expect(world.of('run.failed')).toMatchObject([{ retryAt: null }]);
  });

  it('O4: failed runs in a row pause a job, those by hand included; a success begins anew', async () => {
    const world = World.started();
    let works = false;
    const handler = () => (works ? Promise.resolve() : fails());
    world.add('job', { trigger: every('10s'), pauseAfterFailures: 2, handler });
    await world.clock.advance(10_000);
    works = true;
    await world.clock.advance(10_000);
    works = false;
    await world.clock.advance(10_000);
    expect(await world.engine.getJob('job')).toMatchObject({ state: 'active', failuresInRow: 1 });
    await world.engine.runNow('job', undefined);
    await world.clock.settle();
    expect(await world.engine.getJob('job')).toMatchObject({
      state: 'paused',
      pause: { note: '2 failed runs in a row', by: 'pauseAfterFailures', until: null },
    });
    expect(world.of('job.paused')).toMatchObject([{ by: 'pauseAfterFailures' }]);
  });

  it('O6: a backfill goes one run behind the other, also under allow and when the job is paused', async () => {
    const world = World.started();
    const { handler, open } = held();
    const trigger = cron('0 * * * *');
    world.add('hourly', { trigger, overlap: 'allow', maxRuns: 1, handler });
    await world.engine.pauseJob('hourly', { note: null, by: null, until: null });
    const [fromAt, toAt] = [Date.parse('2026-06-01T10:00:00Z'), Date.parse('2026-06-01T11:00:00Z')];
    const request = { jobId: 'hourly', fromAt, toAt, force: false, dryRun: false, most: 10 };
    expect(await world.engine.backfill(request)).toEqual({ count: 2, leftOut: 0, tooMany: false });
    await world.clock.advance(1);
    expect(open).toHaveLength(1);
    open[0]!.end();
    await world.clock.advance(1);
    open[1]!.end();
    await world.clock.settle();
    expect(await world.engine.getRuns({})).toMatchObject([
      { scheduledAt: null, standsFor: new Date(toAt), outcome: 'succeeded' },
      { scheduledAt: null, standsFor: new Date(fromAt), outcome: 'succeeded' },
    ]);
    expect(await world.engine.getJob('hourly')).toMatchObject({ state: 'paused', runsStarted: 0 });
  });

  it('Limits: runs wait in order and keep their ticks; what would be skipped does not wait', async () => {
    const concurrency = { whole: 1, groups: {} };
    const world = World.started({ history: { runsPerJob: 100, runsTotal: 100, concurrency } });
    const { handler, starts, open } = held();
    world.add('slow', { trigger: every('1s'), handler });
    world.add('second', { trigger: at('2026-06-01T12:00:03Z'), handler });
    world.add('first', { trigger: at('2026-06-01T12:00:02Z'), handler });
    await world.clock.advance(3_500);
    expect(await world.ledger()).toEqual(['running 12:00:01', 'skipped overlap 12:00:02..12:00:03 x2']);
    for (const run of [0, 1]) {
      open[run]!.end();
      await world.clock.advance(1);
    }
    expect(starts).toEqual(['12:00:01', '12:00:02', '12:00:03']);
    expect(await world.engine.getRuns({ jobId: 'first' })).toMatchObject([{ latenessMs: 1_500 }]);
  });

  it('Limits: a run that waits for its retry holds no place', async () => {
    const concurrency = { whole: 1, groups: {} };
    const world = World.started({ history: { runsPerJob: 100, runsTotal: 100, concurrency } });
    const retry = { attempts: 2, delay: '10s' };
    world.add('flaky', { trigger: at('2026-06-01T12:00:01Z'), retry, handler: fails });
    world.add('other', { trigger: at('2026-06-01T12:00:02Z'), handler: nothing });
    await world.clock.advance(2_000);
    expect(await world.ledger()).toEqual(['waiting 12:00:01', 'succeeded 12:00:02']);
  });

  it('O7: what a handler tells is kept within bounds', async () => {
    const world = World.started();
    const trigger = at('2026-06-01T12:00:01Z');
    world.add('talks', {
      trigger,
      handler: (run) => {
        for (let line = 1; line <= 120; line++) run.log.info(`${line}`.padEnd(2_000, '.'));
        return 'x'.repeat(4_094);
      },
    });
    world.add('large', { trigger, handler: () => 'x'.repeat(4_095) });
    world.add('odd', { trigger, handler: () => () => {} });
    await world.clock.advance(1_000);
    const [talks] = await world.engine.getRuns({ jobId: 'talks' });
    expect(talks!.log).toHaveLength(100);
    expect(talks!.log[0]!.message).toBe('21'.padEnd(1_000, '.'));
    expect(talks!.result).toEqual({ kept: true, value: 'x'.repeat(4_094) });
    expect(await world.engine.getRuns({ jobId: 'large' })).toMatchObject([
      { result: { kept: false, because: 'tooLarge' } },
    ]);
    expect(await world.engine.getRuns({ jobId: 'odd' })).toMatchObject([
      { result: { kept: false, because: 'notJson' } },
    ]);
  });

  it('O2: a handler that blocks the event loop is not timed out', async () => {
    const world = World.started();
    world.add('blocks', { trigger: every('10s'), timeout: '1s', handler: () => world.clock.suspend(5_000) });
    await world.clock.advance(10_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:10']);
  });

  it('O5: a pause lets a run go on, retries included', async () => {
    const world = World.started();
    world.add('flaky', { trigger: every('10s'), retry: { attempts: 2, delay: '2s' }, handler: fails });
    await world.clock.advance(10_000);
    await world.engine.pauseJob('flaky', { note: null, by: null, until: null });
    await world.clock.advance(5_000);
    expect(await world.engine.getRuns({})).toMatchObject([{ outcome: 'failed', attempt: 2 }]);
  });

  it('O5: what was overdue when the pause began is skipped with it', async () => {
    const world = World.started();
    world.add('job', { trigger: every('10s'), handler: nothing });
    world.clock.suspend(25_000);
    await world.engine.pauseJob('job', { note: null, by: null, until: null });
    await world.clock.advance(10_000);
    await world.engine.resumeJob('job');
    expect(await world.ledger()).toEqual(['skipped paused 12:00:10..12:00:30 x3']);
  });

  it('O5: a job that is disabled or finished has nothing to pause', async () => {
    const world = World.started();
    world.add('disabled', { trigger: every('1s'), disabled: true, handler: nothing });
    world.add('finished', { trigger: at('2026-06-01T12:00:00Z'), handler: nothing });
    await world.clock.advance(1_000);
    const pause = { note: 'why', by: null, until: null };
    expect(await world.engine.pauseJob('disabled', pause)).toMatchObject({ state: 'disabled', pause: null });
    expect(await world.engine.pauseJob('finished', pause)).toMatchObject({ state: 'finished', pause: null });
  });

  it('O6: runNow runs a job that is paused or disabled', async () => {
    const world = World.started();
    world.add('paused', { trigger: every('1h'), handler: nothing });
    world.add('disabled', { trigger: every('1h'), disabled: true, handler: nothing });
    await world.engine.pauseJob('paused', { note: null, by: null, until: null });
    await world.engine.runNow('paused', undefined);
    await world.engine.runNow('disabled', undefined);
    expect(await world.ledger()).toEqual(['succeeded by hand', 'succeeded by hand']);
  });

  it('O6: runNow waits while the whole scheduler is paused', async () => {
    const world = World.started();
    world.add('job', { trigger: every('1h'), handler: nothing });
    world.engine.pause();
    expect(await world.engine.runNow('job', undefined)).toMatchObject({ state: 'waiting', outcome: null });
    await world.clock.advance(5_000);
    expect(await world.ledger()).toEqual(['waiting by hand']);
    world.engine.resume();
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['succeeded by hand']);
  });

  it('gives overdue ticks an outcome when a job is disabled or removed', async () => {
    const world = World.started();
    world.add('disabled', { trigger: every('10s'), handler: nothing });
    world.add('removed', { trigger: every('10s'), handler: nothing });
    world.clock.suspend(25_000);
    await world.engine.updateJob('disabled', { disabled: true });
    await world.engine.removeJob('removed');
    expect(await world.ledger('disabled')).toEqual(['skipped edited 12:00:10..12:00:20 x2']);
    expect(await world.ledger('removed')).toEqual(['cancelled removed 12:00:10..12:00:20 x2']);
  });

  it('cancels a waiting retry when its job is removed', async () => {
    const world = World.started();
    world.add('flaky', { trigger: every('10s'), retry: { attempts: 2, delay: '5s' }, handler: fails });
    await world.clock.advance(10_000);
    await world.engine.removeJob('flaky');
    expect(await world.ledger()).toEqual(['cancelled removed 12:00:10']);
  });
});

describe('D: declaring', () => {
  it('D3: replacing with an equal trigger keeps what is due and what is overdue', async () => {
    const { scheduler, clock } = await startApp({ options: { timezone: 'UTC' } });
    const job = { id: 'minute', trigger: cron('* * * * *'), handler: nothing, ifTaken: 'replace' as const };
    await scheduler.addJob(job);
    await clock.advance(30_000);
    expect(await scheduler.addJob({ ...job, timeout: '5s' })).toMatchObject({
      nextDueAt: new Date('2027-01-04T00:01:00Z'),
    });
    clock.suspend(60_000);
    await scheduler.addJob({ ...job, timeout: '6s' });
    await clock.advance(0);
    expect(await scheduler.getRuns({ jobId: 'minute' })).toMatchObject([
      { outcome: 'succeeded', latenessMs: 30_000 },
    ]);
  });

  it('D3: an interval without startAt keeps its rhythm when an equal one replaces it', async () => {
    const { scheduler, clock } = await startApp();
    const job = { id: 'ten', trigger: every('10s'), handler: nothing, ifTaken: 'replace' as const };
    await scheduler.addJob(job);
    await clock.advance(6_000);
    expect(await scheduler.addJob(job)).toMatchObject({ nextDueAt: new Date('2027-01-04T00:00:10Z') });
  });

  it('D5: the tick that parks its job is missed', async () => {
    const world = World.started();
    const trigger = every('10s').bind({ jobId: 'bad', timezone: 'UTC', anchorAt: world.clock.now() });
    const nextAt = (afterAt: number): number => {
      if (afterAt > START_AT) throw new Error('no more');
      return trigger.nextAt(afterAt)!;
    };
    const bad = Object.create(trigger, {
      firstAt: { value: nextAt },
      delayAt: { value: () => 0 },
      waitsForRun: { value: false },
      nextAt: { value: nextAt },
    }) as Trigger;
    const spec = world.spec('bad', { trigger, handler: nothing });
    await world.engine.putJob({ ...spec, trigger: bad }, 'error');
    await world.clock.advance(10_000);
    expect(await world.engine.getJob('bad')).toMatchObject({ state: 'parked', parkedBecause: 'no more' });
    expect(await world.ledger()).toEqual(['missed parked 12:00:10']);
  });

  it('D6: a payload is what JSON makes of it', async () => {
    const { scheduler } = await startApp();
    const payload = { left: undefined, at: new Date(START) };
    const job = await scheduler.addJob({ trigger: every('1h'), handler: nothing, payload });
    expect(job.payload).toEqual({ at: '2027-01-04T00:00:00.000Z' });
  });
});

describe('L: life', () => {
  it('L2: what is overdue at the shutdown is missed; what waits or is queued is abandoned', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('overdue', { trigger: every('10s'), handler: nothing });
    world.add('queued', { trigger: every('10s'), coalesce: 'all', handler });
    world.clock.suspend(25_000);
    await world.clock.advance(0);
    world.clock.suspend(10_000);
    const stopped = world.engine.stop(LIMITS);
    open[0]!.end();
    await stopped;
    expect(await world.ledger('overdue')).toContain('missed shutdown 12:00:30');
    expect(await world.ledger('queued')).toEqual([
      'succeeded 12:00:10',
      'abandoned shutdown 12:00:20',
      'missed shutdown 12:00:30',
    ]);
  });

  it('L2: a handler that rejects once its signal is aborted is abandoned, one that resolves has succeeded', async () => {
    const world = World.started();
    const onAbort = (signal: AbortSignal, settle: () => void) => signal.addEventListener('abort', settle);
    const trigger = at('2026-06-01T12:00:01Z');
    const retry = { attempts: 3 };
    world.add('rejects', {
      trigger,
      retry,
      handler: ({ signal }) => new Promise((_, reject) => onAbort(signal, () => reject(new Error('own')))),
    });
    world.add('resolves', {
      trigger,
      retry,
      handler: ({ signal }) => new Promise<void>((resolve) => onAbort(signal, resolve)),
    });
    await world.clock.advance(1_000);
    const stopped = world.engine.stop(LIMITS);
    await world.clock.advance(4_000);
    await stopped;
    expect(await world.ledger('rejects')).toEqual(['abandoned shutdown 12:00:01']);
    expect(await world.ledger('resolves')).toEqual(['succeeded 12:00:01']);
  });
});

describe('the rules of docs/semantics.md and docs/time.md', () => {
  it('are all there that comments in the code point at', async () => {
    const cited = new Set<string>();
    for (const path of await readdir('libs/scheduler/src', { recursive: true })) {
      if (!path.endsWith('.ts') || path.includes('timing/')) continue;
      const comments = (await read(`libs/scheduler/src/${path}`)).matchAll(/(?:\/\/|\*).*/g);
      for (const [comment] of comments)
        for (const [rule] of comment.matchAll(/\b[TMODL][1-8]\b/g)) cited.add(rule);
    }
    const page = await read('docs/semantics.md');
    expect(cited.size).toBeGreaterThan(8);
    expect([...cited].filter((rule) => !page.includes(`- **${rule}** `))).toEqual([]);
  });
});

describe('docs/how-it-works.md', () => {
  it('has each outcome and each reason', async () => {
    const table = rows(section(await read('docs/how-it-works.md'), 'Outcomes'));
    const reasons = {
      overlap: 0, misfireGrace: 0, maxCatchUp: 0, merged: 0, replaced: 0, parked: 0, paused: 0, edited: 0, removed: 0,
      shutdown: 0, leaseExpired: 0, orphaned: 0,
    } satisfies Record<OutcomeReason, 0>; // prettier-ignore
    expect(new Set(table.map(([outcome]) => code(outcome!)))).toEqual(new Set(OUTCOMES));
    expect(new Set(table.map(([, reason]) => code(reason!)))).toEqual(new Set(['', ...Object.keys(reasons)]));
  });

  it('has each field of a run', async () => {
    const table = rows(section(await read('docs/how-it-works.md'), 'What a handler gets'));
    const run = {
      id: 0, jobId: 0, scheduledAt: 0, standsFor: 0, attempt: 0, token: 0, payload: 0, signal: 0, log: 0, progress: 0,
    } satisfies Record<keyof RunContext, 0>; // prettier-ignore
    expect(table.map(([field]) => code(field!)).toSorted()).toEqual(Object.keys(run).toSorted());
  });
});
