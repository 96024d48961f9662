import { openScheduler } from '../contenders/contender.js';
import { liveBytes } from '../harness/heap.js';
import type { Scenario } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';
import { repeatedExpression } from './expressions.js';

const JOBS = 1_000_000;

export const million: Scenario<null> = {
  name: 'million',
  title: `${grouped(JOBS)} cron jobs in memory`,
  method:
    'Ten expressions over and over, added one after the other (`await addJob({ id, trigger: cron(…), handler })`); then one job of every second, whose first run tells the first tick: how long after its second it starts; then all are removed. ' +
    'Heap is what lives after forced collections, typed arrays, ids and expressions included.',
  repeats: 2,
  measures: [
    { key: 'jobs.addUs', title: 'add, each', unit: 'µs', targets: [{ atMost: 8 }] },
    { key: 'jobs.addS', title: 'add, all', unit: 's' },
    { key: 'jobs.bytes', title: 'heap, each', unit: 'B', targets: [{ atMost: 500 }] },
    { key: 'jobs.firstTickMs', title: 'first tick', unit: 'ms' },
    { key: 'jobs.removeUs', title: 'remove, each', unit: 'µs' },
    { key: 'jobs.removeS', title: 'remove, all', unit: 's' },
  ],
  cases: () =>
    (['carillon', 'limit'] as const).map((contender) => ({
      contender,
      variant: 'jobs',
      input: null,
      limitMs: 120_000,
    })),

  async run(_, name) {
    const scheduler = await openScheduler(name);
    const handler = (): void => {};
    // What the first jobs set up once (zone tables, caches, compiled code) is not a job's share.
    for (let index = 0; index < 20; index++)
      await scheduler.addCron(`first-${index}`, repeatedExpression(index), handler);

    const before = liveBytes();
    const addMs = await timeOfAll((index) =>
      scheduler.addCron(`job-${index}`, repeatedExpression(index), handler),
    );
    const bytes = (liveBytes() - before) / JOBS;
    const firstTickMs = await new Promise<number>((resolve) => {
      void scheduler.addCron('every-second', '* * * * * *', () => resolve(Date.now() % 1_000));
    });
    const removeMs = await timeOfAll((index) => scheduler.remove(`job-${index}`));

    return {
      figures: {
        addUs: (addMs * 1_000) / JOBS,
        addS: addMs / 1_000,
        bytes,
        firstTickMs,
        removeUs: (removeMs * 1_000) / JOBS,
        removeS: removeMs / 1_000,
      },
    };
  },
};

/** How long it takes to do it for each job, one after the other, ms. */
async function timeOfAll(verb: (index: number) => Promise<unknown> | void): Promise<number> {
  const begun = performance.now();
  for (let index = 0; index < JOBS; index++) {
    const pending = verb(index);
    if (pending) await pending;
  }
  return performance.now() - begun;
}
