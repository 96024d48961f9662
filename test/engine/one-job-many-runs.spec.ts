import { describe, expect, it } from 'vitest';
import { AttemptTimedOutError, type RunContext } from '../../libs/scheduler/src/model/index.js';
import { currentRun } from '../../libs/scheduler/src/runner/index.js';
import { at, cron, every } from '../../libs/scheduler/src/timing/index.js';
import { held, World } from './world.js';

describe('overlap', () => {
  it('skips ticks while the previous run is alive, in one row, and goes on after it', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('slow', { trigger: every('1s'), handler });
    await world.clock.advance(4_500);
    open[0].end();
    await world.clock.advance(1_000);
    expect(starts).toEqual(['12:00:01', '12:00:05']);
    expect(await world.ledger()).toEqual(['succeeded 12:00:01', 'skipped overlap 12:00:02..12:00:04 x3', 'running 12:00:05']);
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
    world.add('mail', { trigger: every('1h'), handler: (run: RunContext) => void payloads.push(run.payload) });
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
    expect(run.attempts.map(({ attempt, result }) => `${attempt} ${result}`)).toEqual(['1 failed', '2 failed', '3 succeeded']);
    expect(await world.ledger()).toContain('skipped overlap 12:00:20');
    expect(world.of('run.failed').map(({ retryAt }) => retryAt?.toISOString())).toEqual(['2026-06-01T12:00:14.000Z', '2026-06-01T12:00:22.000Z']);
  });

  it('ends as failed with the last error when the attempts are used up', async () => {
    const world = World.started();
    world.add('broken', { trigger: at('2026-06-01T12:00:01Z'), retry: { attempts: 2, backoff: 'fixed', delay: '1s' }, handler: () => Promise.reject(new TypeError('no')) });
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
    world.add('never', { trigger: at('2026-06-01T12:00:01Z'), retry: { attempts: 5, when: () => false }, handler: fail });
    world.add('broken', { trigger: at('2026-06-01T12:00:01Z'), retry: { attempts: 5, when: fail }, handler: fail });
    await world.clock.advance(60_000);
    expect(await world.ledger()).toEqual(['failed 12:00:01', 'failed 12:00:01']);
    expect(world.of('scheduler.faulted')).toMatchObject([{ jobId: 'broken' }]);
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
    expect(world.of('run.timedOut')).toMatchObject([{ willRetry: false, handlerRuns: true, durationMs: 3_000 }]);
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
    world.add('slow', { trigger: at('2026-06-01T12:00:01Z'), timeout: '1s', retry: { attempts: 2, delay: '1s' }, handler });
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
    expect(await world.engine.getJob('second')).toMatchObject({ state: 'paused', nextDueAt: null, pause: { note: 'deploy', by: 'ops', until: null } });
    await world.engine.resumeJob('second');
    await world.clock.advance(1_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:01', 'skipped paused 12:00:02..12:00:04 x3', 'succeeded 12:00:05']);
  });

  it('ends by itself, and the tick at its very end runs', async () => {
    const world = World.started();
    world.add('second', { trigger: every('1s'), handler: () => {} });
    await world.engine.pauseJob('second', { note: null, by: null, until: Date.parse('2026-06-01T12:00:03Z') });
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
    const result = await world.engine.putJob(world.spec('job', { trigger, handler: () => {}, misfireGrace: '1h' }), 'replace');
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
    expect(await world.ledger('job')).toEqual(['succeeded 12:00:01', 'cancelled removed 12:00:02', 'cancelled removed 12:00:03']);
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
});
