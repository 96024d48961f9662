import { describe, expect, it } from 'vitest';
import type { RunContext } from '../../libs/scheduler/src/model/index.js';
import { at, every } from '../../libs/scheduler/src/timing/index.js';
import { now, SharedWorld } from './shared-world.js';
import { held, START } from './world.js';

const LEASE_MS = 30_000;
const DEADLINE_MS = LEASE_MS / 3;
const POLL_MS = 5_000;

/** A handler that never settles, and whose run the test can see. */
function endless() {
  const runs: RunContext[] = [];
  const handler = (run: RunContext) => {
    runs.push(run);
    return new Promise(() => {});
  };
  return { runs, handler };
}

describe('a lease over a store that does not respond', () => {
  it('has its handler aborted before its end, whatever becomes of the renewal', async () => {
    const world = await new SharedWorld().start();
    const { runs, handler } = endless();
    await world.add('a', now(world), handler);
    world.silence.lost = 'requests';
    await world.machine.advance(LEASE_MS / 2);
    expect(runs[0]!.signal.aborted).toBe(false);
    await world.machine.advance(LEASE_MS / 2 - 1);
    expect(runs[0]!.signal.reason).toMatchObject({ code: 'LEASE_LOST', jobId: 'a' });
  });

  it('is asked for again before its end, so that one lost renewal costs nothing', async () => {
    const world = await new SharedWorld().start();
    const { runs, handler } = endless();
    await world.add('a', now(world), handler);
    Object.assign(world.silence, { lost: 'requests', verb: 'renew' });
    await world.machine.advance(LEASE_MS / 3 + 1);
    expect(world.silence.calls).toEqual(['renew']);
    world.silence.lost = 'nothing';
    await world.machine.advance(10 * LEASE_MS);
    expect(runs[0]!.signal.aborted).toBe(false);
    expect(world.types()).not.toContain('store.down');
  });

  it('is renewed by a response that comes after the deadline', async () => {
    const world = await new SharedWorld().start();
    const { runs, handler } = endless();
    await world.add('a', now(world), handler);
    Object.assign(world.silence, { lost: 'responses', verb: 'renew' });
    await world.machine.advance(LEASE_MS - LEASE_MS / 6 - 100);
    world.silence.deliver();
    await world.machine.advance(LEASE_MS / 6);
    expect(runs[0]!.signal.aborted).toBe(false);
  });

  it('is renewed after the event loop was blocked for longer than it lasts, if it still holds', async () => {
    const world = await new SharedWorld().start();
    const kept = endless();
    const lost = endless();
    await world.add('kept', now(world), kept.handler);
    await world.add('lost', now(world), lost.handler);
    world.store.nextRenewal = { lost: world.store.claims.filter(({ jobId }) => jobId === 'lost') };
    world.machine.suspend(2 * LEASE_MS);
    await world.machine.advance(LEASE_MS);
    expect(kept.runs[0]!.signal.aborted).toBe(false);
    expect(lost.runs[0]!.signal.aborted).toBe(true);
  });

  it('keeps its claim from beginning when the handlers before it took longer than it lasts', async () => {
    const world = await new SharedWorld().start();
    const dueAt = at(new Date(START.getTime() + 60_000));
    const begun: string[] = [];
    await world.add('slow', dueAt, () => {
      world.machine.suspend(LEASE_MS);
      world.silence.lost = 'requests';
    });
    await world.add('next', dueAt, () => void begun.push('next'));
    await world.machine.advance(3 * 60_000);
    expect(begun).toEqual([]);
    // The run is left to whoever recovers it.
    world.silence.lost = 'nothing';
  });
});

