import assert from 'node:assert/strict';
import { readPolicies } from '../../model/index.js';
import { at, cron, every } from '../../timing/index.js';
import { asChanges, asClaims, asRecorded } from './as-text.js';
import { sec, START } from './replica.js';
import type { Cases } from './store-world.js';

/** Putting, getting and listing jobs (D3). */
export const jobCases: Cases = {
  'a job is got as it was put': async (world) => {
    const a = await world.replica();
    const policies = { overlap: 'allow', maxInstances: 3, retry: { attempts: 4, delay: '2s' } } as const;
    const trigger = cron('0 3 * * *', { timezone: 'Europe/Berlin' });
    const put = await a.put('one', { trigger, payload: { to: ['x'] }, ...policies }, START);
    const { trigger: kept, ...job } = await a.job('one');
    assert.deepEqual(job, {
      id: 'one',
      handler: 'work',
      payload: { to: ['x'] },
      policies: readPolicies(policies),
      origin: 'added',
      state: 'active',
      pause: null,
      parkedBecause: null,
      nextDueAt: new Date('2026-06-02T01:00:00Z'),
      lastTickAt: null,
      failuresInRow: 0,
      runsStarted: 0,
      alive: 0,
      addedAt: new Date(START),
      version: 1,
    });
    assert.deepEqual(kept.toJSON(), a.spec('one', { trigger }).trigger.toJSON());
    assert.deepEqual(put.job.nextDueAt, job.nextDueAt);
    assert.deepEqual([put.recorded, put.changed], [[], []]);
  },

  'what there is no job for is null': async (world) => {
    const { store } = await world.replica();
    assert.equal(await store.getJob('none'), null);
    assert.equal(await store.changeJob('none', { kind: 'resume' }, START), null);
    assert.equal(await store.requestRun({ jobId: 'none', payload: undefined, now: START }), null);
    const request = { fromAt: START, toAt: START, force: false, dryRun: true, most: 1, now: START };
    assert.equal(await store.backfill({ jobId: 'none', ...request }), null);
    assert.equal(await store.earliestDueAt(), null);
    assert.deepEqual(await store.listJobs({}), []);
    assert.deepEqual(await store.listRuns({}), []);
  },

  'an id that is taken stays with its job': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: 'first' });
    const spec = a.spec('one', { payload: 'second' });
    const taken = await a.store.putJob(spec, 'error', sec(1));
    const kept = await a.store.putJob(spec, 'keep', sec(2));
    assert.deepEqual([taken.change, kept.change], ['taken', 'kept']);
    for (const { payload, version } of [taken.job, kept.job, await a.job('one')])
      assert.deepEqual([payload, version], ['first', 1]);
  },

  'an equal job in its place changes nothing and keeps what is overdue': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: { n: 1 } });
    const put = await a.replace('one', { payload: { n: 1 }, anchorAt: sec(25) }, sec(25));
    assert.deepEqual([put.change, put.job.version, put.recorded], ['same', 1, []]);
    assert.deepEqual(put.job.nextDueAt, new Date(sec(10)));
    const { claims, recorded } = await a.claim(sec(25));
    assert.deepEqual(asClaims(claims), ['one 12:00:20']);
    assert.deepEqual(asRecorded(recorded), ['one coalesced merged 12:00:10']);
  },

  'a changed job with an equal trigger keeps the next due instant and what is overdue': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: 1 });
    const put = await a.replace('one', { payload: 2, overlap: 'allow', anchorAt: sec(25) }, sec(25));
    assert.deepEqual([put.change, put.job.version, put.recorded], ['changed', 2, []]);
    assert.deepEqual(put.job.nextDueAt, new Date(sec(10)));
    const { claims } = await a.claim(sec(25));
    assert.deepEqual(asClaims(claims), ['one 12:00:20']);
    assert.deepEqual([claims[0]!.payload, claims[0]!.policies.overlap], [2, 'allow']);
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(30)));
  },

  'a new trigger begins now, and overdue ticks of the one before are skipped': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const put = await a.replace('one', { trigger: every('60s'), anchorAt: sec(35) }, sec(35));
    assert.equal(put.change, 'changed');
    assert.deepEqual(asRecorded(put.recorded), ['one skipped edited 12:00:10..12:00:30 x3']);
    assert.deepEqual(put.job.nextDueAt, new Date(sec(95)));
    assert.deepEqual((await a.claim(sec(94))).claims, []);
    assert.deepEqual(asClaims((await a.claim(sec(95))).claims), ['one 12:01:35']);
  },

  'a paused job that is replaced goes on': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: 1 });
    await a.pause('one', sec(5));
    const put = await a.replace('one', { payload: 2 }, sec(25));
    assert.deepEqual([put.job.state, put.job.pause], ['active', null]);
    assert.deepEqual(asRecorded(put.recorded), ['one skipped paused 12:00:10..12:00:20 x2']);
    assert.deepEqual(put.job.nextDueAt, new Date(sec(30)));
  },

  'a paused job that is replaced by an equal one stays paused': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.pause('one', sec(5));
    const put = await a.replace('one', {}, sec(25));
    assert.deepEqual([put.change, put.job.state], ['same', 'paused']);
  },

  'a disabled job is never due': async (world) => {
    const a = await world.replica();
    const put = await a.put('one', { disabled: true });
    assert.deepEqual([put.job.state, put.job.nextDueAt], ['disabled', null]);
    assert.equal(await a.store.earliestDueAt(), null);
    const batch = await a.claim(sec(3_600));
    assert.deepEqual([batch.claims, batch.recorded], [[], []]);
  },

  'a job is disabled, and enabled again, by what takes its place': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const off = await a.replace('one', { disabled: true }, sec(15));
    assert.deepEqual([off.change, off.job.state, off.job.nextDueAt], ['changed', 'disabled', null]);
    assert.deepEqual(asRecorded(off.recorded), ['one skipped edited 12:00:10']);
    const on = await a.replace('one', {}, sec(35));
    assert.deepEqual([on.change, on.job.state], ['changed', 'active']);
    assert.deepEqual(on.job.nextDueAt, new Date(sec(40)));
  },

  'a date that has passed is due at once': async (world) => {
    const a = await world.replica();
    const put = await a.put('one', { trigger: at(new Date(sec(-3_600))) });
    assert.deepEqual(put.job.nextDueAt, new Date(sec(-3_600)));
    const { claims, changed } = await a.claim(START);
    assert.deepEqual([claims[0]?.scheduledAt, claims[0]?.dueAt], [sec(-3_600), sec(-3_600)]);
    assert.deepEqual(asChanges(changed), ['finished one']);
    assert.equal((await a.run('one')).latenessMs, 3_600_000);
  },

  'a job with nothing to come is finished when it is put': async (world) => {
    const a = await world.replica();
    const put = await a.put('one', { trigger: every('10s', { endAt: new Date(sec(5)) }) });
    assert.equal(put.job.state, 'finished');
    assert.deepEqual(asChanges(put.changed), ['finished one']);
  },

  'a finished job that is put again begins anew': async (world) => {
    const a = await world.replica();
    const trigger = at(new Date(sec(10)));
    await a.put('one', { trigger });
    await a.succeed(await a.claimOne(sec(10)), sec(11));
    assert.equal((await a.job('one')).state, 'finished');
    const put = await a.replace('one', { trigger: at(new Date(sec(60))) }, sec(20));
    assert.deepEqual([put.change, put.job.state], ['changed', 'active']);
    assert.deepEqual(asClaims((await a.claim(sec(60))).claims), ['one 12:01:00']);
  },

  'an id is free again once its job is removed, and the ticks of the new job are its own': async (world) => {
    const a = await world.replica();
    await a.put('one');
    await a.succeed(await a.claimOne(sec(10)), sec(11));
    await a.remove('one', sec(12));
    await a.put('one', { anchorAt: START, trigger: every('10s', { startAt: new Date(START) }) }, START);
    assert.deepEqual(asClaims((await a.claim(sec(10))).claims), ['one 12:00:10']);
    assert.equal((await a.runs({ jobId: 'one', outcome: 'succeeded' })).length, 1);
  },

  'jobs are listed by state, origin and handler': async (world) => {
    const a = await world.replica({ handlers: ['work', 'other'] });
    await a.put('active');
    await a.put('other', { handler: 'other' });
    await a.put('disabled', { disabled: true });
    await a.put('paused');
    await a.pause('paused', sec(1));
    await a.declare('declared', {}, START);
    const ids = async (filter: Parameters<typeof a.store.listJobs>[0]): Promise<string[]> =>
      (await a.store.listJobs(filter)).map(({ id }) => id).sort();
    assert.deepEqual(await ids({}), ['active', 'declared', 'disabled', 'other', 'paused']);
    assert.deepEqual(await ids({ state: 'paused' }), ['paused']);
    assert.deepEqual(await ids({ origin: 'declared' }), ['declared']);
    assert.deepEqual(await ids({ handler: 'other' }), ['other']);
    assert.deepEqual(await ids({ state: 'active', handler: 'work', origin: 'added' }), ['active']);
  },

  'changing what was got changes nothing': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: { list: [1] } });
    const job = await a.job('one');
    (job.payload as { list: number[] }).list.push(2);
    job.nextDueAt!.setTime(0);
    assert.deepEqual((await a.job('one')).payload, { list: [1] });
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(10)));
  },
};
