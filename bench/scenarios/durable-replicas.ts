import { openReplica } from '../contenders/durable/carillon-sql.js';
import { dropSchema, ownName, URLS } from '../contenders/durable/servers.js';
import { runCase } from '../harness/case-process.js';
import { cpuSince } from '../harness/cpu.js';
import type { Scenario } from '../harness/scenario.js';
import { percentile } from '../harness/statistics.js';
import { sleep, sleepUntil } from '../harness/wait.js';

const REPLICAS = 3;
const ADDED_AT_ONCE = 50;
/** No run for so long: nothing more comes. */
const QUIET_MS = 3_000;
const LONGEST_WAIT_MS = 300_000;

interface Minute {
  count: number;
  spreadMs: number;
  /** Time to store the jobs in. */
  addMs: number;
}
type Input = Minute & { replica: { index: number; schema: string; dueFrom: number } | null };

/** What a replica tells: by a job's id how late it ran there, ms; how many ran again there; its CPU. */
type Lateness = Record<string, number>;

export const durableReplicas: Scenario<Input> = {
  name: 'durable-replicas',
  title: '100,000 jobs due within a minute, three replicas on PostgreSQL',
  durable: true,
  method:
    'Each of three processes stores a third of the jobs, which run once and fall due evenly over a minute (--quick: 6,000 over 10 s). Every run is counted by its job in the handler. ' +
    'Lateness is the wall clock in the handler minus the due instant. CPU is that of the three processes, without the server, from the first due instant to the last run.',
  repeats: 1,
  measures: [
    { key: 'postgres.missing', title: 'jobs that did not run', unit: '', targets: [{ atMost: 0 }] },
    { key: 'postgres.twice', title: 'jobs that ran twice', unit: '', targets: [{ atMost: 0 }] },
    { key: 'postgres.p50', title: 'lateness, p50', unit: 'ms' },
    { key: 'postgres.p99', title: 'lateness, p99', unit: 'ms' },
    { key: 'postgres.max', title: 'lateness, max', unit: 'ms' },
    { key: 'postgres.least', title: 'runs of the replica with the fewest', unit: '' },
    { key: 'postgres.cpuUs', title: 'CPU of the replicas for a run', unit: 'µs' },
  ],
  cases: ({ quick }) => {
    const minute = quick
      ? { count: 6_000, spreadMs: 10_000, addMs: 30_000 }
      : { count: 100_000, spreadMs: 60_000, addMs: 240_000 };
    return [
      { contender: 'carillon', variant: 'postgres', input: { ...minute, replica: null }, limitMs: 900_000 },
    ];
  },

  async run(input) {
    if (input.replica !== null) return { figures: await beReplica(input, input.replica) };
    const schema = ownName();
    const dueFrom = Date.now() + input.addMs;
    const replies = await Promise.all(
      Array.from({ length: REPLICAS }, (_, index) =>
        runCase(
          'durable-replicas',
          {
            contender: 'carillon',
            variant: `replica ${index}`,
            input: { ...input, replica: { index, schema, dueFrom } },
            limitMs: 800_000,
          },
          [],
        ),
      ),
    );
    await dropSchema(schema);

    const ran = new Set<string>();
    let twice = 0;
    let cpuMs = 0;
    const lateness: number[] = [];
    for (const { figures } of replies) {
      const { cpuMs: cpu = 0, again = 0, ...own } = figures;
      cpuMs += cpu;
      twice += again;
      for (const [job, late] of Object.entries(own)) {
        if (ran.has(job)) twice++;
        ran.add(job);
        lateness.push(late);
      }
    }
    lateness.sort((a, b) => a - b);
    return {
      figures: {
        missing: input.count - ran.size,
        twice,
        p50: percentile(lateness, 0.5),
        p99: percentile(lateness, 0.99),
        max: percentile(lateness, 1),
        least: Math.min(...replies.map(({ figures }) => Object.keys(figures).length - 2)),
        cpuUs: (cpuMs * 1_000) / lateness.length,
      },
    };
  },
};

async function beReplica(
  { count, spreadMs }: Minute,
  { index, schema, dueFrom }: NonNullable<Input['replica']>,
): Promise<Lateness> {
  const { postgresStore } = await import('@carillon/sql');
  const lateness: Lateness = {};
  let again = 0;
  let ranAt = performance.now();
  const { service, close } = await openReplica(postgresStore(URLS.postgres, { schema }), (dueAt, jobId) => {
    if (jobId in lateness) again++;
    lateness[jobId] = Date.now() - dueAt;
    ranAt = performance.now();
  });
  const { at } = await import('@carillon/scheduler');
  const own = Array.from({ length: count }, (_, job) => job).filter((job) => job % REPLICAS === index);
  while (own.length > 0) {
    await Promise.all(
      own.splice(0, ADDED_AT_ONCE).map((job) =>
        service.addJob({
          id: `job-${job}`,
          trigger: at(new Date(dueFrom + Math.floor((job * spreadMs) / count))),
          handler: 'noop',
        }),
      ),
    );
  }
  if (Date.now() > dueFrom) throw new Error(`Jobs were not stored within the time for it`);
  await sleepUntil(dueFrom);
  const cpu = cpuSince();
  await sleepUntil(dueFrom + spreadMs);
  const from = performance.now();
  while (performance.now() - Math.max(ranAt, from) < QUIET_MS) {
    if (performance.now() - from > LONGEST_WAIT_MS) throw new Error('It runs for ever.');
    await sleep(100);
  }
  const cpuMs = cpu();
  await close();
  return { ...lateness, again, cpuMs };
}
