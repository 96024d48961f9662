import { describe, expect, it } from 'vitest';
import {
  AttemptTimedOutError,
  RunCancelledError,
  type RunContext,
} from '../../libs/scheduler/src/model/index.js';
import { currentRun } from '../../libs/scheduler/src/runner/index.js';
import { at, cron, every } from '../../libs/scheduler/src/timing/index.js';
import { held, time, World } from './world.js';

describe('overlap', () => {
  it('skips ticks while the previous run is alive, in one row, and goes on after it', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('slow', { trigger: every('1s'), handler });
    await world.clock.advance(4_500);
    open[0].end();
    await world.clock.advance(1_000);
    expect(starts).toEqual(['12:00:01', '12:00:05']);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:01',
      'skipped overlap 12:00:02..12:00:04 x3',
      'running 12:00:05',
    ]);
    expect(world.of('run.skipped')).toHaveLength(3);
    const [row] = await world.engine.getRuns({ outcome: 'skipped' });
    expect(world.of('run.skipped').map(({ runId }) => runId)).toEqual([row.id, row.id, row.id]);
  });

  it('allows up to maxInstances at once', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('wide', { trigger: every('1s'), overlap: 'allow', maxInstances: 2, handler });
    await world.clock.advance(3_500);
    expect(starts).toEqual(['12:00:01', '12:00:02']);
    open[1].end();
    await world.clock.advance(1_000);
    expect(starts).toEqual(['12:00:01', '12:00:02', '12:00:04']);
  });

  it('holds for a run asked for by hand', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('slow', { trigger: every('1h'), handler });
    const first = await world.engine.runNow('slow', undefined);
    const second = await world.engine.runNow('slow', undefined);
    expect(first).toMatchObject({ outcome: null, scheduledAt: null });
    expect(second).toMatchObject({ outcome: 'skipped', reason: 'overlap' });
    open[0].end();
    await world.clock.settle();
    await world.engine.runNow('slow', undefined);
    expect(starts).toEqual(['by hand', 'by hand']);
  });

  it('starts a run asked for by hand within the call', async () => {
    const world = World.started();
    const payloads: unknown[] = [];
    world.add('mail', {
      trigger: every('1h'),
      handler: (run: RunContext) => void payloads.push(run.payload),
    });
    void world.engine.runNow('mail', { to: 'ada' });
    expect(payloads).toEqual([{ to: 'ada' }]);
  });

  it('ends after maxRuns runs, which skipped ticks do not count for', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('twice', { trigger: every('1s'), maxRuns: 2, handler });
    await world.clock.advance(2_500);
    open[0].end();
    await world.clock.advance(5_000);
    expect(starts).toEqual(['12:00:01', '12:00:03']);
    expect(world.of('job.finished')).toHaveLength(1);
    open[1].end();
    await world.clock.settle();
    expect(await world.engine.getJob('twice')).toMatchObject({ state: 'finished', runsStarted: 2 });
  });
});

