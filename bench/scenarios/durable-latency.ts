import { type DatabaseName, openDurable } from '../contenders/durable/durable.js';
import type { Case, ContenderName, Measure, Scenario, Target } from '../harness/scenario.js';
import { percentile, seededRandom } from '../harness/statistics.js';
import { sleep } from '../harness/wait.js';

interface Input {
  database: DatabaseName;
  count: number;
}

const LEAD_MS = 3_000;
const MEAN_SPACE_MS = 50;
const WARM_UP = 20;
/** What is not run then, never is. */
const LONGEST_WAIT_MS = 20_000;

const TITLES: [DatabaseName, string][] = [
  ['sqliteNormal', 'SQLite, normal'],
  ['sqliteFull', 'SQLite, full'],
  ['postgres', 'PostgreSQL'],
  ['mysql', 'MariaDB'],
  ['redis', 'Redis'],
];
const measures = TITLES.flatMap(([database, title]): Measure[] => {
  const row = (figure: string, ...targets: Target[]): Measure => ({
    key: `${database}.${figure}`,
    title: `${title}: ${figure}`,
    unit: 'ms',
    targets: database === 'redis' ? [] : targets,
  });
  return [row('p50', { atMost: 2 }), row('p99', { atMost: 10 }), row('max')];
});

/** Wall clock with fractions of a millisecond. */
const preciseNow = (): number => performance.timeOrigin + performance.now();

export const durableLatency: Scenario<Input> = {
  name: 'durable-latency',
  title: 'From due to start at low load',
  durable: true,
  method:
    `Jobs that run once, one every ${MEAN_SPACE_MS} ms at random, stored beforehand; the wall clock in the handler minus the due instant. The first ${WARM_UP} are not counted. ` +
    'pg-boss polls as often as it can be told to (0.5 s), Agenda looks ahead every 0.5 s; graphile-worker and BullMQ with their defaults.',
  repeats: 3,
  measures,
  cases({ quick }) {
    const one = (contender: ContenderName, database: DatabaseName): Case<Input> => ({
      contender,
      variant: database,
      input: { database, count: quick ? 60 : 320 },
      limitMs: 90_000,
    });
    const ours = (['sqliteNormal', 'sqliteFull', 'postgres', 'mysql'] as const).flatMap((database) => [
      one('carillon', database),
      one('limit', database),
    ]);
    const peers = (['pg-boss', 'graphile-worker', 'agenda'] as const).map((name) => one(name, 'postgres'));
    return [...ours, ...peers, one('bullmq', 'redis')];
  },

  async run({ database, count }, name) {
    const latencies: number[] = [];
    let seen = 0;
    let ended = (): void => undefined;
    const all = new Promise<void>((resolve) => (ended = resolve));
    const handler = (dueAt: number): void => {
      if (seen >= WARM_UP) latencies.push(preciseNow() - dueAt);
      if (++seen === count) ended();
    };
    const scheduler = await openDurable(name, { database, aim: 'latency', handler });
    try {
      const random = seededRandom(count);
      let dueAt = Date.now() + LEAD_MS;
      await scheduler.add(
        Array.from({ length: count }, () => (dueAt += Math.round(random() * 2 * MEAN_SPACE_MS))),
      );
      await scheduler.start();
      await Promise.race([all, sleep(dueAt - Date.now() + LONGEST_WAIT_MS)]);
    } finally {
      await scheduler.close();
    }
    if (seen !== count) throw new Error(`${seen} runs of ${count} jobs`);
    const sorted = latencies.toSorted((a, b) => a - b);
    return {
      figures: { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: percentile(sorted, 1) },
    };
  },
};
