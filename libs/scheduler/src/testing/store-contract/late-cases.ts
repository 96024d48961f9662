import assert from 'node:assert/strict';
import { anyOf, every } from '../../timing/index.js';
import { asClaims, asRecorded } from './as-text.js';
import { sec } from './replica.js';
import type { Cases } from './store-world.js';

/** Late, missed and merged (M1, M2): each tick has one outcome, and counts are exact. */
export const lateCases: Cases = {
  'the latest of several overdue ticks runs, and the others are merged into it': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const { claims, recorded } = await a.claim(sec(65));
    assert.deepEqual(asClaims(claims), ['one 12:01:00']);
    assert.deepEqual(asRecorded(recorded), ['one coalesced merged 12:00:10..12:00:50 x5']);
    assert.equal(recorded[0]!.into, claims[0]!.runId);
    await a.succeed(claims[0]!, sec(66));
    assert.deepEqual(await a.ledger('one'), [
      'coalesced merged 12:00:10..12:00:50 x5',
      'succeeded 12:01:00 +5',
    ]);
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(70)));
  },

  'the earliest of them runs where the job wants that': async (world) => {
    const a = await world.replica();
    await a.put('one', { coalesce: 'earliest' });
    const { claims, recorded } = await a.claim(sec(65));
    assert.deepEqual(asClaims(claims), ['one 12:00:10']);
    assert.deepEqual(asRecorded(recorded), ['one coalesced merged 12:00:20..12:01:00 x5']);
    assert.equal((await a.runs({ state: 'running' }))[0]!.coalesced, 5);
  },

  'all of them run, one behind the other, up to maxCatchUp': async (world) => {
    const a = await world.replica();
    await a.put('one', { coalesce: 'all', maxCatchUp: 3, overlap: 'allow' });
    const { claims, recorded } = await a.claim(sec(65));
    assert.deepEqual(asClaims(claims), ['one 12:00:40']);
    assert.deepEqual(asRecorded(recorded), ['one missed maxCatchUp 12:00:10..12:00:30 x3']);
    assert.equal((await a.job('one')).alive, 3);
    await a.succeed(claims[0]!, sec(66));
    const second = await a.claimOne(sec(66));
    assert.deepEqual(asClaims([second]), ['one 12:00:50']);
    await a.succeed(second, sec(67));
    const third = await a.claimOne(sec(67));
    await a.succeed(third, sec(68));
    assert.deepEqual((await a.claim(sec(68))).claims, []);
    assert.deepEqual(await a.ledger('one'), [
      'missed maxCatchUp 12:00:10..12:00:30 x3',
      'succeeded 12:00:40',
      'succeeded 12:00:50',
      'succeeded 12:01:00',
    ]);
  },

  'what catches up is not taken the place of by newer ticks': async (world) => {
    const a = await world.replica();
    await a.put('one', { coalesce: 'all', overlap: 'queueOne' });
    const first = (await a.claim(sec(35))).claims[0]!;
    await a.claim(sec(40));
    await a.succeed(first, sec(41));
    const seen: string[] = [];
    for (let now = 41; now < 45; now++) {
      const { claims } = await a.claim(sec(now));
      seen.push(...asClaims(claims));
      for (const claim of claims) await a.succeed(claim, sec(now) + 500);
    }
    assert.deepEqual(seen, ['one 12:00:20', 'one 12:00:30', 'one 12:00:40']);
  },

  'a tick later than the grace is missed': async (world) => {
    const a = await world.replica();
    await a.put('one', { misfireGrace: '2s' });
    const { claims, recorded } = await a.claim(sec(13));
    assert.deepEqual(claims, []);
    assert.deepEqual(asRecorded(recorded), ['one missed misfireGrace 12:00:10']);
    assert.deepEqual(asClaims((await a.claim(sec(22))).claims), ['one 12:00:20']);
  },

  'grace comes first, and only the rest is merged': async (world) => {
    const a = await world.replica();
    await a.put('one', { misfireGrace: '15s' });
    const { claims, recorded } = await a.claim(sec(65));
    assert.deepEqual(asClaims(claims), ['one 12:01:00']);
    assert.deepEqual(asRecorded(recorded), [
      'one missed misfireGrace 12:00:10..12:00:40 x4',
      'one coalesced merged 12:00:50',
    ]);
  },

  'consecutive ticks of one outcome share a row, whenever they were claimed': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.claimOne(sec(10));
    const rows = new Set<string>();
    for (const seconds of [20, 30, 45]) {
      const { recorded } = await a.claim(sec(seconds));
      assert.equal(recorded.length, 1);
      rows.add(recorded[0]!.runId);
      assert.equal(recorded[0]!.count, 1, 'what is told is what is new');
    }
    assert.equal(rows.size, 1);
    assert.deepEqual(await a.ledger('one'), ['running 12:00:10', 'skipped overlap 12:00:20..12:00:40 x3']);
    const { id, endedAt } = (await a.runs({ outcome: 'skipped' }))[0]!;
    assert.deepEqual([[id], endedAt], [[...rows], new Date(sec(45))]);
  },

  'ticks with another outcome, or a run between them, begin another row': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const first = await a.claimOne(sec(10));
    await a.claim(sec(20));
    await a.succeed(first, sec(25));
    const second = await a.claimOne(sec(30));
    await a.claim(sec(40));
    await a.pause('one', sec(45));
    await a.resume('one', sec(65));
    await a.succeed(second, sec(66));
    assert.deepEqual(await a.ledger('one'), [
      'succeeded 12:00:10',
      'skipped overlap 12:00:20',
      'succeeded 12:00:30',
      'skipped overlap 12:00:40',
      'skipped paused 12:00:50..12:01:00 x2',
    ]);
  },

  'a run by hand between two missed ticks does not split their span': async (world) => {
    const a = await world.replica();
    await a.put('one', { misfireGrace: '2s' });
    await a.claim(sec(15));
    await a.request('one', sec(16));
    await a.succeed(await a.claimOne(sec(16)), sec(17));
    await a.claim(sec(25));
    assert.deepEqual(await a.ledger('one'), [
      'missed misfireGrace 12:00:10..12:00:20 x2',
      'succeeded by hand',
    ]);
  },

  'nor does one between two skipped ticks, nor a request that is skipped itself': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow', maxInstances: 2 });
    const first = await a.claimOne(sec(10));
    await a.claimOne(sec(20));
    await a.claim(sec(30));
    assert.equal((await a.request('one', sec(31))).view().outcome, 'skipped');
    await a.succeed(first, sec(32));
    await a.request('one', sec(33));
    await a.succeed(await a.claimOne(sec(33)), sec(34));
    await a.request('one', sec(35));
    await a.claimOne(sec(35));
    await a.claim(sec(40));
    assert.deepEqual(await a.ledger('one'), [
      'succeeded 12:00:10',
      'running 12:00:20',
      'skipped overlap 12:00:30..12:00:40 x2',
      'skipped overlap by hand',
      'succeeded by hand',
      'running by hand',
    ]);
  },

  'nor do backfilled runs': async (world) => {
    const a = await world.replica();
    await a.put('one', { misfireGrace: '2s' });
    await a.claim(sec(15));
    await a.backfill('one', sec(-20), sec(-10), { now: sec(16) });
    await a.backfill('one', sec(10), sec(10), { now: sec(16) });
    await a.succeed(await a.claimOne(sec(16)), sec(17));
    await a.claim(sec(25));
    assert.deepEqual((await a.ledger('one')).toSorted(), [
      'missed misfireGrace 12:00:10..12:00:20 x2',
      'succeeded for 12:00:10',
    ]);
  },

  'three years of seconds are one row with an exact count': async (world) => {
    const a = await world.replica();
    const seconds = 3 * 365 * 86_400;
    await a.put('one', { trigger: every('1s') });
    const { claims, recorded } = await a.claim(sec(seconds));
    assert.equal(claims.length, 1);
    assert.deepEqual(
      recorded.map(({ count, countIsAtLeast }) => [count, countIsAtLeast]),
      [[seconds - 1, false]],
    );
    assert.equal((await a.runs({ outcome: 'coalesced' }))[0]!.count, seconds - 1);
    assert.equal((await a.runs({ state: 'running' }))[0]!.coalesced, seconds - 1);
  },

  'of combined triggers a large count is a lower bound, and says so': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: anyOf(every('2s'), every('3s')) });
    const { recorded } = await a.claim(sec(86_400));
    assert.deepEqual(
      recorded.map(({ count, countIsAtLeast }) => [count, countIsAtLeast]),
      [[10_000, true]],
    );
    const merged = (await a.runs({ outcome: 'coalesced' }))[0]!;
    assert.deepEqual([merged.count, merged.countIsAtLeast], [10_000, true]);
    const running = (await a.runs({ state: 'running' }))[0]!;
    assert.deepEqual([running.coalesced, running.countIsAtLeast], [10_000, true]);
  },
};
