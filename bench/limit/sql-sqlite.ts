import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BATCH, type SqlLimit, type StartedRun } from './sql-limit.js';

interface Statement {
  run(...values: unknown[]): { lastInsertRowid: number | bigint };
  all(...values: unknown[]): unknown[];
  get(...values: unknown[]): unknown;
}
interface Handle {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** libsql with a prepared statement a row, which is faster here than one for the batch. */
export function openSqliteLimit(synchronous: 'full' | 'normal'): SqlLimit {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-bench-'));
  const require = createRequire(import.meta.url);
  const Database = require('libsql') as new (file: string) => Handle;
  const db = new Database(join(folder, 'limit.db'));
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous};
    create table jobs (id integer primary key, due_at integer) strict;
    create index jobs_due on jobs (due_at) where due_at is not null;
    create table runs (id integer primary key, job_id integer not null, tick_at integer not null,
      started_at integer not null, ended_at integer) strict;
    create unique index runs_tick on runs (job_id, tick_at)`);
  const add = db.prepare('insert into jobs (due_at) values (?)');
  const end = db.prepare('update runs set ended_at = ? where id = ?');
  const due = db.prepare(
    `select id, due_at as dueAt from jobs where due_at is not null and due_at <= ? order by due_at limit ${BATCH}`,
  );
  const start = db.prepare('insert into runs (job_id, tick_at, started_at) values (?, ?, ?)');
  const move = db.prepare('update jobs set due_at = null where id = ?');
  const next = db.prepare('select min(due_at) as at from jobs where due_at is not null');

  return {
    async add(dueAts) {
      db.exec('begin immediate');
      for (const dueAt of dueAts) add.run(dueAt);
      db.exec('commit');
    },
    step(ended, now) {
      db.exec('begin immediate');
      for (const { id } of ended) end.run(now, id);
      const started = (due.all(now) as StartedRun[]).map(({ id, dueAt }) => {
        const { lastInsertRowid } = start.run(id, dueAt, now);
        move.run(id);
        return { id: Number(lastInsertRowid), dueAt };
      });
      db.exec('commit');
      return started;
    },
    nextDueAt: () => (next.get() as { at: number | null }).at,
    async drop() {
      db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
