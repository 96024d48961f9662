import assert from 'node:assert/strict';
import { ON_ABANDONED } from '../../model/index.js';
import { every } from '../../timing/index.js';
import { asClaims, asRecorded } from './as-text.js';
import { sec } from './replica.js';
import type { Cases } from './store-world.js';

/** The outcome of a tick, or of a run by hand, while a run of its job is alive (O1). */
export const overlapCases: Cases = {
  'skip: the tick does not run': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'skip' });
    const first = await a.claimOne(sec(10));
    const { claims, recorded } = await a.claim(sec(20));
    assert.deepEqual([claims, asRecorded(recorded)], [[], ['one skipped overlap 12:00:20']]);
    await a.succeed(first, sec(25));
    assert.deepEqual(asClaims((await a.claim(sec(30))).claims), ['one 12:00:30']);
  },

  'skip: nor does a run by hand': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'skip' });
    await a.claimOne(sec(10));
    const requested = await a.request('one', sec(12));
    const { state, outcome, reason } = requested.view();
    assert.deepEqual([state, outcome, reason], ['ended', 'skipped', 'overlap']);
    assert.deepEqual(asRecorded(requested.recorded), ['one skipped overlap by hand']);
    assert.equal((await a.job('one')).alive, 1);
  },

  'queueOne: one waits, and a newer one takes its place': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'queueOne' });
    const first = await a.claimOne(sec(10));
    const second = await a.claim(sec(20));
    assert.deepEqual([second.claims, second.recorded], [[], []]);
    const { recorded } = await a.claim(sec(30));
    assert.deepEqual(asRecorded(recorded), ['one coalesced merged 12:00:20']);
    await a.succeed(first, sec(35));
    const third = await a.claimOne(sec(35));
    assert.deepEqual([asClaims([third]), recorded[0]!.into], [['one 12:00:30'], third.runId]);
    await a.succeed(third, sec(36));
    assert.deepEqual(await a.ledger('one'), [
      'succeeded 12:00:10',
      'coalesced merged 12:00:20',
      'succeeded 12:00:30 +1',
    ]);
  },

  'queueOne: a run by hand takes the place of the tick that waits': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'queueOne' });
    const first = await a.claimOne(sec(10));
    await a.claim(sec(20));
    const requested = await a.request('one', sec(22));
    assert.equal(requested.view().state, 'queued');
    assert.deepEqual(asRecorded(requested.recorded), ['one coalesced merged 12:00:20']);
    await a.succeed(first, sec(25));
    assert.deepEqual(asClaims((await a.claim(sec(25))).claims), ['one by hand']);
  },

  'queueAll: all of them wait, and run in order': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'queueAll' });
    let claim = await a.claimOne(sec(10));
    await a.claim(sec(20));
    await a.claim(sec(30));
    await a.request('one', sec(32));
    assert.equal((await a.job('one')).alive, 4);
    for (const next of ['one 12:00:20', 'one 12:00:30', 'one by hand']) {
      await a.succeed(claim, sec(33));
      claim = await a.claimOne(sec(34));
      assert.deepEqual(asClaims([claim]), [next]);
    }
    await a.succeed(claim, sec(35));
    assert.equal((await a.job('one')).alive, 0);
  },

  'cancelPrevious: what runs is cancelled, and the new run starts once it has ended': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'cancelPrevious', retry: 3 });
    const first = await a.claimOne(sec(10));
    const { claims, cancelled } = await a.claim(sec(20));
    assert.deepEqual(claims, []);
    assert.deepEqual(
      cancelled.map(({ runId }) => runId),
      [first.runId],
    );
    assert.deepEqual((await a.claim(sec(21))).claims, [], 'the place is not free yet');
    await a.end(first, { kind: 'cancelled', error: new Error('replaced') }, sec(22));
    assert.deepEqual(asClaims((await a.claim(sec(22))).claims), ['one 12:00:20']);
    assert.deepEqual(await a.ledger('one'), ['cancelled replaced 12:00:10', 'running 12:00:20']);
  },

  'cancelPrevious: what is cancelled is not tried again': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'cancelPrevious', retry: 3 });
    const first = await a.claimOne(sec(10));
    await a.claim(sec(20));
    assert.equal(await a.fail(first, sec(22), sec(25)), 'withoutRetry');
    assert.deepEqual(asClaims((await a.claim(sec(26))).claims), ['one 12:00:20']);
  },

  'cancelPrevious: what waits for its retry ends at once': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'cancelPrevious', retry: 3 });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(60));
    const { claims, recorded, cancelled } = await a.claim(sec(20));
    assert.deepEqual(asRecorded(recorded), ['one cancelled replaced 12:00:10']);
    assert.deepEqual(cancelled, []);
    const started = claims.length > 0 ? claims : (await a.claim(sec(20))).claims;
    assert.deepEqual(asClaims(started), ['one 12:00:20']);
  },

  ...Object.fromEntries(
    ON_ABANDONED.map((onAbandoned): [string, Cases[string]] => [
      `cancelPrevious: a replaced run that a shutdown cuts off is abandoned, and not tried again (${onAbandoned})`,
      async (world) => {
        const a = await world.replica();
        await a.put('one', { overlap: 'cancelPrevious', onAbandoned });
        const first = await a.claimOne(sec(10));
        assert.equal((await a.claim(sec(20))).cancelled.length, 1);
        // The handler ignored its abort until the process stopped (O7, L2).
        const abandoned = { kind: 'abandoned', error: new Error('stopping') } as const;
        assert.equal(await a.end(first, abandoned, sec(22)), 'recorded');
        assert.deepEqual(asClaims((await a.claim(sec(22))).claims), ['one 12:00:20']);
        assert.deepEqual(await a.ledger('one'), ['abandoned shutdown 12:00:10', 'running 12:00:20']);
        const [run] = await a.runs({ outcome: 'abandoned' });
        assert.deepEqual(
          run!.attempts.map(({ attempt, result }) => [attempt, result]),
          [[1, 'abandoned']],
        );
      },
    ]),
  ),

  'cancelPrevious: a run by hand cancels what runs, too': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'cancelPrevious' });
    const first = await a.claimOne(sec(10));
    const { cancelled } = await a.request('one', sec(12));
    assert.deepEqual(
      cancelled.map(({ runId }) => runId),
      [first.runId],
    );
  },

  'allow: any number runs at once': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow' });
    for (const seconds of [10, 20, 30]) assert.equal((await a.claim(sec(seconds))).claims.length, 1);
    assert.equal((await a.job('one')).alive, 3);
  },

  'allow: up to maxInstances': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow', maxInstances: 2 });
    const first = await a.claimOne(sec(10));
    await a.claimOne(sec(20));
    assert.deepEqual(asRecorded((await a.claim(sec(30))).recorded), ['one skipped overlap 12:00:30']);
    assert.equal((await a.request('one', sec(32))).view().outcome, 'skipped');
    await a.succeed(first, sec(33));
    assert.deepEqual(asClaims((await a.claim(sec(40))).claims), ['one 12:00:40']);
  },

  'a run that waits for its retry holds its slot': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2 });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(25));
    assert.deepEqual(asRecorded((await a.claim(sec(20))).recorded), ['one skipped overlap 12:00:20']);
    assert.deepEqual(asClaims((await a.claim(sec(25))).claims), ['one 12:00:10 attempt 2']);
  },

  'a run that was asked for and has not begun holds its slot': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.request('one', sec(5));
    assert.equal((await a.request('one', sec(6))).view().outcome, 'skipped');
  },

  'a run whose handler is still on its way keeps its slot until it is released': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const first = await a.claimOne(sec(10));
    const timedOut = { kind: 'timedOut', error: new Error('late') } as const;
    assert.equal(await a.end(first, timedOut, sec(15), { slotHeld: true }), 'recorded');
    assert.deepEqual(await a.ledger('one'), ['timedOut 12:00:10']);
    assert.deepEqual(asRecorded((await a.claim(sec(20))).recorded), ['one skipped overlap 12:00:20']);
    assert.equal(await a.store.release(first, sec(25)), 'recorded');
    assert.deepEqual(asClaims((await a.claim(sec(30))).claims), ['one 12:00:30']);
  },

  'what is queued goes on when the slot is released': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'queueAll' });
    const first = await a.claimOne(sec(10));
    await a.end(first, { kind: 'timedOut', error: new Error('late') }, sec(15), { slotHeld: true });
    assert.deepEqual((await a.claim(sec(20))).claims, []);
    await a.store.release(first, sec(25));
    assert.deepEqual(asClaims((await a.claim(sec(25))).claims), ['one 12:00:20']);
  },

  'a job added under the id of a removed one does not count the run that is still at work': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2, pauseAfterFailures: 1 });
    const old = await a.claimOne(sec(10));
    await a.remove('one', sec(11));
    await a.put('one', { pauseAfterFailures: 1, anchorAt: sec(11) }, sec(11));
    assert.equal((await a.job('one')).alive, 0);
    const next = await a.claimOne(sec(21));
    assert.notEqual(next.runId, old.runId);
    assert.equal(await a.fail(old, sec(22), sec(25)), 'withoutRetry', 'it ends without its job');
    const job = await a.job('one');
    assert.deepEqual([job.state, job.failuresInRow, job.alive], ['active', 0, 1]);
    assert.equal(await a.succeed(next, sec(23)), 'recorded');
    assert.deepEqual(asClaims((await a.claim(sec(31))).claims), ['one 12:00:31']);
  },

  'replacing a job counts the run that is still at work, also with a new trigger': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const old = await a.claimOne(sec(10));
    await a.replace('one', { trigger: every('7s'), anchorAt: sec(11) }, sec(11));
    assert.deepEqual(asRecorded((await a.claim(sec(18))).recorded), ['one skipped overlap 12:00:18']);
    await a.succeed(old, sec(19));
    assert.deepEqual(asClaims((await a.claim(sec(25))).claims), ['one 12:00:25']);
  },
};
