import { at } from '@carillon/scheduler';
import { openReplica, targetIn } from '../contenders/durable/carillon-sql.js';
import type { Measure, Scenario } from '../harness/scenario.js';
import { grouped } from '../harness/statistics.js';

const JOBS = 10_000;
const FIRST = 20;
const HOUR_MS = 3_600_000;
/** So many are added one by one beside it. */
const SINGLE = 200;

const HOMES = ['memory', 'postgres', 'sqliteNormal', 'sqliteFull', 'mysql'] as const;
type Home = (typeof HOMES)[number];

const TITLES: Record<Home, string> = {
  memory: 'memory',
  postgres: 'PostgreSQL',
  sqliteNormal: 'SQLite, synchronous normal',
  sqliteFull: 'SQLite, synchronous full',
  mysql: 'MariaDB',
};

const measuresOf = (home: Home): Measure[] => [
  {
    key: `${home}.callMs`,
    title: `${TITLES[home]}: one call`,
    unit: 'ms',
    targets: [{ atMost: home === 'memory' ? 60 : 1_000 }],
  },
  { key: `${home}.singleMs`, title: `${TITLES[home]}: one by one, for as many`, unit: 'ms' },
];

export const bulk: Scenario<Home> = {
  name: 'bulk',
  title: `${grouped(JOBS)} jobs in one call`,
  durable: true,
  method:
    `\`await addJobs(requests)\` for ${grouped(JOBS)} jobs that run once, hours later, each with an id and a small payload, after ${FIRST} others. ` +
    `Beside it ${SINGLE} calls of \`await addJob(request)\`, one after the other, times ${JOBS / SINGLE}.`,
  repeats: 5,
  measures: HOMES.flatMap(measuresOf),
  cases: () => HOMES.map((home) => ({ contender: 'carillon', variant: home, input: home, limitMs: 120_000 })),

  async run(home) {
    const { service, close } = await open(home);
    const dueAt = Date.now() + HOUR_MS;
    const requests = (name: string, count: number) =>
      Array.from({ length: count }, (_, n) => ({
        id: `${name}-${n}`,
        trigger: at(new Date(dueAt + n)),
        handler: 'noop',
        payload: { n },
      }));
    try {
      // What the first jobs set up once (connections, plans, compiled code) is not a job's share.
      await service.addJobs(requests('first', FIRST));
      const jobs = requests('job', JOBS);
      const callMs = await timeOf(() => service.addJobs(jobs));
      const singles = requests('single', SINGLE);
      const singleMs = await timeOf(async () => {
        for (const request of singles) await service.addJob(request);
      });
      return { figures: { callMs, singleMs: (singleMs * JOBS) / SINGLE } };
    } finally {
      await close();
    }
  },
};

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function open(home: Home): Promise<Awaited<ReturnType<typeof openReplica>>> {
  if (home === 'memory') return openReplica(undefined, () => {});
  const { store, drop } = targetIn(home);
  const { service, close } = await openReplica(store, () => {});
  return { service, close: () => close().then(drop) };
}
