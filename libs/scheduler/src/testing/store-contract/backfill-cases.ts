import assert from 'node:assert/strict';
import { asClaims } from './as-text.js';
import { type Replica, sec } from './replica.js';
import type { Cases } from './store-world.js';

/** Claims what is due, and lets it succeed, until nothing is; answers what was claimed. */
async function runAll(a: Replica, now: number): Promise<string[]> {
  const seen: string[] = [];
  for (;;) {
    const { claims } = await a.claim(now);
    if (claims.length === 0) return seen;
    seen.push(...asClaims(claims));
    for (const claim of claims) await a.succeed(claim, now);
  }
}

/** Making up for instants of the past (O6). */
export const backfillCases: Cases = {
  'each instant of the span gets a run without tick, oldest first, one behind the other': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: 'own', disabled: true });
    const made = await a.backfill('one', sec(10), sec(40), { now: sec(45) });
    assert.deepEqual(made, { count: 4, leftOut: 0, tooMany: false });
    const { claims } = await a.claim(sec(45));
    assert.deepEqual(asClaims(claims), ['one for 12:00:10']);
    const { scheduledAt, standsForAt, payload } = claims[0]!;
    assert.deepEqual([scheduledAt, standsForAt, payload], [null, sec(10), 'own']);
    await a.succeed(claims[0]!, sec(46));
    assert.deepEqual(await runAll(a, sec(47)), ['one for 12:00:20', 'one for 12:00:30', 'one for 12:00:40']);
    assert.deepEqual(await a.ledger('one'), [
      'succeeded for 12:00:10',
      'succeeded for 12:00:20',
      'succeeded for 12:00:30',
      'succeeded for 12:00:40',
    ]);
  },

  'a dry run tells the count and makes nothing': async (world) => {
    const a = await world.replica();
    await a.put('one', { disabled: true });
    const report = await a.backfill('one', sec(10), sec(40), { now: sec(45), dryRun: true });
    assert.deepEqual(report, { count: 4, leftOut: 0, tooMany: false });
    assert.deepEqual(await a.ledger('one'), []);
    assert.deepEqual((await a.claim(sec(45))).claims, []);
  },

  'instants that a run was started for are left out, unless forced': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const first = await a.claimOne(sec(10));
    await a.claim(sec(20));
    await a.succeed(first, sec(21));
    await a.succeed(await a.claimOne(sec(30)), sec(31));
    const dry = { now: sec(35), dryRun: true };
    assert.deepEqual(await a.backfill('one', sec(10), sec(30), dry), {
      count: 1,
      leftOut: 2,
      tooMany: false,
    });
    assert.deepEqual(await a.backfill('one', sec(10), sec(30), { ...dry, force: true }), {
      count: 3,
      leftOut: 0,
      tooMany: false,
    });
    await a.backfill('one', sec(10), sec(30), { now: sec(35) });
    assert.deepEqual(await a.backfill('one', sec(10), sec(30), dry), {
      count: 0,
      leftOut: 3,
      tooMany: false,
    });
    assert.deepEqual(await runAll(a, sec(36)), ['one for 12:00:20']);
  },

  'more instants than are allowed make nothing': async (world) => {
    const a = await world.replica();
    await a.put('one', { disabled: true });
    const made = await a.backfill('one', sec(10), sec(60), { now: sec(65), most: 3 });
    assert.equal(made.tooMany, true);
    assert.deepEqual(await a.ledger('one'), []);
  },

  'they do not count for maxRuns, and run while the job is paused': async (world) => {
    const a = await world.replica();
    await a.put('one', { maxRuns: 1 });
    await a.pause('one', sec(1));
    await a.backfill('one', sec(-30), sec(-10), { now: sec(2) });
    assert.deepEqual(await runAll(a, sec(2)), []);
    await a.backfill('one', sec(10), sec(20), { now: sec(25) });
    assert.deepEqual(await runAll(a, sec(25)), ['one for 12:00:10', 'one for 12:00:20']);
    const { state, runsStarted } = await a.job('one');
    assert.deepEqual([state, runsStarted], ['paused', 0]);
  },

  'a failed one is tried again before the next': async (world) => {
    const a = await world.replica();
    await a.put('one', { disabled: true, retry: 2 });
    await a.backfill('one', sec(10), sec(20), { now: sec(25) });
    await a.fail(await a.claimOne(sec(25)), sec(26), sec(28));
    assert.deepEqual((await a.claim(sec(27))).claims, []);
    assert.deepEqual(await runAll(a, sec(28)), ['one for 12:00:10 attempt 2', 'one for 12:00:20']);
  },

  'those that have not begun are cancelled with their job': async (world) => {
    const a = await world.replica();
    await a.put('one', { disabled: true });
    await a.backfill('one', sec(10), sec(30), { now: sec(35) });
    const first = await a.claimOne(sec(35));
    const { recorded } = await a.remove('one', sec(36));
    assert.equal(recorded.length, 2);
    await a.succeed(first, sec(37));
    assert.deepEqual(await a.ledger('one'), [
      'succeeded for 12:00:10',
      'cancelled removed for 12:00:20',
      'cancelled removed for 12:00:30',
    ]);
  },
};
