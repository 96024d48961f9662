import { describe, expect, it } from 'vitest';
import { type RunContext } from '../../libs/scheduler/src/model/index.js';
import { ManualClock } from '../../libs/scheduler/src/testing/index.js';
import { at, every } from '../../libs/scheduler/src/timing/index.js';
import { now, SharedWorld } from './shared-world.js';
import { held, START } from './world.js';

describe('a store with leases', () => {
  it('is told that the process lives, at the start and at each poll', async () => {
    const world = await new SharedWorld().start();
    expect(world.store.beats).toBe(1);
    await world.machine.advance(15_000);
    expect(world.store.beats).toBe(4);
  });

  it('is looked at again at each poll, for what other replicas left', async () => {
    const world = await new SharedWorld().start();
    const { handler, starts } = held();
    await world.add('a', every('1h'), handler);
    // Another replica asked for it: nothing tells this one.
    world.store.requestRun({ jobId: 'a', payload: undefined, now: world.clock.now() });
    await world.machine.advance(4_900);
    expect(starts).toEqual([]);
    await world.machine.advance(200);
    expect(starts).toEqual(['by hand']);
  });

  it('is looked at again when it says so, and not before', async () => {
    const world = await new SharedWorld().start();
    world.store.lookAgainAt = world.clock.now() + 50;
    const asked: number[] = [];
    const claimDue = world.store.claimDue.bind(world.store);
    world.store.claimDue = (request) => {
      asked.push(request.now - START.getTime());
      world.store.lookAgainAt = asked.length < 3 ? request.now + 50 : null;
      return claimDue(request);
    };
    world.store.earliestDueAt = () => (asked.length < 3 ? world.clock.now() : null);
    await world.add('a', every('1h'), () => {});
    await world.machine.advance(1_000);
    expect(asked).toEqual([0, 50, 100]);
  });

  it('has leases renewed at a third of their time while a run is under way', async () => {
    const world = await new SharedWorld().start();
    const { handler, open } = held();
    await world.add('a', now(world), handler);
    await world.machine.advance(25_000);
    expect(world.store.renewed).toEqual([['a'], ['a']]);
    open[0]!.end();
    await world.machine.advance(60_000);
    expect(world.store.renewed.length).toBe(2);
  });

  it('takes a run away: its signal is aborted, and the loss is told', async () => {
    const world = await new SharedWorld().start();
    let run: RunContext | null = null;
    await world.add('a', now(world), (given: RunContext) => {
      run = given;
      return new Promise(() => {});
    });
    world.store.nextRenewal = { lost: world.store.claims };
    await world.machine.advance(10_000);
    expect(run!.signal.aborted).toBe(true);
    expect(run!.signal.reason).toMatchObject({ code: 'LEASE_LOST', jobId: 'a' });
    expect(world.events.findLast(({ type }) => type === 'scheduler.faulted')).toMatchObject({
      jobId: 'a',
      error: { code: 'LEASE_LOST' },
    });
  });

  it('cancels a run for another replica: by a hint at once, else at the next renewal', async () => {
    const world = await new SharedWorld().start();
    let run: RunContext | null = null;
    await world.add('a', now(world), (given: RunContext) => {
      run = given;
      return new Promise((_resolve, reject) => given.signal.addEventListener('abort', reject));
    });
    world.store.nextRenewal = { cancelled: world.store.claims };
    await world.machine.advance(9_000);
    expect(run!.signal.aborted).toBe(false);
    await world.machine.advance(1_000);
    expect(run!.signal.reason).toMatchObject({ code: 'RUN_CANCELLED' });
    expect(world.types()).toContain('run.cancelled');
  });

  it('aborts what it cannot renew before the lease is over', async () => {
    const world = await new SharedWorld().start();
    let run: RunContext | null = null;
    await world.add('a', now(world), (given: RunContext) => {
      run = given;
      return new Promise(() => {});
    });
    world.store.outage = new Error('gone');
    await world.machine.advance(10_000);
    expect(run!.signal.aborted).toBe(false);
    await world.machine.advance(19_000);
    expect(run!.signal.reason).toMatchObject({ code: 'LEASE_LOST' });
  });

  it('hands over an end that could not be recorded until it is', async () => {
    const world = await new SharedWorld().start();
    const { handler, open } = held();
    await world.add('a', now(world), handler);
    world.store.outage = new Error('gone');
    open[0]!.end('result');
    await world.machine.advance(3_000);
    expect(world.types()).not.toContain('run.succeeded');
    expect(world.types().filter((type) => type === 'scheduler.faulted').length).toBe(1);
    world.store.outage = null;
    await world.machine.advance(5_000);
    expect(world.types()).toContain('run.succeeded');
    expect((await world.engine.getRuns({}))[0]).toMatchObject({ outcome: 'succeeded' });
    await world.machine.advance(60_000);
    expect(world.store.renewed.flat().length).toBeLessThanOrEqual(1);
  });

  it('gets back at shutdown what was claimed and has not begun, and ends before it is closed', async () => {
    const world = await new SharedWorld().start();
    const closed: string[] = [];
    const close = world.store.close.bind(world.store);
    world.store.close = (closedAt) => {
      closed.push(...world.types());
      return close(closedAt);
    };
    const { handler, open } = held();
    await world.add('a', now(world), handler);
    const stopped = world.engine.stop({ drainTimeoutMs: 1_000, abortGraceMs: 100 });
    open[0]!.end();
    await world.machine.advance(0);
    await stopped;
    expect(closed).toContain('run.succeeded');
    expect(world.machine.pendingTimers).toBe(0);
  });

  it('looks for the next batch while one begins', async () => {
    const world = await new SharedWorld().start();
    const askedAtStarts: number[] = [];
    const dueAt = new Date(START.getTime() + 60_000);
    for (let i = 0; i < 150; i++)
      await world.add(`job-${i}`, at(dueAt), () => void askedAtStarts.push(world.store.asked));
    await world.machine.advance(59_000);
    world.store.asked = 0;
    await world.machine.advance(1_000);
    // Each batch of 100 begins when the next has been asked for already.
    expect(askedAtStarts.length).toBe(150);
    expect(new Set(askedAtStarts)).toEqual(new Set([2]));
  });

  it('may answer claims at once, all or some', async () => {
    const world = await new SharedWorld().start();
    const starts: string[] = [];
    const dueAt = new Date(START.getTime() + 60_000);
    for (let i = 0; i < 250; i++)
      await world.add(`job-${i}`, at(dueAt), ({ jobId }: RunContext) => {
        starts.push(jobId);
        world.store.atOnce = starts.length < 150;
      });
    await world.machine.advance(60_000);
    await world.machine.advance(10);
    expect(new Set(starts).size).toBe(250);
    expect(starts.length).toBe(250);
  });

  it('gets back at shutdown the batch whose answer is on the way', async () => {
    const world = await new SharedWorld().start();
    const { handler, starts } = held();
    await world.add('a', at(new Date(START.getTime() + 60_000)), handler);
    await world.machine.advance(59_000);
    let arrive = (): void => undefined;
    world.store.onTheWay = new Promise((resolve) => (arrive = resolve));
    await world.machine.advance(1_000);
    const stopped = world.engine.stop({ drainTimeoutMs: 1_000, abortGraceMs: 100 });
    await world.machine.advance(1_150);
    arrive();
    await world.machine.advance(50);
    await stopped;
    expect(starts).toEqual([]);
    expect(world.store.givenBack.map(({ jobId }) => jobId)).toEqual(['a']);
  });

  it('renews the leases of a claim that was slow to return, and begins only those that it still has', async () => {
    const world = await new SharedWorld().start();
    const dueAt = at(new Date(START.getTime() + 60_000));
    const begun: string[] = [];
    for (const id of ['lost', 'kept']) await world.add(id, dueAt, () => void begun.push(id));
    await world.machine.advance(59_000);
    const renew = world.store.renew.bind(world.store);
    world.store.renew = (claims) => {
      world.store.nextRenewal = { lost: claims.filter(({ jobId }) => jobId === 'lost'), cancelled: [] };
      expect(begun).toEqual([]);
      return renew(claims);
    };
    let arrive = (): void => undefined;
    world.store.onTheWay = new Promise((resolve) => (arrive = resolve));
    await world.machine.advance(1_000);
    // The event loop is blocked, so no deadline passes meanwhile.
    world.machine.suspend(world.store.leaseMs / 3);
    arrive();
    await world.machine.advance(100);
    expect(begun).toEqual(['kept']);
    expect(world.types()).toContain('scheduler.faulted');
  });

  it('does not begin what was lost, and aborts at once what was cancelled, before its turn came', async () => {
    const world = await new SharedWorld().start();
    const dueAt = at(new Date(START.getTime() + 60_000));
    const begun: string[] = [];
    // Holds the slice up, so that leases are renewed before the others begin.
    await world.add('slow', dueAt, () => {
      world.machine.suspend(20);
      world.engine['leaseKeeper']!.renewSoon();
    });
    for (const id of ['lost', 'cancelled', 'kept'])
      await world.add(id, dueAt, async ({ signal }: RunContext) => {
        await Promise.resolve();
        begun.push(`${id} ${signal.aborted}`);
      });
    const renew = world.store.renew.bind(world.store);
    world.store.renew = (claims) => {
      const named = (name: string) => claims.filter(({ jobId }) => jobId === name);
      world.store.nextRenewal = { lost: named('lost'), cancelled: named('cancelled') };
      return renew(claims);
    };
    await world.machine.advance(60_000);
    await world.machine.advance(5_000);
    expect(begun.toSorted()).toEqual(['cancelled true', 'kept false']);
  });

  it('stops in time although the store does not answer any more', async () => {
    const world = await new SharedWorld().start();
    const { handler, open } = held();
    await world.add('a', now(world), handler);
    world.store.outage = new Error('gone');
    open[0]!.end();
    let stopped = false;
    void world.engine.stop({ drainTimeoutMs: 1_000, abortGraceMs: 100 }).then(() => (stopped = true));
    await world.machine.advance(1_200);
    expect(stopped).toBe(true);
  });
});