describe('the due loop over a store that does not respond', () => {
  it('says that the store is down, and is back once it responds', async () => {
    const world = await new SharedWorld().start();
    const starts: number[] = [];
    await world.add('a', every('1s'), () => void starts.push(world.clock.now()));
    await world.machine.advance(3_000);
    world.silence.lost = 'requests';
    await world.machine.advance(POLL_MS + DEADLINE_MS);
    expect(world.engine.health().storeDownSinceAt).not.toBeNull();
    expect(world.events.filter(({ type }) => type === 'store.down')).toMatchObject([
      { error: { code: 'STORE_UNAVAILABLE' } },
    ]);
    const before = starts.length;
    world.silence.lost = 'nothing';
    await world.machine.advance(DEADLINE_MS + 6_000);
    expect(world.engine.health().storeDownSinceAt).toBeNull();
    expect(world.types().filter((type) => type === 'store.up').length).toBe(1);
    expect(starts.length).toBeGreaterThan(before);
  });

  it('says so of an idle process within a poll and a deadline', async () => {
    const world = await new SharedWorld().start();
    world.silence.lost = 'requests';
    await world.machine.advance(POLL_MS + DEADLINE_MS);
    expect(world.engine.health().storeDownSinceAt).not.toBeNull();
  });

  it('says so of a paused process, and that it is back', async () => {
    const world = await new SharedWorld().start();
    world.engine.pause();
    world.silence.lost = 'requests';
    await world.machine.advance(POLL_MS + DEADLINE_MS);
    expect(world.engine.health().storeDownSinceAt).not.toBeNull();
    world.silence.lost = 'nothing';
    await world.machine.advance(POLL_MS + DEADLINE_MS);
    expect(world.engine.health().storeDownSinceAt).toBeNull();
    expect(world.types()).toContain('store.up');
  });

  it('goes on after a clock step during the outage', async () => {
    const world = await new SharedWorld().start();
    const starts: number[] = [];
    await world.add('a', every('1s'), () => void starts.push(world.clock.now()));
    world.silence.lost = 'requests';
    await world.machine.advance(2 * DEADLINE_MS);
    // The store's clock is read anew, which takes a deadline; the loop's backoff is over before that.
    world.machine.stepWall(3_600_000);
    await world.machine.advance(4 * DEADLINE_MS);
    world.silence.lost = 'nothing';
    const before = starts.length;
    await world.machine.advance(4 * DEADLINE_MS);
    expect(world.types()).toContain('store.up');
    expect(starts.length).toBeGreaterThan(before);
  });

  it('gives back what a claim returns after the deadline, and publishes its other effects', async () => {
    const world = await new SharedWorld().start();
    const { handler, starts } = held();
    await world.add('late', at(new Date(START.getTime() + 60_000)), handler);
    await world.add('missed', every('20s'), () => {}, { misfireGrace: 5_000 });
    await world.machine.advance(59_000);
    // Overdue by more than its grace once it is claimed.
    Object.assign(world.silence, { lost: 'responses', verb: 'claimDue' });
    world.machine.suspend(8_000);
    await world.machine.advance(2 * DEADLINE_MS);
    expect(world.types()).toContain('store.down');
    expect(world.types()).not.toContain('run.missed');
    world.silence.lost = 'nothing';
    world.silence.deliver();
    await world.machine.advance(1);
    expect(world.types()).toContain('run.missed');
    expect(starts).toEqual([]);
    expect(world.store.givenBack.map(({ jobId }) => jobId)).toContain('late');
  });

  it('does not take a blocked event loop for a silent store', async () => {
    const world = await new SharedWorld().start();
    const { handler, starts } = held();
    await world.add('a', at(new Date(START.getTime() + 60_000)), handler);
    await world.machine.advance(59_000);
    Object.assign(world.silence, { lost: 'responses', verb: 'claimDue' });
    await world.machine.advance(1_000);
    world.machine.suspend(DEADLINE_MS + 2_000);
    // The first timers fire before the response is read.
    await world.machine.advance(0);
    world.silence.lost = 'nothing';
    world.silence.deliver();
    await world.machine.advance(100);
    expect(starts.length).toBe(1);
    expect(world.types()).not.toContain('store.down');
  });
});