describe('queues', () => {
  it('keeps one waiting under queueOne, and merges what it takes the place of', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('job', { trigger: every('1s'), overlap: 'queueOne', handler });
    await world.clock.advance(4_500);
    open[0].end();
    await world.clock.advance(0);
    expect(starts).toEqual(['12:00:01', '12:00:04']);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:01',
      'coalesced merged 12:00:02',
      'coalesced merged 12:00:03 +1',
      'running 12:00:04 +2',
    ]);
  });

  it('runs every tick in order under queueAll', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('job', { trigger: every('1s'), overlap: 'queueAll', maxRuns: 3, handler });
    await world.clock.advance(3_500);
    for (const run of [0, 1, 2]) {
      open[run].end();
      await world.clock.advance(1);
    }
    expect(starts).toEqual(['12:00:01', '12:00:02', '12:00:03']);
    expect(await world.engine.getJob('job')).toMatchObject({ state: 'finished', runsStarted: 3 });
  });

  it('does not count runs by hand for maxRuns, even while they are queued', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('job', { trigger: every('10s'), overlap: 'queueAll', maxRuns: 3, handler });
    for (const call of [1, 2, 3]) await world.engine.runNow('job', { call });
    await world.clock.advance(10_000);
    expect(await world.engine.getJob('job')).toMatchObject({ state: 'active' });
    expect(open).toHaveLength(1);
  });

  it('cancels the previous run, and starts the new one once that has ended', async () => {
    const world = World.started();
    const signals: AbortSignal[] = [];
    const { handler, starts, open } = held();
    world.add('job', {
      trigger: every('1s'),
      overlap: 'cancelPrevious',
      handler: (run) => {
        signals.push(run.signal);
        return handler(run);
      },
    });
    await world.clock.advance(2_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(signals[0].reason).toBeInstanceOf(RunCancelledError);
    expect(starts).toEqual(['12:00:01']);
    open[0].fail(signals[0].reason);
    await world.clock.advance(0);
    expect(starts).toEqual(['12:00:01', '12:00:02']);
    expect(await world.ledger()).toEqual(['cancelled replaced 12:00:01', 'running 12:00:02']);
    expect(world.of('run.cancelled')).toMatchObject([{ jobId: 'job', reason: 'replaced', count: 1 }]);
  });
});

describe('limits', () => {
  it('lets a burst wait in order, with its own instants', async () => {
    const world = new World({
      history: { runsPerJob: 100, runsTotal: 100, concurrency: { whole: null, groups: { mail: 2 } } },
    });
    void world.engine.start();
    const { handler, starts, open } = held();
    for (const second of [1, 2, 3, 4]) {
      world.add(`mail-${second}`, { trigger: at(`2026-06-01T12:00:0${second}Z`), group: 'mail', handler });
    }
    world.add('other', { trigger: at('2026-06-01T12:00:04Z'), handler });
    await world.clock.advance(5_000);
    expect(starts).toEqual(['12:00:01', '12:00:02', '12:00:04']);
    open[1].end();
    await world.clock.advance(0);
    open[0].end();
    await world.clock.advance(0);
    expect(starts).toEqual(['12:00:01', '12:00:02', '12:00:04', '12:00:03', '12:00:04']);
  });

  it('holds no place while it waits for a retry', async () => {
    const world = new World({
      history: { runsPerJob: 100, runsTotal: 100, concurrency: { whole: 1, groups: {} } },
    });
    void world.engine.start();
    const { handler, starts } = held();
    world.add('flaky', {
      trigger: at('2026-06-01T12:00:01Z'),
      retry: { attempts: 2, delay: '10s' },
      handler: () => Promise.reject(new Error('no')),
    });
    world.add('other', { trigger: at('2026-06-01T12:00:02Z'), handler });
    await world.clock.advance(3_000);
    expect(starts).toEqual(['12:00:02']);
  });
});

describe('failures in a row', () => {
  it('pause the job, with their number as its note', async () => {
    const world = World.started();
    world.add('job', {
      trigger: every('1s'),
      pauseAfterFailures: 2,
      handler: () => Promise.reject(new Error('no')),
    });
    await world.clock.advance(5_000);
    expect(await world.engine.getJob('job')).toMatchObject({
      state: 'paused',
      pause: { note: '2 failed runs in a row' },
    });
    expect(await world.ledger()).toEqual(['failed 12:00:01', 'failed 12:00:02']);
    expect(world.of('job.paused')).toMatchObject([{ jobId: 'job', by: 'pauseAfterFailures' }]);
  });
});

