import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { chunks, type DurableScheduler, type Purpose } from './durable.js';
import { ownName, URLS } from './servers.js';

/** On Redis, which answers before anything is on a disk. */
export async function openBullmq({ aim, handler }: Purpose): Promise<DurableScheduler> {
  const connection = new Redis(URLS.redis, { maxRetriesPerRequest: null });
  const prefix = ownName();
  const queue = new Queue<{ dueAt: number }>('bench', { connection, prefix });
  let worker: Worker<{ dueAt: number }> | null = null;
  return {
    async add(dueAts) {
      for (const some of chunks(dueAts, 1_000)) {
        const now = Date.now();
        await queue.addBulk(
          some.map((dueAt) => ({
            name: 'noop',
            data: { dueAt },
            opts: { delay: Math.max(0, dueAt - now), removeOnComplete: true },
          })),
        );
      }
    },
    async start() {
      worker = new Worker('bench', async (job) => handler(job.data.dueAt), {
        connection: connection.duplicate(),
        prefix,
        concurrency: aim === 'throughput' ? 200 : 10,
      });
      worker.on('error', (error) => console.error(error));
      await worker.waitUntilReady();
    },
    async close() {
      await worker?.close();
      await queue.obliterate({ force: true });
      await queue.close();
      await connection.quit();
    },
  };
}
