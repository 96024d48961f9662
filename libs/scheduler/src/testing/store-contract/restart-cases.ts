import assert from 'node:assert/strict';
import { every } from '../../timing/index.js';
import { asClaims, asRecorded } from './as-text.js';
import { sec } from './replica.js';
import type { Cases } from './store-world.js';

/** Jobs, runs and claims outlive the process. */
export const restartCases: Cases = {
  'jobs come back as they were': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: { n: 1 }, retry: { attempts: 3, delay: '5s' }, group: 'mail' });
    await a.put('paused');
    await a.change('paused', { kind: 'pause', note: 'why', by: 'ann', until: sec(500) }, sec(1));
    await a.succeed(await a.claimOne(sec(10)), sec(11));
    const before = [await a.job('one'), await a.job('paused')];
    const b = await world.restart(a, sec(12));
    const after = [await b.job('one'), await b.job('paused')];
    assert.deepEqual(JSON.parse(JSON.stringify(after)), JSON.parse(JSON.stringify(before)));
    assert.equal(await b.store.earliestDueAt(), sec(20));
  },

  'closing abandons nothing that could go on': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2 });
    await a.fail(await a.claimOne(sec(10)), sec(11), sec(15));
    assert.deepEqual(await a.store.close(sec(12)), []);
    const b = await world.replica({ name: 'b' });
    assert.deepEqual(asClaims((await b.claim(sec(15))).claims), ['one 12:00:10 attempt 2']);
  },

  'the history comes back as it was': async (world) => {
    const a = await world.replica();
    await a.put('one', { retry: 2 });
    const claim = await a.claimOne(sec(10));
    await a.store.annotate(claim, {
      kind: 'line',
      line: { level: 'info', message: 'hello', at: new Date(sec(10)) },
    });
    await a.fail(claim, sec(11), sec(12));
    await a.succeed(await a.claimOne(sec(12)), sec(13), [1]);
    await a.claim(sec(65));
    const before = await a.runs();
    const b = await world.restart(a, sec(66));
    assert.deepEqual(await b.runs(), before);
  },

  'what fell due meanwhile is late, not lost': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const b = await world.restart(a, sec(5));
    const { claims, recorded } = await b.claim(sec(45));
    assert.deepEqual(asClaims(claims), ['one 12:00:40']);
    assert.deepEqual(asRecorded(recorded), ['one coalesced merged 12:00:10..12:00:30 x3']);
  },

  'queued runs and runs by hand come back': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'queueAll' });
    await a.put('asked', { disabled: true });
    const first = await a.claimOne(sec(10));
    await a.claim(sec(20));
    await a.request('asked', sec(21));
    await a.succeed(first, sec(22));
    const b = await world.restart(a, sec(23));
    assert.deepEqual(asClaims((await b.claim(sec(24))).claims).toSorted(), ['asked by hand', 'one 12:00:20']);
  },

  'a span goes on in its row': async (world) => {
    const a = await world.replica();
    await a.put('one', { misfireGrace: '1s' });
    await a.claim(sec(15));
    const b = await world.restart(a, sec(16));
    await b.claim(sec(25));
    assert.deepEqual(await b.ledger('one'), ['missed misfireGrace 12:00:10..12:00:20 x2']);
  },

  'a removed job stays removed': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.remove('one', sec(5));
    const b = await world.restart(a, sec(6));
    assert.equal(await b.store.getJob('one'), null);
    assert.deepEqual((await b.claim(sec(10))).claims, []);
  },

  'delay: the next tick comes after the run that ended before': async (world) => {
    const a = await world.replica();
    await a.put('one', { trigger: every('10s', { mode: 'delay' }) });
    await a.succeed(await a.claimOne(sec(10)), sec(13));
    const b = await world.restart(a, sec(14));
    assert.deepEqual(asClaims((await b.claim(sec(23))).claims), ['one 12:00:23']);
  },

  'maxRuns counts on': async (world) => {
    const a = await world.replica();
    await a.put('one', { maxRuns: 2 });
    await a.succeed(await a.claimOne(sec(10)), sec(11));
    const b = await world.restart(a, sec(12));
    await b.succeed(await b.claimOne(sec(20)), sec(21));
    assert.equal((await b.job('one')).state, 'finished');
  },
};