describe('backfill', () => {
  const span = {
    fromAt: Date.parse('2026-06-01T12:00:00Z'),
    toAt: Date.parse('2026-06-01T12:00:05Z'),
    most: 100,
  };

  it('makes runs one behind the other for the instants that had none, once', async () => {
    const world = World.started();
    const stoodFor: string[] = [];
    world.add('job', {
      trigger: every('1s'),
      handler: (run) => {
        stoodFor.push(run.standsFor ? `for ${time(run.standsFor)}` : time(run.scheduledAt!));
      },
    });
    await world.clock.advance(2_000);
    await world.engine.pauseJob('job', { note: null, by: null, until: null });
    await world.clock.advance(4_000);
    const request = { ...span, jobId: 'job', force: false };
    expect(await world.engine.backfill({ ...request, dryRun: true })).toEqual({
      count: 3,
      leftOut: 2,
      tooMany: false,
    });
    expect(stoodFor).toEqual(['12:00:01', '12:00:02']);
    await world.engine.backfill({ ...request, dryRun: false });
    expect(await world.engine.backfill({ ...request, dryRun: true })).toMatchObject({ count: 0, leftOut: 5 });
    await world.clock.advance(10);
    expect(stoodFor).toEqual(['12:00:01', '12:00:02', 'for 12:00:03', 'for 12:00:04', 'for 12:00:05']);
  });
});

describe('retries', () => {
  it('tries the same run again after its backoff, and holds the place meanwhile', async () => {
    const world = World.started();
    const attempts: string[] = [];
    world.add('flaky', {
      trigger: every('10s'),
      retry: { attempts: 3, backoff: 'exponential', delay: '4s' },
      handler: (run) => {
        attempts.push(`${run.attempt} at ${world.clock.monotonic() / 1_000}`);
        if (run.attempt < 3) throw new Error(`attempt ${run.attempt}`);
      },
    });
    await world.clock.advance(25_000);
    expect(attempts).toEqual(['1 at 10', '2 at 14', '3 at 22']);
    const [run] = await world.engine.getRuns({ outcome: 'succeeded' });
    expect(run).toMatchObject({ attempt: 3, latenessMs: 0, error: null });
    expect(run.attempts.map(({ attempt, result }) => `${attempt} ${result}`)).toEqual([
      '1 failed',
      '2 failed',
      '3 succeeded',
    ]);
    expect(await world.ledger()).toContain('skipped overlap 12:00:20');
    expect(world.of('run.failed').map(({ retryAt }) => retryAt?.toISOString())).toEqual([
      '2026-06-01T12:00:14.000Z',
      '2026-06-01T12:00:22.000Z',
    ]);
  });

  it('ends as failed with the last error when the attempts are used up', async () => {
    const world = World.started();
    world.add('broken', {
      trigger: at('2026-06-01T12:00:01Z'),
      retry: { attempts: 2, backoff: 'fixed', delay: '1s' },
      handler: () => Promise.reject(new TypeError('no')),
    });
    await world.clock.advance(5_000);
    const [run] = await world.engine.getRuns({});
    expect(run).toMatchObject({ outcome: 'failed', attempt: 2, error: { name: 'TypeError', message: 'no' } });
    expect(world.of('run.failed').at(-1)).toMatchObject({ retryAt: null, attempt: 2 });
  });

  it('does not try again when `when` says so, and survives a `when` that throws', async () => {
    const world = World.started();
    const fail = () => {
      throw new Error('no');
    };
    world.add('never', {
      trigger: at('2026-06-01T12:00:01Z'),
      retry: { attempts: 5, when: () => false },
      handler: fail,
    });
    world.add('broken', {
      trigger: at('2026-06-01T12:00:01Z'),
      retry: { attempts: 5, when: fail },
      handler: fail,
    });
    await world.clock.advance(60_000);
    expect(await world.ledger()).toEqual(['failed 12:00:01', 'failed 12:00:01']);
    expect(world.of('scheduler.faulted')).toMatchObject([{ jobId: 'broken' }]);
  });

  it('does not try again later than the grace: the last result is the outcome', async () => {
    const world = World.started();
    world.add('job', {
      trigger: at('2026-06-01T12:00:01Z'),
      misfireGrace: '5s',
      retry: { attempts: 2, delay: '2s' },
      handler: () => Promise.reject(new Error('no')),
    });
    await world.clock.advance(1_000);
    world.clock.suspend(10_000);
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['failed misfireGrace 12:00:01']);
    expect(world.of('run.failed')).toMatchObject([
      { jobId: 'job', attempt: 1, retryAt: new Date('2026-06-01T12:00:03Z') },
      { jobId: 'job', attempt: 1, retryAt: null, reason: 'misfireGrace', error: { message: 'no' } },
    ]);
    expect(world.of('run.missed')).toEqual([]);
  });
});

