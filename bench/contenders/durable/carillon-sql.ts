import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { at, JobHandler, type RunContext, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';
import mysql from 'mysql2/promise';
import { chunks, type DatabaseName, type DurableScheduler, type Purpose } from './durable.js';
import { dropSchema, ownName, URLS } from './servers.js';

/** Jobs that are being stored at once; more would wait for a connection. */
const ADDED_AT_ONCE = 50;

export async function openCarillonSql({ database, handler }: Purpose): Promise<DurableScheduler> {
  const target = targetIn(database);
  const { service, close } = await openReplica(target.store, handler);
  let added = 0;
  return {
    async add(dueAts) {
      for (const some of chunks(dueAts, ADDED_AT_ONCE)) {
        await Promise.all(
          some.map((dueAt) =>
            service.addJob({ id: `job-${added++}`, trigger: at(new Date(dueAt)), handler: 'noop' }),
          ),
        );
      }
    },
    // It is at work from its start on.
    start: async () => undefined,
    async close() {
      await close();
      await target.drop();
    },
  };
}

/** One process of an application. */
export async function openReplica(
  /** Undefined: jobs live in memory. */
  store: ReturnType<typeof sqliteStore> | undefined,
  handler: (dueAt: number, jobId: string) => void,
) {
  class Noop {
    @JobHandler('noop')
    run(run: RunContext): void {
      handler(run.scheduledAt!.getTime(), run.jobId);
    }
  }
  class App {}
  const module = {
    module: App,
    imports: [SchedulerModule.forRoot({ log: false, ...(store && { store }) })],
    providers: [Noop],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'fatal'] });
  return { service: app.get(SchedulerService), close: () => app.close() };
}

/** A store in a database of its own, and what removes that. */
export function targetIn(database: DatabaseName) {
  switch (database) {
    case 'sqliteNormal':
    case 'sqliteFull': {
      const folder = mkdtempSync(join(tmpdir(), 'carillon-bench-'));
      const synchronous = database === 'sqliteFull' ? ('full' as const) : ('normal' as const);
      return {
        store: sqliteStore(join(folder, 'jobs.db'), { synchronous }),
        drop: async () => rmSync(folder, { recursive: true, force: true }),
      };
    }
    case 'postgres': {
      const schema = ownName();
      return { store: postgresStore(URLS.postgres, { schema }), drop: () => dropSchema(schema) };
    }
    case 'mysql': {
      const prefix = `${ownName()}_`;
      return { store: mysqlStore(URLS.mysql, { prefix }), drop: () => dropTables(prefix) };
    }
    case 'redis':
      throw new Error('There is no store for Redis.');
  }
}

async function dropTables(prefix: string): Promise<void> {
  const db = await mysql.createConnection({ uri: URLS.mysql });
  const [rows] = await db.query<mysql.RowDataPacket[]>(
    'select table_name as name from information_schema.tables where table_schema = database() and left(table_name, ?) = ?',
    [prefix.length, prefix],
  );
  await db.query(`drop table ${rows.map(({ name }) => `\`${name as string}\``).join(', ')}`);
  await db.end();
}
