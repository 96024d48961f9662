import { Logger, makeWorkerUtils, run, type Runner } from 'graphile-worker';
import pg from 'pg';
import { chunks, type DurableScheduler, type Purpose } from './durable.js';
import { ownName, URLS } from './servers.js';

const silent = new Logger(() => () => undefined);

/** For throughput with its local queue and its batches of completions, as its documentation recommends. */
export async function openGraphileWorker({ aim, handler }: Purpose): Promise<DurableScheduler> {
  const schema = ownName();
  const pgPool = new pg.Pool({ connectionString: URLS.postgres, max: 12 });
  const utils = await makeWorkerUtils({ pgPool, schema, logger: silent });
  await utils.migrate();
  let runner: Runner | null = null;
  return {
    async add(dueAts) {
      for (const some of chunks(dueAts, 1_000)) {
        await utils.addJobs(
          some.map((dueAt) => ({ identifier: 'noop', payload: { dueAt }, runAt: new Date(dueAt) })),
        );
      }
    },
    async start() {
      const fast = { concurrentJobs: 100, localQueue: { size: 500 }, completeJobBatchDelay: 0 };
      runner = await run({
        pgPool,
        taskList: { noop: (payload) => handler((payload as { dueAt: number }).dueAt) },
        noHandleSignals: true,
        preset: { worker: { schema, logger: silent, ...(aim === 'throughput' ? fast : {}) } },
      });
    },
    async close() {
      await runner?.stop();
      await utils.release();
      await pgPool.query(`drop schema ${schema} cascade`);
      await pgPool.end();
    },
  };
}