describe('timeouts', () => {
  it('aborts the signal, has its outcome at once, and holds the place until the handler settles', async () => {
    const world = World.started();
    const { starts, open, handler } = held();
    let signal!: AbortSignal;
    world.add('slow', {
      trigger: every('10s'),
      timeout: '3s',
      handler: (run) => {
        signal = run.signal;
        return handler(run);
      },
    });
    await world.clock.advance(13_000);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(AttemptTimedOutError);
    expect(await world.ledger()).toEqual(['timedOut 12:00:10']);
    expect(world.of('run.timedOut')).toMatchObject([
      { willRetry: false, handlerRuns: true, durationMs: 3_000 },
    ]);
    await world.clock.advance(10_000);
    expect(starts).toHaveLength(1);
    expect(await world.ledger()).toEqual(['timedOut 12:00:10', 'skipped overlap 12:00:20']);
    open[0].end();
    await world.clock.advance(10_000);
    expect(starts).toHaveLength(2);
  });

  it('lets a retry wait until the handler has settled', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('slow', {
      trigger: at('2026-06-01T12:00:01Z'),
      timeout: '1s',
      retry: { attempts: 2, delay: '1s' },
      handler,
    });
    await world.clock.advance(20_000);
    expect(open).toHaveLength(1);
    expect(world.of('run.timedOut')).toMatchObject([{ willRetry: true }]);
    open[0].fail(new Error('too late'));
    await world.clock.advance(1);
    expect(open).toHaveLength(2);
    open[1].end();
    await world.clock.settle();
    expect(await world.ledger()).toEqual(['succeeded 12:00:01']);
  });
});

describe('pauses', () => {
  it('skips the ticks inside a pause in one row and goes on with the next', async () => {
    const world = World.started();
    world.add('second', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(1_500);
    await world.engine.pauseJob('second', { note: 'deploy', by: 'ops', until: null });
    await world.clock.advance(3_000);
    expect(await world.engine.getJob('second')).toMatchObject({
      state: 'paused',
      nextDueAt: null,
      pause: { note: 'deploy', by: 'ops', until: null },
    });
    await world.engine.resumeJob('second');
    await world.clock.advance(1_000);
    expect(await world.ledger()).toEqual([
      'succeeded 12:00:01',
      'skipped paused 12:00:02..12:00:04 x3',
      'succeeded 12:00:05',
    ]);
  });

  it('ends by itself, and the tick at its very end runs', async () => {
    const world = World.started();
    world.add('second', { trigger: every('1s'), handler: () => {} });
    await world.engine.pauseJob('second', {
      note: null,
      by: null,
      until: Date.parse('2026-06-01T12:00:03Z'),
    });
    await world.clock.advance(3_500);
    expect(await world.ledger()).toEqual(['skipped paused 12:00:01..12:00:02 x2', 'succeeded 12:00:03']);
    expect(world.of('job.resumed')).toMatchObject([{ jobId: 'second' }]);
  });

  it('makes ticks late, not lost, while the whole scheduler is paused', async () => {
    const world = World.started();
    world.add('second', { trigger: every('1s'), handler: () => {} });
    world.engine.pause();
    await world.clock.advance(3_500);
    expect(await world.ledger()).toEqual([]);
    world.engine.resume();
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['succeeded 12:00:03 +2', 'coalesced merged 12:00:01..12:00:02 x2']);
  });
});

