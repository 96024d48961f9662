import assert from 'node:assert/strict';
import { at } from '../../timing/index.js';
import { type Replica, sec } from './replica.js';
import type { Cases } from './store-world.js';

/** `succeeded` for one, `failed` for two, `skipped` and `running` for three. */
async function playSome(a: Replica): Promise<void> {
  await a.put('one', { trigger: at(new Date(sec(10))) });
  await a.put('two', { trigger: at(new Date(sec(20))) });
  await a.put('three', { trigger: at(new Date(sec(30))) });
  await a.succeed(await a.claimOne(sec(10)), sec(11));
  await a.fail(await a.claimOne(sec(20)), sec(21));
  await a.claimOne(sec(30));
  await a.request('three', sec(35));
}

async function idsOf(a: Replica, filter: Parameters<Replica['runs']>[0]): Promise<string[]> {
  return (await a.runs(filter)).map(({ jobId, outcome, state }) => `${jobId} ${outcome ?? state}`);
}

/** The rows of the history: newest first, found by what one asks for, page by page. */
export const historyCases: Cases = {
  'newest first': async (world) => {
    const a = await world.replica();
    await playSome(a);
    assert.deepEqual(await idsOf(a, {}), ['three skipped', 'three running', 'two failed', 'one succeeded']);
  },

  'by job, outcome and state': async (world) => {
    const a = await world.replica();
    await playSome(a);
    assert.deepEqual(await idsOf(a, { jobId: 'two' }), ['two failed']);
    assert.deepEqual(await idsOf(a, { jobId: 'none' }), []);
    assert.deepEqual(await idsOf(a, { outcome: 'succeeded' }), ['one succeeded']);
    assert.deepEqual(await idsOf(a, { outcome: ['succeeded', 'skipped'] }), [
      'three skipped',
      'one succeeded',
    ]);
    assert.deepEqual(await idsOf(a, { state: 'running' }), ['three running']);
    assert.deepEqual(await idsOf(a, { state: 'ended', jobId: 'three' }), ['three skipped']);
    assert.deepEqual(await idsOf(a, { jobId: 'one', outcome: 'failed' }), []);
  },

  'by time, both ends included; runs by hand by when they were asked for': async (world) => {
    const a = await world.replica();
    await playSome(a);
    const between = (from: number, to: number) =>
      idsOf(a, { from: new Date(sec(from)), to: new Date(sec(to)) });
    assert.deepEqual(await between(10, 20), ['two failed', 'one succeeded']);
    assert.deepEqual(await between(11, 19), []);
    assert.deepEqual(await between(31, 40), ['three skipped']);
    assert.deepEqual(await idsOf(a, { from: new Date(sec(30)) }), ['three skipped', 'three running']);
    assert.deepEqual(await idsOf(a, { to: new Date(sec(10)) }), ['one succeeded']);
  },

  'pages have neither gaps nor doubles, also while rows are added': async (world) => {
    const a = await world.replica();
    for (let i = 0; i < 45; i++) await a.put(`job-${i}`, { trigger: at(new Date(sec(i))) });
    for (const claim of (await a.claim(sec(100))).claims) await a.succeed(claim, sec(101));
    const all = await a.runs({ limit: 1_000 });
    assert.equal(all.length, 45);
    const paged: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await a.runs({ limit: 10, ...(after === undefined ? {} : { after }) });
      paged.push(...page.map(({ id }) => id));
      if (page.length < 10) break;
      after = page.at(-1)!.id;
      await a.request('job-0', sec(200));
    }
    assert.deepEqual(
      paged,
      all.map(({ id }) => id),
    );
  },

  'pages of one job hold that job only': async (world) => {
    const a = await world.replica();
    for (const id of ['one', 'two']) await a.put(id, { overlap: 'allow' });
    for (let i = 1; i <= 7; i++) await a.claim(sec(10 * i));
    const first = await a.runs({ jobId: 'one', limit: 4 });
    const second = await a.runs({ jobId: 'one', limit: 4, after: first.at(-1)!.id });
    const ticks = [...first, ...second].map(({ jobId, scheduledAt }) => [jobId, scheduledAt!.getTime()]);
    assert.deepEqual(
      ticks,
      [7, 6, 5, 4, 3, 2, 1].map((i) => ['one', sec(10 * i)]),
    );
  },

  'a page has a hundred rows unless another number is asked for': async (world) => {
    const a = await world.replica();
    for (let i = 0; i < 120; i++) await a.put(`job-${i}`, { trigger: at(new Date(sec(i))) });
    await a.claim(sec(200));
    assert.equal((await a.runs()).length, 100);
    assert.equal((await a.runs({ limit: 110 })).length, 110);
    assert.equal((await a.runs({ limit: 1 })).length, 1);
  },
};
