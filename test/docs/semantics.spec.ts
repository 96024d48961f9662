import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { at, cron, every, type OutcomeReason, OUTCOMES, type RunContext } from '@carillon/scheduler';
import { held, World } from '../engine/world.js';
import { START, startApp } from '../nest/testing-app.js';
import { code, read, rows, section } from './pages.js';

const LIMITS = { drainTimeoutMs: 3_000, abortGraceMs: 1_000 };
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

  it('D3: an interval without startAt counts from the call that replaces it', async () => {
    const { scheduler, clock } = await startApp();
    const job = { id: 'ten', trigger: every('10s'), handler: nothing, ifTaken: 'replace' as const };
    await scheduler.addJob(job);
    await clock.advance(6_000);
    expect(await scheduler.addJob(job)).toMatchObject({ nextDueAt: new Date('2027-01-04T00:00:16Z') });
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
      overlap: 0, misfireGrace: 0, maxCatchUp: 0, merged: 0, paused: 0, edited: 0, removed: 0, shutdown: 0,
    } satisfies Record<OutcomeReason, 0>; // prettier-ignore
    expect(new Set(table.map(([outcome]) => code(outcome!)))).toEqual(new Set(OUTCOMES));
    expect(new Set(table.map(([, reason]) => code(reason!)))).toEqual(new Set(['', ...Object.keys(reasons)]));
  });

  it('has each field of a run', async () => {
    const table = rows(section(await read('docs/how-it-works.md'), 'What a handler gets'));
    const run = {
      id: 0, jobId: 0, scheduledAt: 0, attempt: 0, token: 0, payload: 0, signal: 0, log: 0,
    } satisfies Record<keyof RunContext, 0>; // prettier-ignore
    expect(table.map(([field]) => code(field!)).toSorted()).toEqual(Object.keys(run).toSorted());
  });
});