describe('edits', () => {
  it('gives overdue ticks their outcome before a new trigger takes over', async () => {
    const world = World.started();
    world.add('job', { trigger: every('10s'), handler: () => {} });
    world.clock.suspend(25_000);
    await world.engine.updateJob('job', { trigger: cron('* * * * *', { timezone: 'UTC' }) });
    await world.clock.advance(60_000);
    expect(await world.ledger()).toEqual(['skipped edited 12:00:10..12:00:20 x2', 'succeeded 12:01:00']);
  });

  it('keeps the next due instant when a job is replaced with an equal trigger', async () => {
    const world = World.started();
    const trigger = every('10s', { startAt: '2026-06-01T12:00:00Z' });
    world.add('job', { trigger, handler: () => {} });
    world.clock.suspend(15_000);
    const result = await world.engine.putJob(
      world.spec('job', { trigger, handler: () => {}, misfireGrace: '1h' }),
      'replace',
    );
    expect(result.change).toBe('changed');
    await world.clock.advance(0);
    expect(await world.ledger()).toEqual(['succeeded 12:00:10']);
  });

  it('cancels what waits when a job is removed, and lets what runs end', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('job', { trigger: every('1s'), coalesce: 'all', handler });
    world.clock.suspend(3_000);
    await world.clock.advance(0);
    await world.engine.removeJob('job');
    expect(await world.engine.getJob('job')).toBeNull();
    open[0].end();
    await world.clock.advance(10_000);
    expect(await world.ledger('job')).toEqual([
      'succeeded 12:00:01',
      'cancelled removed 12:00:02',
      'cancelled removed 12:00:03',
    ]);
  });
});

describe('the run', () => {
  it('is known behind awaits and nowhere else', async () => {
    const world = World.started();
    const seen: (string | undefined)[] = [];
    world.add('job', {
      trigger: at('2026-06-01T12:00:01Z'),
      handler: async () => {
        await Promise.resolve();
        seen.push(currentRun()?.jobId);
      },
    });
    await world.clock.advance(2_000);
    expect(seen).toEqual(['job']);
    expect(currentRun()).toBeNull();
  });

  it('may change its payload without changing the next one', async () => {
    const world = World.started();
    const seen: unknown[] = [];
    const spec = world.spec('job', {
      trigger: every('1s'),
      handler: (run: RunContext<{ n: number }>) => void seen.push(run.payload.n++),
    });
    await world.engine.putJob({ ...spec, payload: { n: 1 } }, 'error');
    await world.clock.advance(2_000);
    expect(seen).toEqual([1, 1]);
  });

  it('keeps its last lines, its progress and its result', async () => {
    const world = World.started();
    world.add('job', {
      trigger: at('2026-06-01T12:00:01Z'),
      handler: (run) => {
        for (let line = 0; line < 150; line++) run.log.info(`line ${line}`);
        run.progress(0.4, 'page 4 of 10');
        expect(() => run.progress(4)).toThrow(/0 to 1/);
        expect(() => run.progress(0.5, { page: 5 } as never)).toThrow(/"note"/);
        return { sent: 3 };
      },
    });
    world.add('large', { trigger: at('2026-06-01T12:00:02Z'), handler: () => 'x'.repeat(5_000) });
    await world.clock.advance(2_000);
    const [large, run] = await world.engine.getRuns({});
    expect(run).toMatchObject({
      result: { kept: true, value: { sent: 3 } },
      progress: { share: 0.4, note: 'page 4 of 10' },
    });
    expect(run.log).toHaveLength(100);
    expect(run.log[99]).toMatchObject({ level: 'info', message: 'line 149' });
    expect(large.result).toEqual({ kept: false, because: 'tooLarge' });
    expect(world.of('run.progressed')).toMatchObject([{ jobId: 'job', share: 0.4 }]);
  });
});
