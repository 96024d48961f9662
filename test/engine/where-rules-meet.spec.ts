import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { LocalEngine, SystemClock, TimerQueue } from '../../libs/scheduler/src/engine/index.js';
import { EventHub } from '../../libs/scheduler/src/events/index.js';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { DEFAULT_POLICIES, NO_LIMITS } from '../../libs/scheduler/src/model/index.js';
import { HandlerRegistry, Runner } from '../../libs/scheduler/src/runner/index.js';
import { at, cron, every } from '../../libs/scheduler/src/timing/index.js';
import { held, START, World } from './world.js';

const HOUR = 3_600_000;

describe('where rules meet', () => {
  it('starts no further run when maxRuns is lowered to what has run', async () => {
    const world = World.started();
    world.add('j', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(3_000);
    const job = (await world.engine.getJob('j'))!;
    await world.engine.updateJob('j', { policies: { ...job.policies, maxRuns: 1 } });
    await world.clock.advance(5_000);
    expect((await world.ledger()).length).toBe(3);
  });
  it('counts the run that waits for a slot among those that maxRuns allows', async () => {
    const world = World.started({
      history: { runsPerJob: 100, runsTotal: 100, concurrency: { whole: null, groups: { mail: 1 } } },
    });
    const { handler, starts, open } = held();
    const mail = { group: 'mail', handler };
    world.add('j', { trigger: every('2s'), overlap: 'queueAll', maxRuns: 3, ...mail });
    await world.clock.advance(4_000);
    // The first run's end lets the second go on, but the group's place is another job's by then.
    world.add('other', { trigger: at('2026-06-01T12:00:01Z'), ...mail });
    open[0]!.end();
    await world.clock.advance(4_000);
    expect(starts).toEqual(['12:00:02', '12:00:01']);
    for (const index of [1, 2, 3]) {
      open[index]!.end();
      await world.clock.advance(1);
    }
    await world.clock.advance(10_000);
    expect(await world.ledger('j')).toEqual([
      'succeeded 12:00:02',
      'succeeded 12:00:04',
      'succeeded 12:00:06',
    ]);
    expect(await world.engine.getJob('j')).toMatchObject({ state: 'finished', runsStarted: 3 });
  });
  it('goes on when maxRuns of a finished job is raised', async () => {
    const world = World.started();
    world.add('j', { trigger: every('1s'), maxRuns: 1, handler: () => {} });
    await world.clock.advance(3_000);
    const job = (await world.engine.getJob('j'))!;
    await world.engine.updateJob('j', { policies: { ...job.policies, maxRuns: 3 } });
    await world.clock.advance(5_000);
    expect(await world.ledger()).toHaveLength(3);
  });
  it('keeps overdue ticks behind each other beside new ones that overlap allows', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('j', { trigger: every('10s'), coalesce: 'all', overlap: 'allow', handler });
    world.clock.suspend(30_000);
    await world.clock.advance(0);
    expect(starts).toEqual(['12:00:10']);
    await world.clock.advance(10_000);
    expect(starts).toEqual(['12:00:10', '12:00:40']); // whether a new tick runs beside
    open[1]!.end();
    await world.clock.advance(1);
    expect(starts).toEqual(['12:00:10', '12:00:40']); // 12:00:20 must wait for 12:00:10
  });
  it('puts a second catch-up behind the first', async () => {
    const world = World.started();
    const { handler, starts } = held();
    world.add('j', { trigger: every('10s'), coalesce: 'all', overlap: 'allow', handler });
    world.clock.suspend(30_000);
    await world.clock.advance(0);
    world.clock.suspend(30_000);
    await world.clock.advance(0);
    expect(starts).toEqual(['12:00:10']);
  });
  it('keeps the cadence of a paused interval when the clock is set back', async () => {
    const world = World.started();
    const el: number[] = [];
    world.add('j', { trigger: every('10s'), handler: () => void el.push(world.clock.monotonic()) });
    world.add('other', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(15_000);
    await world.engine.pauseJob('j', { note: null, by: null, until: null });
    world.clock.stepWall(-HOUR);
    await world.clock.advance(20_000);
    await world.engine.resumeJob('j');
    await world.clock.advance(30_000);
    expect(world.of('scheduler.clockStepped').length).toBe(1);
    expect(el).toEqual([10_000, 40_000, 50_000, 60_000]);
  });
  it('goes on with a paused every-minute cron after the clock was set back', async () => {
    const world = World.started();
    world.add('j', { trigger: cron('* * * * *', { timezone: 'UTC' }), handler: () => {} });
    world.add('other', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(15_000);
    await world.engine.pauseJob('j', { note: null, by: null, until: null });
    world.clock.stepWall(-HOUR);
    await world.clock.advance(20_000);
    await world.engine.resumeJob('j');
    await world.clock.advance(60_000);
    expect(await world.ledger('j')).toEqual(['succeeded 11:01:00']);
  });
  it('notices a step while the whole scheduler is paused', async () => {
    const world = World.started();
    world.add('j', { trigger: every('10s'), handler: () => {} });
    await world.clock.advance(15_000);
    world.engine.pause();
    world.clock.stepWall(-HOUR);
    await world.clock.advance(5_000);
    world.engine.resume();
    await world.clock.advance(30_000);
    expect(world.of('scheduler.clockStepped').length).toBe(1);
    expect((await world.ledger('j')).length).toBeGreaterThan(2);
  });
  it('notices a step that falls into a pass', async () => {
    const world = World.started();
    let once = true;
    world.add('j', {
      trigger: every('10s'),
      handler: () => {
        if (once) {
          once = false;
          world.clock.stepWall(-HOUR);
        }
      },
    });
    await world.clock.advance(60_000);
    expect(world.of('scheduler.clockStepped').length).toBe(1);
    expect((await world.ledger('j')).length).toBe(6);
  });
  it('goes on with queued runs after the clock was set back', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('j', { trigger: every('10s'), coalesce: 'all', handler });
    world.clock.suspend(30_000);
    await world.clock.advance(0);
    world.clock.stepWall(-HOUR);
    await world.clock.advance(2_000);
    open[0]!.end();
    await world.clock.advance(5_000);
    expect(world.of('scheduler.clockStepped').length).toBe(1);
    expect(starts).toHaveLength(2);
  });
  it('tries a timed-out attempt again after its delay although the clock was set back', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('j', {
      trigger: at('2026-06-01T12:00:01Z'),
      timeout: '1s',
      retry: { attempts: 2, delay: '1s' },
      handler,
    });
    world.add('k', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(3_000);
    world.clock.stepWall(-HOUR);
    await world.clock.advance(2_000);
    open[0]!.fail(new Error('late'));
    await world.clock.advance(5_000);
    expect(open).toHaveLength(2);
  });
  it('tells that a job is finished whose trigger ended inside its pause', async () => {
    const world = World.started();
    world.add('a', { trigger: at('2026-06-01T12:00:10Z'), handler: () => {} });
    world.add('b', { trigger: at('2026-06-01T12:00:10Z'), handler: () => {} });
    await world.engine.pauseJob('a', { note: null, by: null, until: null });
    await world.engine.pauseJob('b', { note: null, by: null, until: Date.parse('2026-06-01T12:00:20Z') });
    await world.clock.advance(30_000);
    await world.engine.resumeJob('a');
    expect([(await world.engine.getJob('a'))!.state, (await world.engine.getJob('b'))!.state]).toEqual([
      'finished',
      'finished',
    ]);
    expect(new Set(world.of('job.finished').map(({ jobId }) => jobId))).toEqual(new Set(['a', 'b']));
  });
  it('misses what a blocking handler before it made later than its grace', async () => {
    const world = World.started();
    world.add('blocks', {
      trigger: at('2026-06-01T12:00:01Z'),
      handler: () => {
        world.clock.suspend(5_000);
      },
    });
    world.add('graceful', { trigger: at('2026-06-01T12:00:01Z'), misfireGrace: '1s', handler: () => {} });
    await world.clock.advance(1_000);
    const runs = await world.engine.getRuns({ jobId: 'graceful', outcome: 'succeeded' });
    expect(runs.filter((r) => r.latenessMs! > 1_000)).toEqual([]);
  });
  it('tells when a run that is under way started', async () => {
    const world = World.started();
    const { handler } = held();
    world.add('j', { trigger: every('1s'), handler });
    await world.clock.advance(1_000);
    expect((await world.engine.getRuns({ state: 'running' }))[0]!.startedAt).not.toBeNull();
  });
  it('does not tell a subscriber that always rejects of its own rejections', async () => {
    const world = World.started();
    let n = 0;
    world.hub.events$.subscribe(async () => {
      if (++n < 2_000) throw new Error('db down');
    });
    world.add('j', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(1_000);
    expect(n).toBeLessThan(50);
  });
  it('does not try a run again whose job was removed', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('j', { trigger: every('10s'), retry: { attempts: 3, delay: '1s' }, handler });
    await world.clock.advance(10_000);
    await world.engine.removeJob('j');
    open[0]!.fail(new Error('x'));
    await world.clock.advance(5_000);
    expect(open).toHaveLength(1);
  });
  it('parks a job whose trigger cannot follow a step back, and moves the others', async () => {
    const world = World.started();
    const bad = Object.create(
      every('10s').bind({ jobId: 'a', timezone: 'UTC', anchorAt: world.clock.now() }),
      {
        afterClockSetBack: {
          value: () => {
            throw new Error('bad');
          },
        },
        firstAt: { value: (now: number) => now + 10_000 },
        delayAt: { value: () => 0 },
        nextAt: { value: (a: number) => a + 10_000 },
        prevAt: { value: (a: number) => a - 10_000 },
        countBetween: { value: () => 1 },
      },
    );
    void world.engine.putJob(
      { ...world.spec('a', { trigger: every('10s'), handler: () => {} }), trigger: bad },
      'error',
    );
    world.add('b', { trigger: every('10s'), handler: () => {} });
    await world.clock.advance(5_000);
    world.clock.stepWall(-HOUR);
    await world.clock.advance(10_000);
    expect((await world.ledger('b')).length).toBe(1);
  });
  it('names event and job when an async subscriber rejects', async () => {
    const world = World.started();
    world.hub.on('run.succeeded').subscribe(async () => {
      throw new Error('x');
    });
    world.add('j', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(1_000);
    expect(world.of('listener.failed')).toMatchObject([{ during: 'run.succeeded', jobId: 'j' }]);
  });
  it('gives the tick that parked its job an outcome', async () => {
    const world = World.started();
    const bad = Object.create(
      every('10s').bind({ jobId: 'a', timezone: 'UTC', anchorAt: world.clock.now() }),
      {
        firstAt: { value: (now: number) => now + 10_000 },
        delayAt: { value: () => 0 },
        nextAt: {
          value: (a: number) => {
            if (a >= world.clock.now() && world.clock.monotonic() > 0) throw new Error('x');
            return a + 10_000;
          },
        },
      },
    );
    void world.engine.putJob(
      { ...world.spec('a', { trigger: every('10s'), handler: () => {} }), trigger: bad },
      'error',
    );
    await world.clock.advance(11_000);
    expect(await world.engine.getJob('a')).toMatchObject({ state: 'parked' });
    expect(await world.ledger('a')).not.toEqual([]);
  });

  it('leaves other jobs alone when the run of a removed job ends', async () => {
    const world = World.started();
    const { handler, open } = held();
    world.add('gone', { trigger: every('1s', { mode: 'delay' }), pauseAfterFailures: 1, handler });
    await world.clock.advance(1_000);
    await world.engine.removeJob('gone');
    world.add('hourly', { trigger: every('1h'), handler: () => {} });
    open[0]!.fail(new Error('late'));
    await world.clock.advance(5_000);
    expect(await world.engine.getJob('hourly')).toMatchObject({
      state: 'active',
      nextDueAt: new Date('2026-06-01T13:00:01Z'),
    });
    expect(world.of('store.down')).toEqual([]);
  });

  it('lets runs that catch up go on beside cancelPrevious', async () => {
    const world = World.started();
    const stoodFor: number[] = [];
    world.add('job', {
      trigger: every('10s'),
      overlap: 'cancelPrevious',
      retry: { attempts: 2, delay: '15s' },
      handler: (run) => {
        if (run.standsFor && run.attempt === 1) throw new Error('once');
        if (run.standsFor) stoodFor.push(run.standsFor.getUTCSeconds());
      },
    });
    world.engine.pause();
    await world.clock.advance(1_000);
    const span = { fromAt: START.getTime(), toAt: START.getTime() + 20_000 };
    await world.engine.backfill({ ...span, jobId: 'job', force: false, dryRun: false, most: 10 });
    world.engine.resume();
    await world.clock.advance(80_000);
    expect(stoodFor).toEqual([10, 20]);
    expect(await world.engine.getRuns({ state: 'queued' })).toEqual([]);
  });

  it("cancels the previous run under coalesce 'all', too", async () => {
    const world = World.started();
    const { handler } = held();
    const aborted: boolean[] = [];
    world.add('job', {
      trigger: every('1s'),
      overlap: 'cancelPrevious',
      coalesce: 'all',
      handler: (run) => {
        run.signal.addEventListener('abort', () => aborted.push(true));
        return handler(run);
      },
    });
    await world.clock.advance(2_500);
    expect(aborted).toEqual([true]);
  });

  it('does not try a run again that a newer one takes the place of', async () => {
    const world = World.started();
    const { handler, starts, open } = held();
    world.add('job', {
      trigger: every('10s'),
      overlap: 'cancelPrevious',
      timeout: '12s',
      retry: { attempts: 3, delay: '1s' },
      handler,
    });
    await world.clock.advance(23_000);
    open[0]!.fail(new Error('at last'));
    await world.clock.advance(3_000);
    expect(starts).toEqual(['12:00:10', '12:00:20']);
    expect((await world.ledger())[0]).toBe('timedOut 12:00:10');
  });

  it('runs a one-off once, although its job is disabled and enabled again', async () => {
    const world = World.started();
    let runs = 0;
    world.add('once', { trigger: at('2026-06-01T12:00:01Z'), handler: () => void runs++ });
    await world.clock.advance(2_000);
    await world.engine.updateJob('once', { disabled: true });
    await world.engine.updateJob('once', { disabled: false });
    await world.clock.advance(2_000);
    expect(runs).toBe(1);
    expect(await world.engine.getJob('once')).toMatchObject({ state: 'finished' });
  });

  it('starts no run that maxRuns forbids when a pause ends', async () => {
    const world = World.started();
    world.add('job', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(2_000);
    const { policies } = (await world.engine.getJob('job'))!;
    await world.engine.pauseJob('job', { note: null, by: null, until: null });
    await world.engine.updateJob('job', { policies: { ...policies, maxRuns: 1 } });
    await world.engine.resumeJob('job');
    await world.clock.advance(3_000);
    expect(await world.ledger()).toEqual(['succeeded 12:00:01', 'succeeded 12:00:02']);
  });

  it('gives a running tick no second outcome when its job is removed', async () => {
    const world = World.started();
    const { handler, open } = held();
    const trigger = every('10s', { mode: 'delay', jitter: '5s' });
    world.add('job', { trigger, handler });
    await world.clock.advance(15_000);
    await world.engine.removeJob('job');
    open[0]!.end();
    await world.clock.settle();
    expect(await world.ledger()).toEqual(['succeeded 12:00:10']);
  });

  it('survives a handler whose answer cannot be looked at', async () => {
    const world = World.started();
    const strict = new Proxy(
      {},
      {
        get: () => {
          throw new Error('strict');
        },
      },
    );
    world.add('strict', { trigger: every('1s'), handler: () => strict });
    world.add('fine', { trigger: every('1s'), handler: () => {} });
    await world.clock.advance(2_000);
    expect(await world.ledger('strict')).toEqual(['failed 12:00:01', 'failed 12:00:02']);
    expect(await world.ledger('fine')).toEqual(['succeeded 12:00:01', 'succeeded 12:00:02']);
  });

  it('tells that a job is finished whose last run was waited for', async () => {
    const world = World.started();
    const { handler, open } = held();
    const trigger = every('10s', { mode: 'delay', endAt: '2026-06-01T12:00:15Z' });
    world.add('job', { trigger, handler });
    await world.clock.advance(10_000);
    open[0]!.end();
    await world.clock.settle();
    expect(world.of('job.finished')).toMatchObject([{ jobId: 'job' }]);
  });

  it('looks again when a timer fires early, and does not run early', async () => {
    const world = new World();
    const setTimer = world.clock.setTimer.bind(world.clock);
    world.clock.setTimer = (callback, delayMs) => setTimer(callback, delayMs > 1 ? delayMs - 1 : delayMs);
    void world.engine.start();
    const startedAt: number[] = [];
    world.add('job', { trigger: every('5s'), handler: () => void startedAt.push(world.clock.monotonic()) });
    await world.clock.advance(11_000);
    expect(startedAt).toEqual([5_000, 10_000]);
  });

  it('keeps the next due instant of an interval that is replaced with an equal one', async () => {
    const world = World.started();
    const spec = () => world.spec('job', { trigger: every('10s'), handler });
    const handler = () => {};
    void world.engine.putJob(spec(), 'error');
    await world.clock.advance(6_000);
    const result = await world.engine.putJob(spec(), 'replace');
    expect(result).toMatchObject({ change: 'same', job: { nextDueAt: new Date('2026-06-01T12:00:10Z') } });
  });

  it('runs no handler in the async context of whoever added its job', async () => {
    const clock = new SystemClock();
    const timers = new TimerQueue(clock, 1_000);
    const engine = new LocalEngine({
      store: new MemoryStore({ runsPerJob: 10, runsTotal: 10 }),
      clock,
      timers,
    });
    const events = new EventHub({ clock, replica: 'test' });
    await engine.open({
      attempts: new Runner({ clock, delays: timers, handlers: new HandlerRegistry(), events, log: () => {} }),
      events,
      process: { replica: 'test', concurrency: NO_LIMITS, handlers: () => [] },
    });
    void engine.start();
    const request = new AsyncLocalStorage<string>();
    const seen = await new Promise((resolve) => {
      const trigger = every(5).bind({ jobId: 'job', timezone: 'UTC', anchorAt: clock.now() });
      const handler = () => resolve(request.getStore() ?? 'no request');
      request.run('a request', () => {
        void engine.putJob(
          {
            id: 'job',
            trigger,
            handler,
            payload: undefined,
            policies: DEFAULT_POLICIES,
            origin: 'added',
            disabled: false,
          },
          'error',
        );
      });
    });
    await engine.stop({ drainTimeoutMs: 1_000, abortGraceMs: 1_000 });
    expect(seen).toBe('no request');
  });
});