describe('the time of a store', () => {
  it('counts, not the machine’s, and a difference is told once', async () => {
    const world = new SharedWorld();
    world.store.clockAheadMs = 90_000;
    await world.start();
    expect(world.clock.now() - world.machine.now()).toBe(90_000);
    expect(world.events.find(({ type }) => type === 'scheduler.clockDiffers')).toMatchObject({
      offsetMs: -90_000,
    });
    await world.machine.advance(300_000);
    expect(world.types().filter((type) => type === 'scheduler.clockDiffers').length).toBe(1);
    expect(world.types()).not.toContain('scheduler.clockStepped');
  });

  it('is read anew after a step of the machine’s clock, before anything is claimed', async () => {
    const world = await new SharedWorld().start();
    const { handler, starts } = held();
    await world.add('a', every('10m'), handler);
    const trueNow = world.machine.now.bind(world.machine);
    let steppedMs = 0;
    world.store.time = async () => trueNow() - steppedMs;
    steppedMs = 3_600_000;
    world.machine.stepWall(steppedMs);
    await world.machine.advance(2_000);
    expect(world.types()).toContain('scheduler.clockStepped');
    expect(starts).toEqual([]);
    await world.machine.advance(10 * 60_000);
    expect(starts.length).toBe(1);
  });

  it('is followed by a renewal of what is held, before anything is claimed', async () => {
    const world = await new SharedWorld().start();
    const { handler } = held();
    await world.add('a', now(world), handler);
    await world.add('b', every('20s'), () => {});
    const asked: string[] = [];
    const claimDue = world.store.claimDue.bind(world.store);
    const renew = world.store.renew.bind(world.store);
    world.store.claimDue = (request) => (asked.push('claim'), claimDue(request));
    world.store.renew = (claims) => (asked.push('renew'), renew(claims));
    // The machine slept: its wall clock went on, its timers did not. The store's clock went on, too.
    world.machine.stepWall(25_000);
    await world.machine.advance(1_000);
    expect(asked.slice(0, 2)).toEqual(['renew', 'claim']);
  });

  it('is not asked for while a test steers time', () => {
    expect(new ManualClock(START).steered).toBe(true);
  });
});
