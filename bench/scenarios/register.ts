import { openScheduler } from '../contenders/contender.js';
import { liveBytes } from '../harness/heap.js';
import type { Case, ContenderName, Measure, Scenario } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';
import { repeatedExpression, uniqueExpression } from './expressions.js';

/** Where a contender is stopped: what it registered until then is its figure. */
const PATIENCE_MS = 25_000;
const PATIENCE_BYTES = 2.5e9;
const CHECK_EVERY = 500;

interface Input {
  count: number;
  expressions: 'repeated' | 'unique';
}

const measuresOf = (count: number, expressions: Input['expressions'], targets: boolean): Measure[] => {
  const key = `${count} ${expressions}`;
  const title = `${grouped(count)}, ${expressions}`;
  return [
    {
      key: `${key}.addUs`,
      title: `${title}: add`,
      unit: 'µs',
      targets: !targets
        ? []
        : expressions === 'unique'
          ? [{ atMost: 60 }]
          : [
              { atMost: 8 },
              ...(count === 10_000 ? [{ timesBetterThan: '@nestjs/schedule' as const, atLeast: 50 }] : []),
            ],
    },
    { key: `${key}.removeUs`, title: `${title}: remove`, unit: 'µs' },
    {
      key: `${key}.bytes`,
      title: `${title}: heap`,
      unit: 'B',
      targets: targets && expressions === 'repeated' ? [{ atMost: 500 }] : [],
    },
  ];
};

export const register: Scenario<Input> = {
  name: 'register',
  title: 'Registering cron jobs (each)',
  method:
    'Jobs are added one after the other as a user would (`await addJob({ id, trigger: cron(…), handler })`), then removed. `repeated`: ten expressions over and over; `unique`: each job its own. ' +
    'Heap is what lives after forced collections, typed arrays, ids and expressions included. ' +
    `A contender is stopped after ${PATIENCE_MS / 1_000} s or ${PATIENCE_BYTES / 1e9} GB.`,
  repeats: 3,
  measures: [
    ...measuresOf(10_000, 'repeated', true),
    ...measuresOf(10_000, 'unique', true),
    ...measuresOf(100_000, 'repeated', true),
    ...measuresOf(100_000, 'unique', true),
  ],
  cases({ quick }) {
    const cases: Case<Input>[] = [];
    const add = (contender: ContenderName, count: number, expressions: Input['expressions']): void => {
      cases.push({
        contender,
        variant: `${count} ${expressions}`,
        input: { count, expressions },
        limitMs: 90_000,
      });
    };
    const fast: ContenderName[] = ['carillon', 'limit', 'cron-schedule'];
    const all: ContenderName[] = [...fast, 'croner', '@nestjs/schedule'];
    for (const contender of all) add(contender, 10_000, 'repeated');
    for (const contender of fast) add(contender, 10_000, 'unique');
    for (const contender of quick ? fast.slice(0, 2) : all) add(contender, 100_000, 'repeated');
    for (const contender of quick ? fast.slice(0, 1) : fast) add(contender, 100_000, 'unique');
    return cases;
  },

  async run({ count, expressions }, name) {
    const scheduler = await openScheduler(name);
    const expression = expressions === 'unique' ? uniqueExpression : repeatedExpression;
    const handler = (): void => {};
    // What the first jobs set up once (zone tables, caches, compiled code) is not a job's share.
    for (let index = 0; index < 20; index++)
      await scheduler.addCron(`first-${index}`, repeatedExpression(index), handler);

    const before = liveBytes();
    const addBegun = performance.now();
    let added = 0;
    while (added < count) {
      const pending = scheduler.addCron(`job-${added}`, expression(added), handler);
      if (pending) await pending;
      added++;
      if (
        added % CHECK_EVERY === 0 &&
        (performance.now() - addBegun > PATIENCE_MS || process.memoryUsage().heapUsed > PATIENCE_BYTES)
      )
        break;
    }
    const addMs = performance.now() - addBegun;
    const bytes = liveBytes() - before;

    const removeBegun = performance.now();
    let removed = 0;
    while (removed < added && performance.now() - removeBegun < PATIENCE_MS) {
      const pending = scheduler.remove(`job-${removed++}`);
      if (pending) await pending;
    }
    const removeMs = performance.now() - removeBegun;

    const figures = {
      addUs: (addMs * 1_000) / added,
      removeUs: (removeMs * 1_000) / removed,
      bytes: bytes / added,
    };
    if (added === count) return { figures };
    return {
      figures,
      gaveUp: true,
      note: `stopped at ${grouped(added)} jobs after ${(addMs / 1_000).toFixed(1)} s; its figures are of these`,
    };
  },
};
