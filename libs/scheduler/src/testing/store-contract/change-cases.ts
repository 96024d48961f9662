import assert from 'node:assert/strict';
import { readPolicies } from '../../model/index.js';
import { every } from '../../timing/index.js';
import { asChanges, asClaims, asRecorded } from './as-text.js';
import { type Replica, sec, START } from './replica.js';
import type { Cases } from './store-world.js';

function everyMinuteFrom(a: Replica, seconds: number) {
  return a.spec('one', { trigger: every('60s'), anchorAt: sec(seconds) }).trigger;
}

/** Editing, pausing, resuming and removing (O5). */
export const changeCases: Cases = {
  'an edit of anything but the trigger leaves the ticks alone': async (world) => {
    const a = await world.replica({ handlers: ['work', 'other'] });
    await a.put('one', { payload: 1 });
    const policies = readPolicies({ overlap: 'queueAll' });
    const { job, recorded } = await a.change(
      'one',
      { kind: 'edit', edit: { handler: 'other', payload: [2], policies } },
      sec(15),
    );
    assert.deepEqual([job.handler, job.payload, job.policies, job.version], ['other', [2], policies, 2]);
    assert.deepEqual([job.nextDueAt, recorded], [new Date(sec(10)), []]);
    const claim = await a.claimOne(sec(15));
    assert.deepEqual([claim.handler, claim.payload, claim.policies], ['other', [2], policies]);
  },

  'an edit can take the payload away': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: 1 });
    await a.change('one', { kind: 'edit', edit: { payload: undefined } }, sec(1));
    assert.equal((await a.job('one')).payload, undefined);
    assert.equal((await a.claimOne(sec(10))).payload, undefined);
  },

  'a new trigger begins now, and overdue ticks of the one before are skipped': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const trigger = everyMinuteFrom(a, 25);
    const { job, recorded } = await a.change('one', { kind: 'edit', edit: { trigger } }, sec(25));
    assert.deepEqual(asRecorded(recorded), ['one skipped edited 12:00:10..12:00:20 x2']);
    assert.deepEqual([job.nextDueAt, job.lastTickAt], [new Date(sec(85)), null]);
  },

  'where the ticks before were none, they get no outcome': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const trigger = everyMinuteFrom(a, 25);
    const edit = { trigger, startsAnew: true };
    const { recorded } = await a.change('one', { kind: 'edit', edit }, sec(25));
    assert.deepEqual(recorded, []);
    assert.deepEqual(await a.ledger('one'), []);
  },

  'a job is disabled, and enabled again, by an edit': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const off = await a.change('one', { kind: 'edit', edit: { disabled: true } }, sec(5));
    assert.deepEqual([off.job.state, off.job.nextDueAt], ['disabled', null]);
    assert.deepEqual((await a.claim(sec(25))).claims, []);
    const on = await a.change('one', { kind: 'edit', edit: { disabled: false } }, sec(25));
    assert.deepEqual([on.job.state, on.job.nextDueAt], ['active', new Date(sec(30))]);
    assert.deepEqual(await a.ledger('one'), []);
  },

  'a pause keeps who, why and until when, and nothing is claimed': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const pause = { kind: 'pause', note: 'flood ☔', by: 'ann', until: sec(60) } as const;
    const { job, recorded, changed } = await a.change('one', pause, sec(5));
    assert.deepEqual([job.state, job.nextDueAt, job.version], ['paused', null, 2]);
    assert.deepEqual(job.pause, {
      note: 'flood ☔',
      by: 'ann',
      at: new Date(sec(5)),
      until: new Date(sec(60)),
    });
    assert.deepEqual([recorded, changed], [[], []]);
    assert.equal(await a.store.earliestDueAt(), sec(60));
    assert.deepEqual((await a.claim(sec(59))).claims, []);
    assert.deepEqual((await a.job('one')).pause, job.pause);
  },

  'the ticks inside a pause are one skipped span': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(5));
    assert.equal(await a.store.earliestDueAt(), null);
    const { job, recorded, changed } = await a.resume('one', sec(55));
    assert.deepEqual([job.state, job.pause, job.nextDueAt], ['active', null, new Date(sec(60))]);
    assert.deepEqual(asChanges(changed), ['resumed one']);
    assert.deepEqual((await a.resume('one', sec(55))).changed, []);
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:10..12:00:50 x5']);
    assert.deepEqual(await a.ledger('one'), ['skipped paused 12:00:10..12:00:50 x5']);
    assert.deepEqual(asClaims((await a.claim(sec(60))).claims), ['one 12:01:00']);
  },

  'ticks overdue when a job is paused belong to the pause': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(15));
    const { recorded } = await a.resume('one', sec(25));
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:10..12:00:20 x2']);
  },

  'a pause ends by itself, and a tick at its very end runs': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(5), sec(30));
    const { claims, recorded, changed } = await a.claim(sec(30));
    assert.deepEqual(asChanges(changed), ['resumed one']);
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:10..12:00:20 x2']);
    assert.deepEqual(asClaims(claims), ['one 12:00:30']);
    assert.equal((await a.job('one')).state, 'active');
  },

  'pausing again takes the new note, and begins where the pause began': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(5), sec(15));
    const again = await a.change('one', { kind: 'pause', note: 'on', by: 'bo', until: null }, sec(12));
    assert.deepEqual([again.job.pause!.note, again.job.pause!.until], ['on', null]);
    assert.deepEqual((await a.claim(sec(20))).changed, []);
    const { recorded } = await a.resume('one', sec(25));
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:10..12:00:20 x2']);
  },

  'resuming what is not paused changes nothing': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const { job, recorded } = await a.resume('one', sec(15));
    assert.deepEqual([job.version, job.nextDueAt, recorded], [1, new Date(sec(10)), []]);
  },

  'a finished or disabled job is not paused': async (world) => {
    const a = await world.replica();
    await a.put('one', { disabled: true });
    assert.equal((await a.pause('one', sec(1))).job.state, 'disabled');
  },

  'a paused job with a new trigger stays paused': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(5));
    const trigger = everyMinuteFrom(a, 15);
    const { job, recorded } = await a.change('one', { kind: 'edit', edit: { trigger } }, sec(15));
    assert.equal(job.state, 'paused');
    assert.deepEqual(asRecorded(recorded), ['one skipped paused 12:00:10']);
    const resumed = await a.resume('one', sec(140));
    assert.deepEqual(asRecorded(resumed.recorded), ['one skipped paused 12:01:15..12:02:15 x2']);
  },

  'a run asked for by hand runs while its job is paused': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(5));
    await a.request('one', sec(6));
    assert.deepEqual(asClaims((await a.claim(sec(6))).claims), ['one by hand']);
  },

  'a removed job leaves its rows, and its overdue ticks and waiting runs are cancelled': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.request('one', sec(5));
    const { recorded } = await a.remove('one', sec(25));
    assert.deepEqual(asRecorded(recorded).sort(), [
      'one cancelled removed 12:00:10..12:00:20 x2',
      'one cancelled removed by hand',
    ]);
    assert.equal(await a.store.getJob('one'), null);
    assert.equal(await a.store.earliestDueAt(), null);
    assert.deepEqual((await a.claim(sec(60))).claims, []);
    assert.deepEqual(await a.ledger('one'), [
      'cancelled removed 12:00:10..12:00:20 x2',
      'cancelled removed by hand',
    ]);
  },

  'a run under way outlives its job, but is not tried again': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 3 });
    await a.put('two', { retry: 3 });
    const { claims } = await a.claim(sec(10));
    await a.remove('one', sec(11));
    await a.remove('two', sec(11));
    const [one, two] = claims.toSorted((x, y) => x.jobId.localeCompare(y.jobId));
    assert.equal(await a.succeed(one!, sec(12)), 'recorded');
    assert.equal(await a.fail(two!, sec(12), sec(13)), 'withoutRetry');
    assert.deepEqual(await a.ledger('one'), ['succeeded 12:00:10']);
    assert.deepEqual(await a.ledger('two'), ['failed 12:00:10']);
    assert.deepEqual((await a.claim(sec(60))).claims, []);
  },

  'versions rise with each edit, pause and resume': async (world) => {
    const a = await world.replica();
    await a.put('one', {}, START);
    await a.pause('one', sec(1));
    await a.resume('one', sec(2));
    await a.change('one', { kind: 'edit', edit: { payload: 1 } }, sec(3));
    assert.equal((await a.job('one')).version, 4);
  },
};
