import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda } from 'agenda';
import pg from 'pg';
import { chunks, type DurableScheduler, type Purpose } from './durable.js';
import { ownName, URLS } from './servers.js';

/** On its PostgreSQL backend. It takes what falls due soon into memory, and locks job by job. */
export async function openAgenda({ handler }: Purpose): Promise<DurableScheduler> {
  const name = ownName();
  const pool = new pg.Pool({ connectionString: URLS.postgres, max: 12 });
  const agenda = new Agenda({
    backend: new PostgresBackend({ pool, tableName: name, logTableName: `${name}_logs`, channelName: name }),
    processEvery: 500,
    maxConcurrency: 1_000,
    defaultConcurrency: 1_000,
  });
  agenda.on('error', (error) => console.error(error));
  await agenda.ready;
  agenda.define<{ dueAt: number }>('noop', (job, done) => {
    handler(job.attrs.data.dueAt);
    done();
  });
  return {
    async add(dueAts) {
      for (const some of chunks(dueAts, 20)) {
        await Promise.all(some.map((dueAt) => agenda.schedule(new Date(dueAt), 'noop', { dueAt })));
      }
    },
    start: () => agenda.start(),
    async close() {
      await agenda.stop();
      await pool.query(`drop table if exists ${name}, ${name}_logs`);
      await pool.end();
    },
  };
}
