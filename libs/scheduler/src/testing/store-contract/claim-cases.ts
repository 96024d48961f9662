import assert from 'node:assert/strict';
import type { Claim } from '../../model/index.js';
import { readPolicies } from '../../model/index.js';
import { at, every } from '../../timing/index.js';
import { asChanges, asClaims, asRecorded } from './as-text.js';
import { sec, START } from './replica.js';
import type { Cases } from './store-world.js';

/** Due runs are claimed, once and in order; others are not. */
export const claimCases: Cases = {
  'a claim carries all that an attempt needs': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: { to: 'x' }, timeout: '5s' });
    const claim = await a.claimOne(sec(12));
    assert.equal(typeof claim.runId, 'string');
    assert.equal(typeof claim.token, 'number');
    assert.deepEqual(
      [claim.jobId, claim.handler, claim.payload, claim.policies],
      ['one', 'work', { to: 'x' }, readPolicies({ timeout: '5s' })],
    );
    assert.deepEqual(
      [claim.scheduledAt, claim.standsForAt, claim.dueAt, claim.attempt],
      [sec(10), null, sec(10), 1],
    );
  },

  'nothing is claimed before it is due': async (world) => {
    const a = await world.replica();
    await a.put('one');
    assert.deepEqual((await a.claim(sec(10) - 1)).claims, []);
    assert.deepEqual(asClaims((await a.claim(sec(10))).claims), ['one 12:00:10']);
  },

  'nothing is claimed twice': async (world) => {
    const a = await world.replica();
    await a.put('one', { overlap: 'allow' });
    assert.equal((await a.claim(sec(10))).claims.length, 1);
    const again = await a.claim(sec(10));
    assert.deepEqual([again.claims, again.recorded], [[], []]);
    assert.deepEqual(asClaims((await a.claim(sec(20))).claims), ['one 12:00:20']);
  },

  'a claimed run is running, and tells how late it began': async (world) => {
    const a = await world.replica();
    await a.put('one');
    const claim = await a.claimOne(sec(13));
    const run = await a.run('one');
    assert.deepEqual([run.id, run.state, run.outcome, run.attempt], [claim.runId, 'running', null, 1]);
    assert.deepEqual([run.scheduledAt, run.startedAt], [new Date(sec(10)), new Date(sec(13))]);
    assert.deepEqual([run.latenessMs, run.attempts, run.endedAt], [3_000, [], null]);
    const job = await a.job('one');
    assert.deepEqual([job.alive, job.runsStarted], [1, 1]);
    assert.deepEqual([job.lastTickAt, job.nextDueAt], [new Date(sec(10)), new Date(sec(20))]);
  },

  'jobs are claimed in the order in which they fell due': async (world) => {
    const a = await world.replica();
    for (const [id, seconds] of [
      ['c', 3],
      ['a', 1],
      ['d', 4],
      ['b', 2],
    ] as const)
      await a.put(id, { trigger: at(new Date(sec(seconds))) });
    const { claims } = await a.claim(sec(10));
    assert.deepEqual(
      claims.map(({ jobId }) => jobId),
      ['a', 'b', 'c', 'd'],
    );
  },

  'a run that waits is claimed in its turn among the jobs': async (world) => {
    const a = await world.replica();
    await a.put('tried', { trigger: at(new Date(sec(1))), retry: 2 });
    await a.fail(await a.claimOne(sec(1)), sec(1), sec(3));
    await a.put('before', { trigger: at(new Date(sec(2))) });
    await a.put('after', { trigger: at(new Date(sec(4))) });
    const { claims } = await a.claim(sec(10));
    assert.deepEqual(claims.map(({ jobId }) => jobId).toSorted(), ['after', 'before', 'tried']);
    assert.deepEqual(claims.find(({ jobId }) => jobId === 'tried')?.dueAt, sec(3));
  },

  'a batch is at most as large as asked, and says that there is more': async (world) => {
    const a = await world.replica();
    for (let i = 0; i < 25; i++) await a.put(`job-${i}`, { trigger: at(new Date(START + i)) });
    const sizes: number[] = [];
    const claimed: Claim[] = [];
    for (let more = true; more && sizes.length < 100;) {
      const batch = await a.store.claimDue({ now: sec(60), limit: 10 });
      sizes.push(batch.claims.length);
      claimed.push(...batch.claims);
      more = batch.more;
    }
    assert.ok(Math.max(...sizes) <= 10, `batches of ${sizes.join(', ')}`);
    assert.deepEqual(
      claimed.map(({ jobId }) => jobId),
      Array.from({ length: 25 }, (_, i) => `job-${i}`),
    );
  },

  'of a thousand jobs that fell due, none is lost and none is out of order': async (world) => {
    const a = await world.replica();
    // 389 and 1,000 have no common divisor: each millisecond is taken once, and far from its neighbours.
    const dueAt = (i: number): number => START + 1 + ((i * 389) % 1_000);
    for (let i = 0; i < 1_000; i++) await a.put(`job-${i}`, { trigger: at(new Date(dueAt(i))) });
    const { claims } = await a.claim(sec(2));
    const instants = claims.map(({ scheduledAt }) => scheduledAt);
    assert.deepEqual(
      instants,
      Array.from({ length: 1_000 }, (_, i) => START + 1 + i),
    );
    assert.equal(new Set(claims.map(({ runId }) => runId)).size, 1_000);
  },

  'when something is due is known after each verb': async (world) => {
    const a = await world.replica();
    const due = () => a.store.earliestDueAt();
    assert.equal(await due(), null, 'empty');
    await a.put('slow', { trigger: every('20s') });
    assert.equal(await due(), sec(20), 'put');
    await a.put('fast', { retry: 2 });
    assert.equal(await due(), sec(10), 'put one that is due earlier');
    await a.pause('fast', sec(1));
    assert.equal(await due(), sec(20), 'pause');
    await a.resume('fast', sec(2));
    assert.equal(await due(), sec(10), 'resume');
    const claim = await a.claimOne(sec(10));
    assert.equal(await due(), sec(20), 'claim');
    await a.fail(claim, sec(11), sec(13));
    assert.equal(await due(), sec(13), 'retry');
    await a.succeed(await a.claimOne(sec(13)), sec(14));
    assert.equal(await due(), sec(20), 'success');
    await a.request('slow', sec(15));
    assert.equal(await due(), sec(15), 'request');
    await a.succeed(await a.claimOne(sec(15)), sec(16));
    const trigger = a.spec('fast', { trigger: every('1s'), anchorAt: sec(16) }).trigger;
    await a.change('fast', { kind: 'edit', edit: { trigger } }, sec(16));
    assert.equal(await due(), sec(17), 'edit');
    await a.remove('fast', sec(16));
    assert.equal(await due(), sec(20), 'remove');
  },

  'what comes before the earliest that was known is claimed all the same': async (world) => {
    const a = await world.replica();
    await a.put('far', { trigger: every('10m') });
    assert.equal(await a.store.earliestDueAt(), sec(600));
    await a.put('near');
    assert.deepEqual(asClaims((await a.claim(sec(10))).claims), ['near 12:00:10']);
    assert.equal(await a.store.earliestDueAt(), sec(20));
    await a.request('far', sec(12));
    assert.equal((await a.claimOne(sec(12))).jobId, 'far');
  },

  'a run asked for by hand is due at once, with its own payload or that of its job': async (world) => {
    const a = await world.replica();
    await a.put('one', { payload: 'own', overlap: 'allow' });
    const requested = await a.request('one', sec(3));
    const { id, jobId, state, scheduledAt } = requested.view();
    assert.deepEqual([jobId, state, scheduledAt], ['one', 'waiting', null]);
    assert.deepEqual([requested.recorded, requested.cancelled], [[], []]);
    await a.request('one', sec(3), { other: true });
    const { claims } = await a.claim(sec(4));
    assert.equal(claims[0]!.runId, id);
    assert.deepEqual(
      claims.map(({ payload }) => payload),
      ['own', { other: true }],
    );
    assert.deepEqual(
      claims.map(({ scheduledAt: tick, dueAt }) => [tick, dueAt]),
      [
        [null, sec(3)],
        [null, sec(3)],
      ],
    );
    assert.equal((await a.job('one')).runsStarted, 0);
    assert.deepEqual((await a.job('one')).nextDueAt, new Date(sec(10)));
  },

  'a job that cannot be read is parked and does not stop the others': async (world) => {
    const a = await world.replica();
    await a.put('bad');
    await a.put('good');
    await world.spoil('bad');
    const { claims, changed, recorded } = await a.claim(sec(10));
    assert.deepEqual(asClaims(claims), ['good 12:00:10']);
    assert.deepEqual(asChanges(changed), ['parked bad']);
    assert.ok(changed[0]!.kind === 'parked' && changed[0]!.error instanceof Error, 'the error is told');
    assert.deepEqual(asRecorded(recorded), ['bad missed parked 12:00:10']);
    const bad = (await a.store.listJobs({ state: 'parked' }))[0];
    assert.equal(bad?.id, 'bad');
    assert.equal(typeof bad.parkedBecause, 'string');
    const later = await a.claim(sec(30));
    assert.deepEqual([later.claims, later.changed], [[], []]);
  },

  'a parked job can be removed': async (world) => {
    const a = await world.replica();
    await a.put('bad');
    await world.spoil('bad');
    await a.claim(sec(10));
    await a.remove('bad', sec(11));
    assert.equal(await a.store.getJob('bad'), null);
  },

  'a parked job goes on once it is declared well': async (world) => {
    const a = await world.replica();
    await a.put('bad');
    await world.spoil('bad');
    await a.claim(sec(10));
    const put = await a.replace('bad', { trigger: every('60s') }, sec(15));
    assert.deepEqual([put.job.state, put.job.parkedBecause], ['active', null]);
    assert.deepEqual(asClaims((await a.claim(sec(60))).claims), ['bad 12:01:00']);
  },
};