describe('a completion whose response is lost', () => {
  it('is recorded and published once, when the store had recorded it', async () => {
    const world = await new SharedWorld().start();
    const { handler, open } = held();
    await world.add('a', now(world), handler);
    Object.assign(world.silence, { lost: 'responses', verb: 'complete' });
    open[0]!.end('result');
    await world.machine.advance(DEADLINE_MS - 1);
    world.silence.lost = 'nothing';
    await world.machine.advance(LEASE_MS);
    world.silence.deliver();
    await world.machine.advance(60_000);
    expect(world.types().filter((type) => type === 'run.succeeded').length).toBe(1);
    expect((await world.engine.getRuns({}))[0]).toMatchObject({ outcome: 'succeeded' });
  });

  it('is recorded by another call, when the request was lost', async () => {
    const world = await new SharedWorld().start();
    const { handler, open } = held();
    await world.add('a', now(world), handler);
    Object.assign(world.silence, { lost: 'requests', verb: 'complete' });
    open[0]!.end('result');
    await world.machine.advance(DEADLINE_MS - 1);
    world.silence.lost = 'nothing';
    await world.machine.advance(LEASE_MS);
    expect(world.types().filter((type) => type === 'run.succeeded').length).toBe(1);
    expect((await world.engine.getRuns({}))[0]).toMatchObject({ outcome: 'succeeded' });
  });
});

describe('verbs over a store that does not respond', () => {
  const verbs = {
    getJob: (world: SharedWorld) => world.engine.getJob('a'),
    getJobs: (world: SharedWorld) => world.engine.getJobs({}),
    getRuns: (world: SharedWorld) => world.engine.getRuns({}),
    updateJob: (world: SharedWorld) => world.engine.updateJob('a', {}),
    pauseJob: (world: SharedWorld) => world.engine.pauseJob('a', { note: null, by: null, until: null }),
    resumeJob: (world: SharedWorld) => world.engine.resumeJob('a'),
    removeJob: (world: SharedWorld) => world.engine.removeJob('a'),
    runNow: (world: SharedWorld) => world.engine.runNow('a', undefined),
    backfill: (world: SharedWorld) =>
      world.engine.backfill({
        jobId: 'a',
        fromAt: 0,
        toAt: 1,
        force: false,
        dryRun: true,
        most: 10,
      }),
    putJob: (world: SharedWorld) => world.add('b', every('1h'), () => {}),
    putJobs: (world: SharedWorld) => world.addMany(['b'], every('1h'), () => {}),
  };

  it.each(Object.keys(verbs) as (keyof typeof verbs)[])('make %s reject after the deadline', async (verb) => {
    const world = await new SharedWorld().start();
    await world.add('a', every('1h'), () => {});
    world.silence.lost = 'requests';
    const settled = Promise.resolve(verbs[verb](world)).then(
      () => 'resolved',
      (error: { code: string }) => error.code,
    );
    await world.machine.advance(DEADLINE_MS);
    expect(await settled).toBe('STORE_UNAVAILABLE');
  });

  it('wait for the whole lease while the store responds to others, since thousands may queue', async () => {
    const world = await new SharedWorld().start();
    await world.add('a', every('1h'), () => {});
    Object.assign(world.silence, { lost: 'responses', verb: 'listJobs' });
    const settled = Promise.resolve(world.engine.getJobs({}));
    await world.machine.advance(LEASE_MS - 1);
    world.silence.deliver();
    expect((await settled).map(({ id }) => id)).toEqual(['a']);
  });

  it('reject when the engine stops', async () => {
    const world = await new SharedWorld().start();
    Object.assign(world.silence, { lost: 'requests', verb: 'listJobs' });
    const settled = Promise.resolve(world.engine.getJobs({})).catch((error: { code: string }) => error.code);
    await world.engine.stop({ drainTimeoutMs: 0, abortGraceMs: 0 });
    expect(await settled).toBe('STORE_UNAVAILABLE');
  });

  it.each([
    ['putJob', 'putJob', 'job.added'],
    ['putJobs', 'putJobs', 'job.added'],
    ['updateJob', 'changeJob', 'job.edited'],
    ['pauseJob', 'changeJob', 'job.paused'],
    ['resumeJob', 'changeJob', 'job.resumed'],
    ['removeJob', 'changeJob', 'job.removed'],
  ] as const)('publish what %s has done once its late response arrives', async (verb, lostVerb, type) => {
    const world = await new SharedWorld().start();
    await world.add('a', every('1h'), () => {});
    if (verb === 'resumeJob') await verbs.pauseJob(world);
    const count = () => world.types().filter((each) => each === type).length;
    const before = count();
    Object.assign(world.silence, { lost: 'responses', verb: lostVerb });
    const settled = Promise.resolve(verbs[verb](world)).catch((error: { code: string }) => error.code);
    await world.machine.advance(LEASE_MS);
    expect(await settled).toBe('STORE_UNAVAILABLE');
    expect(count()).toBe(before);
    world.silence.deliver();
    await world.machine.advance(1);
    expect(count()).toBe(before + 1);
  });

  it('publish what a late response says', async () => {
    const world = await new SharedWorld().start();
    await world.add('a', every('1h'), () => {});
    world.engine.pause();
    await world.engine.runNow('a', undefined);
    Object.assign(world.silence, { lost: 'responses', verb: 'changeJob' });
    const settled = Promise.resolve(world.engine.removeJob('a')).catch(
      (error: { code: string }) => error.code,
    );
    await world.machine.advance(LEASE_MS);
    expect(await settled).toBe('STORE_UNAVAILABLE');
    world.silence.deliver();
    await world.machine.advance(1);
    expect(world.types()).toContain('run.cancelled');
  });
});

