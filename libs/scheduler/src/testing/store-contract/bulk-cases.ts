import assert from 'node:assert/strict';
import type { JobPut } from '../../ports/index.js';
import { at, every } from '../../timing/index.js';
import { asChanges, asClaims, asRecorded } from './as-text.js';
import { type JobOptions, type Replica, sec, START } from './replica.js';
import type { Cases } from './store-world.js';

function put(
  replica: Replica,
  id: string,
  { ifTaken = 'error', ...options }: JobOptions & Partial<Pick<JobPut, 'ifTaken'>> = {},
): JobPut {
  return { spec: replica.spec(id, options), ifTaken };
}

/** Putting many jobs in one step (D3). */
export const bulkCases: Cases = {
  'jobs are put in one step, with a result for each in the order of the call': async (world) => {
    const a = await world.replica();
    const puts = ['c', 'a', 'b'].map((id, payload) => put(a, id, { payload }));
    const result = await a.store.putJobs(puts, START);
    assert.deepEqual([result.taken, result.recorded, result.changed], [[], [], []]);
    assert.deepEqual(
      result.puts.map(({ change, job }) => [change, job.id, job.payload, job.nextDueAt]),
      ['c', 'a', 'b'].map((id, payload) => ['created', id, payload, new Date(sec(10))]),
    );
    for (const { job } of result.puts) {
      const { trigger, ...got } = await a.job(job.id);
      const { trigger: given, ...returned } = job;
      assert.deepEqual(got, returned);
      assert.deepEqual(trigger.toJSON(), given.toJSON());
    }
    assert.deepEqual(asClaims((await a.claim(sec(10))).claims).sort(), [
      'a 12:00:10',
      'b 12:00:10',
      'c 12:00:10',
    ]);
  },

  'the earliest due instant follows jobs that were put in one step': async (world) => {
    const a = await world.replica();
    await a.put('later', { trigger: at(new Date(sec(60))) });
    assert.equal(await a.store.earliestDueAt(), sec(60));
    const dates = [50, 20, 40].map((seconds) =>
      put(a, `at ${seconds}`, { trigger: at(new Date(sec(seconds))) }),
    );
    await a.store.putJobs(dates, START);
    assert.equal(await a.store.earliestDueAt(), sec(20));
  },

  'nothing is put when ids are taken': async (world) => {
    const a = await world.replica();
    await a.put('two', { payload: 'first' });
    await a.put('three', { payload: 'first' });
    await a.put('four', { payload: 'first' });
    const puts = [
      put(a, 'one'),
      put(a, 'three', { payload: 'second' }),
      put(a, 'four', { payload: 'second', ifTaken: 'replace' }),
      put(a, 'two', { payload: 'second' }),
    ];
    const result = await a.store.putJobs(puts, sec(1));
    assert.deepEqual(result, { taken: ['three', 'two'], puts: [], recorded: [], changed: [] });
    assert.equal(await a.store.getJob('one'), null);
    for (const id of ['two', 'three', 'four']) {
      const { payload, version } = await a.job(id);
      assert.deepEqual([payload, version], ['first', 1]);
    }
    assert.equal(asClaims((await a.claim(sec(10))).claims).length, 3);
  },

  'a taken id is kept or replaced as each job asks': async (world) => {
    const a = await world.replica();
    for (const id of ['kept', 'replaced', 'same', 'finished']) await a.put(id, { payload: 'first' });
    const trigger = every('60s', { endAt: new Date(sec(5)) });
    const puts = [
      put(a, 'new'),
      put(a, 'replaced', { payload: 'second', ifTaken: 'replace' }),
      put(a, 'kept', { payload: 'second', ifTaken: 'keep' }),
      put(a, 'same', { payload: 'first', ifTaken: 'replace' }),
      put(a, 'also new', { ifTaken: 'keep' }),
      put(a, 'finished', { trigger, ifTaken: 'replace' }),
    ];
    const result = await a.store.putJobs(puts, sec(15));
    assert.deepEqual(
      result.puts.map(({ change, job }) => [job.id, change, job.payload, job.version]),
      [
        ['new', 'created', undefined, 1],
        ['replaced', 'changed', 'second', 2],
        ['kept', 'kept', 'first', 1],
        ['same', 'same', 'first', 1],
        ['also new', 'created', undefined, 1],
        ['finished', 'changed', undefined, 2],
      ],
    );
    assert.deepEqual(asRecorded(result.recorded), ['finished skipped edited 12:00:10']);
    assert.deepEqual(asChanges(result.changed), ['finished finished']);
    assert.deepEqual((await a.job('replaced')).payload, 'second');
    assert.deepEqual((await a.job('kept')).payload, 'first');
  },

  'a thousand jobs are put in one step, and all of them are due': async (world) => {
    const a = await world.replica();
    const ids = Array.from({ length: 1_000 }, (_, index) => `job ${index}`);
    const result = await a.store.putJobs(
      ids.map((id, n) => put(a, id, { payload: { n } })),
      START,
    );
    assert.deepEqual(
      result.puts.map(({ job }) => job.id),
      ids,
    );
    const claimed = new Map<string, unknown>();
    for (let batch = await a.claim(sec(10)); batch.claims.length > 0; batch = await a.claim(sec(10)))
      for (const { jobId, payload } of batch.claims) claimed.set(jobId, payload);
    assert.deepEqual(
      ids.map((id) => claimed.get(id)),
      ids.map((_, n) => ({ n })),
    );
    const again = await a.store.putJobs(
      ids.toReversed().map((id, n) => put(a, id, { payload: { n }, ifTaken: 'replace' })),
      sec(11),
    );
    assert.deepEqual(new Set(again.puts.map(({ change }) => change)), new Set(['changed']));
    assert.deepEqual((await a.job('job 0')).payload, { n: 999 });
  },
};
