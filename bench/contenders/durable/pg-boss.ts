import PgBoss from 'pg-boss';
import { chunks, type DurableScheduler, type Purpose } from './durable.js';
import { dropSchema, ownName, URLS } from './servers.js';

const QUEUE = 'bench';
/** The best of 1 to 8 here. */
const LOOPS = 4;
const BATCH = 500;
const SHORTEST_POLL_S = 0.5;

interface Payload {
  dueAt: number;
}

/** Its worker polls at most twice a second, so for throughput its own `fetch` and `complete` are called in loops. */
export async function openPgBoss({ aim, handler }: Purpose): Promise<DurableScheduler> {
  const schema = ownName();
  const boss = new PgBoss({ connectionString: URLS.postgres, schema, schedule: false });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE);
  const ending = new AbortController();
  const loops: Promise<void>[] = [];
  const handle = (jobs: PgBoss.Job<Payload>[]): void => {
    for (const { data } of jobs) handler(data.dueAt);
  };

  const loop = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const jobs = await boss.fetch<Payload>(QUEUE, { batchSize: BATCH });
      handle(jobs);
      if (jobs.length > 0)
        await boss.complete(
          QUEUE,
          jobs.map(({ id }) => id),
        );
      else await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return {
    async add(dueAts) {
      for (const some of chunks(dueAts, 1_000)) {
        await boss.insert(
          some.map((dueAt) => ({ name: QUEUE, data: { dueAt }, startAfter: new Date(dueAt).toISOString() })),
        );
      }
    },
    async start() {
      if (aim === 'throughput') for (let index = 0; index < LOOPS; index++) loops.push(loop());
      else {
        await boss.work<Payload>(
          QUEUE,
          { pollingIntervalSeconds: SHORTEST_POLL_S, batchSize: 100 },
          async (jobs) => handle(jobs),
        );
      }
    },
    async close() {
      ending.abort();
      await Promise.all(loops);
      await boss.stop({ timeout: 5_000 });
      await dropSchema(schema);
    },
  };
}