describe('a start and a stop over a store that does not respond', () => {
  it('starts after the deadlines, and runs what is due once the store responds', async () => {
    const world = new SharedWorld();
    world.silence.lost = 'requests';
    world.silence.verb = 'beat';
    let started = false;
    void world.start().then(() => (started = true));
    await world.machine.advance(DEADLINE_MS);
    expect(started).toBe(true);
  });

  it.each(['requests', 'responses'] as const)('stops in time although all %s are lost', async (lost) => {
    const world = await new SharedWorld().start();
    const { handler } = endless();
    const { handler: ending, open } = held();
    await world.add('works', now(world), handler);
    await world.add('ends', now(world), ending);
    await world.add('due', every('1s'), () => {});
    world.silence.lost = lost;
    await world.machine.advance(2_000);
    let stopped = false;
    void world.engine.stop({ drainTimeoutMs: 1_000, abortGraceMs: 60_000 }).then(() => (stopped = true));
    open[0]!.end();
    await world.machine.advance(1_000 + 60_000 + 5_000);
    expect(stopped).toBe(true);
    expect(world.machine.pendingTimers).toBe(0);
  });

  it('stops after the drain although the claim under way never returns', async () => {
    const world = await new SharedWorld().start();
    Object.assign(world.silence, { lost: 'requests', verb: 'claimDue' });
    await world.add('due', now(world), () => {});
    let stopped = false;
    void world.engine.stop({ drainTimeoutMs: 1_000, abortGraceMs: 1_000 }).then(() => (stopped = true));
    await world.machine.advance(6_000);
    expect(stopped).toBe(true);
  });

  it.each(['claimDue', 'earliestDueAt'] as const)(
    'says nothing of the store when it stops before the response of %s',
    async (verb) => {
      const world = await new SharedWorld().start();
      Object.assign(world.silence, { lost: 'requests', verb });
      await world.add('due', now(world), () => {});
      void world.engine.stop({ drainTimeoutMs: 0, abortGraceMs: 0 });
      await world.machine.advance(DEADLINE_MS - 1_000);
      expect(world.types()).toContain('scheduler.stopped');
      expect(world.types()).not.toContain('store.down');
    },
  );
});
