import { filter, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { SchedulerStoppingError } from '../../libs/scheduler/src/model/index.js';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { cron, every, type Trigger } from '../../libs/scheduler/src/timing/index.js';
import { held, World } from './world.js';

const LIMITS = { drainTimeoutMs: 10_000, abortGraceMs: 1_000 };

describe('the loop survives', () => {
  it('handlers that throw, reject, and never settle', async () => {
    const world = World.started();
    const fine: number[] = [];
    world.add('throws', {
      trigger: every('1s'),
      handler: () => {
        throw new Error('sync');
      },
    });
    world.add('rejects', { trigger: every('1s'), handler: () => Promise.reject('text') });
    world.add('hangs', { trigger: every('1s'), handler: () => new Promise(() => {}) });
    world.add('fine', { trigger: every('1s'), handler: () => void fine.push(1) });
    await world.clock.advance(3_000);
    expect(fine).toHaveLength(3);
    expect(await world.ledger('throws')).toEqual(['failed 12:00:01', 'failed 12:00:02', 'failed 12:00:03']);
    const [rejected] = await world.engine.getRuns({ jobId: 'rejects', limit: 1 });
    expect(rejected.error).toEqual({ name: 'NonError', message: 'text', stack: null });
    expect(await world.ledger('hangs')).toEqual([
      'running 12:00:01',
      'skipped overlap 12:00:02..12:00:03 x2',
    ]);
  });

  it('errors that throw when they are looked at, and what JSON cannot show', async () => {
    const world = World.started();
    const hostile = Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('hands off');
      },
    });
    world.add('hostile', { trigger: every('1s'), handler: () => Promise.reject(hostile) });
    world.add('bigint', { trigger: every('1s'), handler: () => Promise.reject(1n) });
    await world.clock.advance(2_000);
    expect(await world.ledger('hostile')).toEqual(['failed 12:00:01', 'failed 12:00:02']);
    const [run] = await world.engine.getRuns({ jobId: 'bigint', limit: 1 });
    expect(run.error).toMatchObject({ message: '(a thrown bigint that cannot be shown)' });
  });

  it('subscribers that throw, also behind operators and in async functions, and tells of them', async () => {
    const world = World.started();
    const heard: string[] = [];
    const broken = () => {
      throw new Error('listener');
    };
    world.hub.on('run.succeeded').subscribe(broken);
    world.hub.events$
      .pipe(
        filter(({ type }) => type === 'run.succeeded'),
        map(({ type }) => type),
      )
      .subscribe(broken);
    world.hub.on('run.succeeded').subscribe(async () => broken());
    world.hub.on('listener.failed').subscribe(broken);
    world.hub.on('run.succeeded').subscribe(({ jobId }) => heard.push(jobId));
    world.add('job', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(2_500);
    expect(heard).toEqual(['job', 'job']);
    expect(
      world.of('listener.failed').filter(({ during }) => during === 'run.succeeded').length,
    ).toBeGreaterThanOrEqual(4);
  });

  it('a trigger that throws: its job is parked, the others run', async () => {
    const world = World.started();
    const trigger = every('1s').bind({ jobId: 'x', timezone: 'UTC', anchorAt: world.clock.now() });
    const poisoned = new Proxy(trigger, {
      get: (target, key) =>
        key === 'nextAt' && world.clock.monotonic() > 0
          ? () => {
              throw new Error('poisoned');
            }
          : bound(target, key),
    });
    void world.engine.putJob(
      { ...world.spec('poisoned', { trigger, handler: () => {} }), trigger: poisoned },
      'error',
    );
    world.add('fine', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(2_000);
    expect(await world.engine.getJob('poisoned')).toMatchObject({
      state: 'parked',
      parkedBecause: 'poisoned',
    });
    expect(world.of('job.parked')).toHaveLength(1);
    expect(await world.ledger('fine')).toEqual(['succeeded 12:00:01', 'succeeded 12:00:02']);
  });

  it('a store that is down: it says so once, tries again, and what fell due meanwhile is late', async () => {
    const store = new MemoryStore({ runsPerJob: 100, runsTotal: 1_000 });
    const world = World.started({ store });
    world.add('job', { trigger: every('1s'), handler: () => {} });
    const claimDue = store.claimDue.bind(store);
    store.claimDue = () => {
      throw new Error('connection refused');
    };
    await world.clock.advance(3_500);
    store.claimDue = claimDue;
    await world.clock.advance(5_000);
    expect(world.of('store.down')).toHaveLength(1);
    expect(world.of('store.up')).toHaveLength(1);
    expect((await world.ledger()).at(0)).toMatch(/^succeeded 12:00:0\d \+\d$/);
  });
});

describe('a pass over many due jobs', () => {
  it('yields to the event loop when its slice is over, and starts the first slice inside the timer', async () => {
    const world = World.started();
    let started = 0;
    for (let i = 0; i < 100; i++) {
      world.add(`job-${i}`, {
        trigger: cron('* * * * * *'),
        handler: () => {
          started++;
          world.clock.suspend(1);
        },
      });
    }
    const seen: number[] = [];
    const yieldThen = world.clock.yieldThen.bind(world.clock);
    world.clock.yieldThen = (callback) => {
      seen.push(started);
      yieldThen(callback);
    };
    await world.clock.advance(1_000);
    expect(started).toBe(100);
    expect(seen).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });
});

