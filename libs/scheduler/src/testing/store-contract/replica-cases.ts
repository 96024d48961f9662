import assert from 'node:assert/strict';
import type { Claim } from '../../model/index.js';
import { at, every } from '../../timing/index.js';
import { asClaims, asRecorded } from './as-text.js';
import { type Replica, sec, START } from './replica.js';
import type { Cases } from './store-world.js';

/** Claims in small batches until all of `total` are taken by anybody. */
async function claimAtOnce(replicas: readonly Replica[], now: number, total: number): Promise<Claim[]> {
  const claimed: Claim[] = [];
  const take = async ({ store }: Replica): Promise<void> => {
    for (let rounds = 0; claimed.length < total && rounds < 1_000; rounds++)
      claimed.push(...(await store.claimDue({ now, limit: 7 })).claims);
  };
  await Promise.all(replicas.map(take));
  return claimed;
}

/** Several processes, one store: they share the jobs, and never a run. */
export const replicaCases: Cases = {
  'no run is claimed twice, however many claim at once': async (world) => {
    const replicas = await world.two();
    const [a, b] = replicas;
    for (let i = 0; i < 300; i++) await a.put(`job-${i}`, { trigger: at(new Date(START + i)) });
    const claimed = await claimAtOnce(replicas, sec(10), 300);
    assert.equal(claimed.length, 300);
    assert.equal(new Set(claimed.map(({ runId }) => runId)).size, 300);
    assert.equal(new Set(claimed.map(({ jobId }) => jobId)).size, 300);
    assert.deepEqual([(await a.claim(sec(11))).claims, (await b.claim(sec(11))).claims], [[], []]);
    assert.equal((await b.runs({ limit: 1_000 })).length, 300);
  },

  'each tick of one job is claimed once, however many claim at once': async (world) => {
    const replicas = await world.two();
    await replicas[0].put('one', { trigger: every('1s'), overlap: 'allow' });
    const seen: (number | null)[] = [];
    for (let seconds = 1; seconds <= 30; seconds++) {
      const batches = await Promise.all(replicas.map((replica) => replica.claim(sec(seconds))));
      for (const { claims, recorded } of batches) {
        seen.push(...claims.map(({ scheduledAt }) => scheduledAt));
        assert.deepEqual(recorded, []);
      }
      if (seen.length < seconds)
        seen.push(...(await claimAtOnce(replicas, sec(seconds), 1)).map((c) => c.scheduledAt));
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 30 }, (_, i) => sec(i + 1)),
    );
  },

  'settling and claiming at once lose nothing': async (world) => {
    const [a, b] = await world.two();
    for (let i = 0; i < 50; i++) await a.put(`job-${i}`, { overlap: 'queueAll' });
    const { claims } = await a.claim(sec(10));
    const settling = claims.map((claim) => a.succeed(claim, sec(19)));
    const [batch] = await Promise.all([b.claim(sec(20)), ...settling]);
    const rest = [...(await b.claim(sec(21))).claims, ...batch.claims];
    assert.deepEqual(
      rest.map(({ scheduledAt }) => scheduledAt),
      Array.from({ length: 50 }, () => sec(20)),
    );
    assert.equal((await a.runs({ outcome: 'succeeded', limit: 1_000 })).length, 50);
  },

  'one of several who put a job at once creates it': async (world) => {
    const replicas = await world.two();
    const puts = await Promise.all(
      [...replicas, ...replicas].map(async ({ store }, i) =>
        store.putJob(replicas[0].spec('one', { payload: i }), 'keep', START),
      ),
    );
    assert.deepEqual(puts.map(({ change }) => change).toSorted(), ['created', 'kept', 'kept', 'kept']);
    assert.equal((await replicas[1].store.listJobs({})).length, 1);
  },

  'overlap holds across replicas': async (world) => {
    const [a, b] = await world.two();
    await a.put('one');
    const first = await a.claimOne(sec(10));
    assert.deepEqual(asRecorded((await b.claim(sec(20))).recorded), ['one skipped overlap 12:00:20']);
    assert.equal((await b.request('one', sec(22))).view().outcome, 'skipped');
    await a.succeed(first, sec(25));
    assert.deepEqual(asClaims((await b.claim(sec(30))).claims), ['one 12:00:30']);
  },

  'what was queued by one is run by another': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { overlap: 'queueOne' });
    const first = await a.claimOne(sec(10));
    await b.claim(sec(20));
    await a.succeed(first, sec(22));
    assert.deepEqual(asClaims((await b.claim(sec(22))).claims), ['one 12:00:20']);
  },

  'a run that another carries is cancelled by its renewal': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { overlap: 'cancelPrevious' });
    const first = await a.claimOne(sec(10));
    const batch = await b.claim(sec(20));
    assert.deepEqual([batch.claims, batch.cancelled], [[], []]);
    const { lost, cancelled } = await a.leased.renew([first], sec(21));
    assert.deepEqual([lost, cancelled.map(({ runId }) => runId)], [[], [first.runId]]);
    await a.end(first, { kind: 'cancelled', error: new Error('replaced') }, sec(22));
    assert.deepEqual(asClaims((await b.claim(sec(22))).claims), ['one 12:00:20']);
  },

  'a cancelled run whose holder is gone is not run again': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { overlap: 'cancelPrevious', maxRuns: 2 });
    await a.claimOne(sec(10));
    await b.claim(sec(20));
    const now = sec(10) + a.leased.leaseMs + 1;
    const { claims, recorded } = await b.claim(now);
    assert.deepEqual(asRecorded(recorded), ['one cancelled replaced 12:00:10']);
    assert.deepEqual(asClaims(claims.length > 0 ? claims : (await b.claim(now)).claims), ['one 12:00:20']);
  },

  'groups hold across replicas': async (world) => {
    const [a, b] = await world.two({ groups: { mail: 2 } });
    for (let i = 1; i <= 4; i++) await a.put(`job-${i}`, { trigger: at(new Date(sec(i))), group: 'mail' });
    const { claims } = await a.claim(sec(10));
    assert.equal(claims.length, 2);
    assert.deepEqual((await b.claim(sec(10))).claims, []);
    await a.succeed(claims[0]!, sec(11));
    assert.deepEqual(asClaims((await b.claim(sec(11))).claims), ['job-3 12:00:03']);
    assert.deepEqual((await a.claim(sec(11))).claims, []);
  },

  'groups hold however many claim at once': async (world) => {
    const replicas = await world.two({ groups: { mail: 3 } });
    for (let i = 0; i < 40; i++)
      await replicas[0].put(`job-${i}`, { trigger: at(new Date(sec(1))), group: 'mail' });
    const batches = await Promise.all(
      [...replicas, ...replicas].map(async ({ store }) => store.claimDue({ now: sec(10), limit: 100 })),
    );
    const claimed = batches.reduce((sum, { claims }) => sum + claims.length, 0);
    assert.ok(claimed <= 3, `${claimed} run at once`);
    const rest = await Promise.all(replicas.map((replica) => replica.claim(sec(10))));
    assert.equal(
      rest.reduce((sum, { claims }) => sum + claims.length, claimed),
      3,
    );
  },

  'pauses, edits and removals by one hold for the others': async (world) => {
    const [a, b] = await world.two();
    for (const id of ['paused', 'edited', 'removed']) await a.put(id);
    assert.equal(await a.store.earliestDueAt(), sec(10));
    await b.pause('paused', sec(1));
    await b.change('edited', { kind: 'edit', edit: { payload: 'new' } }, sec(1));
    await b.remove('removed', sec(1));
    const { claims } = await a.claim(sec(10));
    assert.deepEqual(
      claims.map(({ jobId, payload }) => [jobId, payload]),
      [['edited', 'new']],
    );
    await b.resume('paused', sec(15));
    assert.deepEqual(asClaims((await a.claim(sec(20))).claims).includes('paused 12:00:20'), true);
  },

  'what another adds is claimed here at the latest one poll later, though nothing was known to be due':
    async (world) => {
      const [a, b] = await world.two();
      await a.put('far', { trigger: every('10m') });
      await a.claim(sec(1));
      assert.equal(await a.store.earliestDueAt(), sec(600));
      await b.put('near', { trigger: at(new Date(sec(2))) });
      const { claims } = await a.claim(sec(2) + a.leased.pollMs);
      assert.deepEqual(
        claims.map(({ jobId }) => jobId),
        ['near'],
      );
    },

  'a run asked for here is claimed there': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { disabled: true });
    const requested = await a.request('one', sec(1), 'by hand');
    const claim = await b.claimOne(sec(1));
    assert.deepEqual([claim.runId, claim.payload], [requested.view().id, 'by hand']);
  },

  'what one noted another reads': async (world) => {
    const [a, b] = await world.two();
    await a.put('one');
    const claim = await a.claimOne(sec(10));
    const progress = { share: 0.5, note: null, at: new Date(sec(11)) };
    await a.store.annotate(claim, { kind: 'progress', progress });
    assert.deepEqual((await b.run('one')).progress, progress);
  },

  'failures are counted across replicas': async (world) => {
    const [a, b] = await world.two();
    await a.put('one', { pauseAfterFailures: 2 });
    assert.equal(await a.fail(await a.claimOne(sec(10)), sec(11)), 'recorded');
    assert.equal(await b.fail(await b.claimOne(sec(20)), sec(21)), 'pausedJob');
    assert.equal((await a.job('one')).state, 'paused');
  },

  'only jobs whose handler one has are claimed': async (world) => {
    const a = await world.replica({ handlers: ['mail'] });
    const b = await world.replica({ name: 'b', handlers: ['work', 'mail'] });
    await a.put('known', { handler: 'mail' });
    await a.put('unknown', { handler: 'work' });
    assert.equal(await a.store.earliestDueAt(), sec(10));
    assert.deepEqual(asClaims((await a.claim(sec(10))).claims), ['known 12:00:10']);
    assert.equal(await a.store.earliestDueAt(), sec(20), 'what cannot be claimed is not due here');
    assert.equal(await b.store.earliestDueAt(), sec(10));
    assert.deepEqual(asClaims((await b.claim(sec(10))).claims), ['unknown 12:00:10']);
  },

  'a retry, too, waits for who has the handler': async (world) => {
    const a = await world.replica({ handlers: ['mail'] });
    const b = await world.replica({ name: 'b' });
    await b.put('one', { retry: 2, maxRuns: 1 });
    await b.fail(await b.claimOne(sec(10)), sec(11), sec(12));
    assert.deepEqual((await a.claim(sec(13))).claims, []);
    assert.deepEqual(asClaims((await b.claim(sec(13))).claims), ['one 12:00:10 attempt 2']);
  },

  'a due job that no handler here fits is reported once': async (world) => {
    const a = await world.replica({ handlers: ['mail'] });
    await a.put('one');
    assert.deepEqual((await a.leased.beat(sec(5))).unhandled, [], 'not due yet');
    assert.deepEqual((await a.leased.beat(sec(11))).unhandled, [{ jobId: 'one', handler: 'work' }]);
    assert.deepEqual((await a.leased.beat(sec(16))).unhandled, []);
  },
};
