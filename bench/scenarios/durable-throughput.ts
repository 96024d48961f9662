import { type DatabaseName, type DurableScheduler, openDurable } from '../contenders/durable/durable.js';
import { cpuSince } from '../harness/cpu.js';
import type { Case, ContenderName, Measure, Scenario, Target } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';
import { sleepUntil } from '../harness/wait.js';

interface Input {
  database: DatabaseName;
  count: number;
}

/** The runs until then warm up and are not counted. */
const WARM_UP_SHARE = 0.25;

const measures = (database: DatabaseName, title: string, targets: Target[] = []): Measure[] => [
  { key: `${database}.rate`, title, unit: 'runs/s', moreIsBetter: true, targets },
  { key: `${database}.cpuUs`, title: `${title}: CPU of the process for a run`, unit: 'µs' },
];

export const durableThroughput: Scenario<Input> = {
  name: 'durable-throughput',
  title: 'Claiming and ending runs that are all due',
  durable: true,
  method:
    `Jobs that run once, all due at the same instant, with a handler that does nothing; runs a second from ${WARM_UP_SHARE * 100}% of them to the last handler, in one process; CPU without the server (on SQLite it is all there is). ` +
    'Carillon through its module, in its batches of 100. The limit is the driver with two tables (jobs, and runs with a unique key a tick): one transaction ends the last batch of 100 and starts the next. The limit with the same rows does so with the tables, indexes and columns of our store. ' +
    'pg-boss by fetch and complete of 500 in four loops (its worker does two batches a second), graphile-worker with a local queue of 500 and 100 jobs at once, BullMQ with 200 at once on Redis, which need not keep what it answered, Agenda on its PostgreSQL backend.',
  repeats: 3,
  measures: [
    ...measures('sqliteNormal', 'SQLite, synchronous = normal', [{ timesBetterThan: 'limit', atLeast: 0.6 }]),
    ...measures('sqliteFull', 'SQLite, synchronous = full', [{ timesBetterThan: 'limit', atLeast: 0.6 }]),
    ...measures('postgres', 'PostgreSQL, synchronous commit', [
      { atLeast: 30_000 },
      { timesBetterThan: 'pg-boss', atLeast: 1.3 },
    ]),
    ...measures('mysql', 'MariaDB'),
    ...measures('redis', 'Redis'),
  ],
  cases({ quick }) {
    const one = (contender: ContenderName, database: DatabaseName, full: number): Case<Input> => {
      const count = quick ? Math.ceil(full / 6) : full;
      return { contender, variant: database, input: { database, count }, limitMs: 300_000 };
    };
    const ours = (['sqliteNormal', 'sqliteFull', 'postgres', 'mysql'] as const).flatMap((database) => [
      one('carillon', database, 50_000),
      one('limit', database, 100_000),
    ]);
    return [
      ...ours,
      ...(['sqliteNormal', 'sqliteFull', 'postgres'] as const).map((database) =>
        one('limit (same rows)', database, 100_000),
      ),
      one('pg-boss', 'postgres', 100_000),
      one('graphile-worker', 'postgres', 60_000),
      one('agenda', 'postgres', 3_000),
      one('bullmq', 'redis', 50_000),
    ];
  },

  async run({ database, count }, name) {
    const skipped = Math.floor(count * WARM_UP_SHARE);
    let runs = 0;
    let countedFrom = 0;
    let cpu = cpuSince();
    let cpuMs = 0;
    let ended = (_at: number): void => undefined;
    const lastAt = new Promise<number>((resolve) => (ended = resolve));
    const handler = (): void => {
      runs++;
      if (runs === skipped) {
        countedFrom = performance.now();
        cpu = cpuSince();
      } else if (runs === count) {
        cpuMs = cpu();
        ended(performance.now());
      }
    };
    const scheduler = await openDurable(name, { database, aim: 'throughput', handler });
    let seconds: number;
    try {
      // Ours is at work while the jobs are stored: they fall due when that is done.
      const dueAt = Date.now() + (name === 'carillon' ? await timeToAdd(scheduler, count) : 0);
      await scheduler.add(Array.from({ length: count }, () => dueAt));
      if (name === 'carillon' && Date.now() > dueAt)
        throw new Error(`${grouped(count)} jobs not stored in time`);
      await sleepUntil(dueAt);
      await scheduler.start();
      seconds = ((await lastAt) - countedFrom) / 1_000;
    } finally {
      await scheduler.close();
    }
    if (runs !== count) throw new Error(`${runs} runs of ${count} jobs`);
    const counted = count - skipped;
    return { figures: { rate: counted / seconds, cpuUs: (cpuMs * 1_000) / counted } };
  },
};

/** A guess from the time of a few, which do not fall due. */
async function timeToAdd(scheduler: DurableScheduler, count: number): Promise<number> {
  const few = 500;
  const begun = performance.now();
  await scheduler.add(Array.from({ length: few }, () => Date.now() + 86_400_000));
  return 2_000 + 1.5 * (performance.now() - begun) * (count / few);
}
