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

/** A scheduler as its users start it, in a database of its own. */
export interface DurableScheduler {
  /** Stores a job for each instant, UTC ms, that runs once. */
  add(dueAts: readonly number[]): Promise<void>;
  /** Begins to take what is due. Called once, after the first `add`. */
  start(): Promise<void>;
  /** Ends its work and leaves nothing behind. */
  close(): Promise<void>;
}

export async function openDurable(name: ContenderName, purpose: Purpose): Promise<DurableScheduler> {
  switch (name) {
    case 'carillon':
      return (await import('./carillon-sql.js')).openCarillonSql(purpose);
    case 'limit':
      return (await import('./sql-limit.js')).openSqlLimit(purpose);
    case 'limit (same rows)':
      return (await import('./sql-limit.js')).openSqlLimit(purpose, true);
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
