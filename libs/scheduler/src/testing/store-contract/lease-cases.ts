import assert from 'node:assert/strict';
import { asClaims, asRecorded } from './as-text.js';
import { type Replica, sec } from './replica.js';
import type { Cases } from './store-world.js';

/** An instant at which a lease taken, or renewed, at `now` has lapsed. */
function lapsed(a: Replica, now: number): number {
  return now + a.leased.leaseMs + 1;
}

const HOUR = 3_600;
/** So that no tick comes between while leases lapse. */
const once = { trigger: undefined, maxRuns: 1 } as const;

/** A claim is held as long as it is renewed, and taken over afterwards (L4). */
export const leaseCases: Cases = {
  'the store has a time of its own, and tells how long leases last': async (world) => {
    const { leased } = await world.replica();
    assert.ok(Number.isFinite(await leased.time()));
    assert.ok(leased.leaseMs > 0 && leased.pollMs > 0);
  },

  'while its lease lasts a run is not taken over': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', once);
    const claim = await a.claimOne(sec(10));
    assert.deepEqual((await b.claim(sec(10) + b.leased.leaseMs - 1)).claims, []);
    assert.equal(await a.succeed(claim, sec(11)), 'recorded');
  },

  'a renewed lease lasts on': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', once);
    const claim = await a.claimOne(sec(10));
    let now = sec(10);
    for (let i = 0; i < 5; i++) {
      now += a.leased.leaseMs / 2;
      assert.deepEqual(await a.leased.renew([claim], now), { lost: [], cancelled: [] });
    }
    const { claims, recorded, recovered = [] } = await b.claim(now + 1);
    assert.deepEqual([claims, recorded, recovered], [[], [], []]);
    assert.equal(await a.succeed(claim, now + 2), 'recorded');
  },

  'a run whose lease has lapsed is run again, once, by whoever comes': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', once);
    const first = await a.claimOne(sec(10));
    let now = lapsed(a, sec(10));
    const { claims, recorded, recovered = [] } = await b.claim(now);
    assert.deepEqual(recovered, [{ jobId: 'one', runId: first.runId, scheduledAt: sec(10), attempt: 1 }]);
    assert.deepEqual(recorded, []);
    const second = claims[0] ?? (await b.claimOne(now));
    assert.deepEqual([second.runId, second.attempt], [first.runId, 2]);
    assert.ok(second.token > first.token, `token ${second.token} after ${first.token}`);
    now = lapsed(b, now);
    const again = await a.claim(now);
    assert.deepEqual([again.claims, again.recovered ?? []], [[], []]);
    assert.deepEqual(asRecorded(again.recorded), ['one abandoned leaseExpired 12:00:10']);
    const run = await a.run('one');
    assert.deepEqual(
      run.attempts.map(({ attempt, result }) => [attempt, result]),
      [
        [1, 'abandoned'],
        [2, 'abandoned'],
      ],
    );
    assert.equal((await a.job('one')).alive, 0);
  },

  'where the job wants that, it is not run again': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { ...once, onAbandoned: 'fail' });
    await a.claimOne(sec(10));
    const { claims, recorded, recovered = [] } = await b.claim(lapsed(a, sec(10)));
    assert.deepEqual([claims, recovered], [[], []]);
    assert.deepEqual(asRecorded(recorded), ['one abandoned leaseExpired 12:00:10']);
    assert.deepEqual(await b.ledger('one'), ['abandoned leaseExpired 12:00:10']);
  },

  'what is queued behind an abandoned run goes on': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { overlap: 'queueAll', onAbandoned: 'fail', maxRuns: 2 });
    await a.claimOne(sec(10));
    await a.claim(sec(20));
    const now = lapsed(a, sec(20));
    const { claims } = await b.claim(now);
    const next = claims[0] ?? (await b.claimOne(now));
    assert.deepEqual(asClaims([next]), ['one 12:00:20']);
  },

  'one who lost the lease records nothing any more': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { ...once, retry: 3 });
    const first = await a.claimOne(sec(10));
    const now = lapsed(a, sec(10));
    const { claims } = await b.claim(now);
    const second = claims[0] ?? (await b.claimOne(now));
    assert.equal(await a.succeed(first, now + 1, 'stale'), 'refused');
    assert.equal(await a.fail(first, now + 1, now + 2), 'refused');
    assert.equal(await a.store.release(first, now + 1), 'refused');
    const line = { level: 'info', message: 'stale', at: new Date(now) } as const;
    await a.store.annotate(first, { kind: 'line', line });
    await a.leased.giveBack([first], now + 1);
    const renewal = await a.leased.renew([first], now + 1);
    assert.deepEqual(
      renewal.lost.map(({ runId }) => runId),
      [first.runId],
    );
    assert.equal(await b.succeed(second, now + 2, 'fresh'), 'recorded');
    const run = await b.run('one');
    assert.deepEqual([run.outcome, run.result, run.log], ['succeeded', { kept: true, value: 'fresh' }, []]);
  },

  'one that comes back before anybody took over may still record': async (world) => {
    const [a] = await world.two();
    await a.put('one', once);
    const claim = await a.claimOne(sec(10));
    assert.equal(await a.succeed(claim, lapsed(a, sec(10))), 'recorded');
  },

  'an older token of the same holder is refused': async (world) => {
    const a = await world.replica();
    await a.put('one', { ...once, retry: 3 });
    const first = await a.claimOne(sec(10));
    await a.fail(first, sec(11), sec(12));
    const second = await a.claimOne(sec(12));
    assert.equal(await a.succeed(first, sec(13), 'stale'), 'refused');
    assert.equal(await a.succeed(second, sec(14), 'fresh'), 'recorded');
    assert.deepEqual((await a.run('one')).result, { kept: true, value: 'fresh' });
  },

  'what was given back waits as if it had not been claimed': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { ...once, retry: 2 });
    const first = await a.claimOne(sec(10));
    await a.leased.giveBack([first], sec(11));
    assert.equal((await b.run('one')).state, 'waiting');
    const again = await b.claimOne(sec(11));
    assert.deepEqual([again.runId, again.attempt], [first.runId, 1]);
    assert.ok(again.token > first.token, `token ${again.token} after ${first.token}`);
    assert.equal(await a.succeed(first, sec(12)), 'refused');
    await b.succeed(again, sec(12));
    const run = await b.run('one');
    assert.deepEqual([run.outcome, run.attempt, run.attempts.length], ['succeeded', 1, 1]);
  },

  'a run abandoned by who stops is run again, once': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', once);
    const abandoned = { kind: 'abandoned', error: new Error('stopping') } as const;
    const first = await a.claimOne(sec(10));
    assert.equal(await a.end(first, abandoned, sec(11)), 'runsAgain');
    const second = await b.claimOne(sec(11));
    assert.deepEqual([second.runId, second.attempt], [first.runId, 2]);
    assert.equal(await b.end(second, abandoned, sec(12)), 'recorded');
    assert.deepEqual(await b.ledger('one'), ['abandoned shutdown 12:00:10']);
  },

  'a slot whose holder is gone is free again': async (world) => {
    const [a, b] = await world.two({ groups: { mail: 1 } });
    await a.put('held', { ...once, group: 'mail' });
    const claim = await a.claimOne(sec(10));
    await a.end(claim, { kind: 'timedOut', error: new Error('late') }, sec(11), { slotHeld: true });
    await a.put('next', { ...once, group: 'mail', anchorAt: sec(1) });
    assert.deepEqual((await b.claim(sec(12))).claims, []);
    const now = lapsed(a, sec(11));
    const { claims } = await b.claim(now);
    assert.deepEqual((claims[0] ?? (await b.claimOne(now))).jobId, 'next');
    assert.deepEqual(await b.ledger('held'), ['timedOut 12:00:10']);
  },

  'a lease that lapses hours later is recovered then': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { ...once, misfireGrace: '1m' });
    await a.claimOne(sec(10));
    const { claims } = await b.claim(sec(HOUR));
    const again = claims[0] ?? (await b.claimOne(sec(HOUR)));
    assert.equal(again.attempt, 2);
  },
};