describe('stopping', () => {
  it('waits for what runs, claims nothing more, and leaves no timer', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('job', { trigger: every('1s'), overlap: 'allow', handler });
    await world.clock.advance(1_000);
    const stopped = world.engine.stop(LIMITS);
    await world.clock.advance(5_000);
    expect(starts).toEqual(['12:00:01']);
    open[0].end('done');
    await stopped;
    expect(await world.ledger()).toContain('succeeded 12:00:01');
    expect(world.of('scheduler.draining')).toMatchObject([{ running: 1 }]);
    expect(world.of('scheduler.stopped')).toMatchObject([{ abandoned: 0 }]);
    expect(world.clock.pendingTimers).toBe(0);
    // What fell due during the drain has its outcome too.
    expect(await world.ledger()).toContain('missed shutdown 12:00:02..12:00:06 x5');
  });

  it('aborts what does not end in time, and abandons what ignores that', async () => {
    const world = World.started();
    const reasons: unknown[] = [];
    const { handler } = held();
    world.add('ignores', { trigger: every('1m', { startAt: '2026-06-01T12:00:01Z' }), handler });
    world.add('listens', {
      trigger: every('1m', { startAt: '2026-06-01T12:00:01Z' }),
      retry: { attempts: 3 },
      handler: ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(signal.reason);
          }),
        ),
    });
    await world.clock.advance(1_000);
    const stopped = world.engine.stop(LIMITS);
    await world.clock.advance(11_000);
    await stopped;
    expect(reasons).toEqual([expect.any(SchedulerStoppingError)]);
    expect(await world.ledger()).toEqual(['abandoned shutdown 12:00:01', 'abandoned shutdown 12:00:01']);
    expect(world.of('run.abandoned')).toHaveLength(2);
    expect(world.of('scheduler.stopped')).toMatchObject([{ abandoned: 2 }]);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('promises no further attempt for what fails or times out during the drain', async () => {
    const world = World.started();
    const { handler, open } = held();
    const trigger = every('1m', { startAt: '2026-06-01T12:00:01Z' });
    world.add('slow', { trigger, retry: 3, timeout: '3s', handler });
    world.add('flaky', { trigger, retry: 3, handler });
    await world.clock.advance(1_000);
    const stopped = world.engine.stop(LIMITS);
    open[1]!.fail(new Error('no'));
    await world.clock.advance(5_000);
    open[0]!.end();
    await stopped;
    expect(world.of('run.timedOut')).toMatchObject([{ willRetry: false, handlerRuns: true }]);
    expect(world.of('run.failed')).toMatchObject([{ retryAt: null }]);
    expect((await world.ledger()).sort()).toEqual(['failed 12:00:01', 'timedOut 12:00:01']);
    expect(world.of('scheduler.stopped')).toMatchObject([{ abandoned: 0 }]);
  });

  it('gives a waiting retry its outcome', async () => {
    const world = World.started();
    world.add('flaky', {
      trigger: every('1s'),
      retry: { attempts: 2, delay: '1m' },
      handler: () => Promise.reject(new Error('no')),
    });
    await world.clock.advance(1_000);
    await world.engine.stop(LIMITS);
    expect(await world.ledger()).toEqual(['abandoned shutdown 12:00:01']);
    expect(world.of('scheduler.stopped')).toMatchObject([{ abandoned: 1 }]);
  });
});

describe('the history in memory', () => {
  it('keeps the last rows of a job and of all', async () => {
    const world = World.started({ history: { runsPerJob: 3, runsTotal: 5 } });
    world.add('a', { trigger: every('1s'), handler: () => {} });
    world.add('b', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(10_000);
    expect(await world.ledger('a')).toHaveLength(2);
    expect(await world.ledger('b')).toEqual([
      'succeeded 12:00:08',
      'succeeded 12:00:09',
      'succeeded 12:00:10',
    ]);
  });

  it('pages by the id of the last row', async () => {
    const world = World.started();
    world.add('a', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(5_000);
    const first = await world.engine.getRuns({ jobId: 'a', limit: 2 });
    const second = await world.engine.getRuns({ jobId: 'a', limit: 2, after: first[1].id });
    expect([...first, ...second].map(({ scheduledAt }) => scheduledAt!.getUTCSeconds())).toEqual([
      5, 4, 3, 2,
    ]);
  });

  it('drops a finished job with its last row', async () => {
    const world = World.started({ history: { runsPerJob: 2, runsTotal: 2 } });
    world.add('once', { trigger: every('1s'), maxRuns: 1, handler: () => {} });
    world.add('other', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(1_000);
    expect(await world.engine.getJob('once')).toMatchObject({ state: 'finished' });
    await world.clock.advance(3_000);
    expect(await world.engine.getJob('once')).toBeNull();
  });
});

function bound(target: Trigger, key: string | symbol): unknown {
  const value = Reflect.get(target, key) as unknown;
  return typeof value === 'function' ? value.bind(target) : value;
}
