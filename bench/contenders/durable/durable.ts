import type { ContenderName } from '../../harness/scenario.js';

export const DATABASES = ['sqliteNormal', 'sqliteFull', 'postgres', 'mysql', 'redis'] as const;
export type DatabaseName = (typeof DATABASES)[number];

export interface Purpose {
  database: DatabaseName;
  /** Which of a library's settings are best depends on it. */
  aim: 'throughput' | 'latency';
  /** Called by each run. */
  handler: (dueAt: number) => void;
}

/** A scheduler as its users start it, in a place of its own. */
export interface DurableScheduler {
  /** Stores a job for each instant, UTC ms, that runs once. */
  add(dueAts: readonly number[]): Promise<void>;
  /** Begins to take what is due. Called once, after the first `add`. */
  start(): Promise<void>;
  /** Ends its work and leaves nothing behind. */
  close(): Promise<void>;
}

export const URLS = {
  postgres: process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
  mysql: process.env['TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test',
  redis: process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379',
};

/** A name that no other process has: of a schema, or the beginning of those of tables. */
export const ownName = (): string => `bench_${process.pid}_${Date.now().toString(36)}`;

export async function openDurable(name: ContenderName, purpose: Purpose): Promise<DurableScheduler> {
  switch (name) {
    case 'carillon':
      return (await import('./carillon-sql.js')).openCarillonSql(purpose);
    case 'limit':
      return (await import('./sql-limit.js')).openSqlLimit(purpose);
    case 'pg-boss':
      return (await import('./pg-boss.js')).openPgBoss(purpose);
    case 'graphile-worker':
      return (await import('./graphile-worker.js')).openGraphileWorker(purpose);
    case 'bullmq':
      return (await import('./bullmq.js')).openBullmq(purpose);
    case 'agenda':
      return (await import('./agenda.js')).openAgenda(purpose);
    default:
      throw new Error(`${name} keeps its jobs in memory.`);
  }
}

export function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
