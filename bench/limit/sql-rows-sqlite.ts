import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, sqliteStore } from '@carillon/sql';
import { BATCH, type SqlLimit } from './sql-limit.js';
import { CLAIMED_ALONE, type DueJob, ENDED, completionOf, jobOf, runOf, takenJob } from './sql-rows.js';

interface Handle {
  exec(sql: string): void;
  prepare(sql: string): { all(...values: unknown[]): unknown[]; run(...values: unknown[]): unknown };
  close(): void;
}

/** A statement for the batch, which reads its rows from JSON: faster here than one for each row. */
export async function openSqliteRows(synchronous: 'full' | 'normal'): Promise<SqlLimit> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-bench-'));
  const file = join(folder, 'rows.db');
  await migrate(sqliteStore(file));
  const Database = createRequire(import.meta.url)('libsql') as new (file: string) => Handle;
  const db = new Database(file);
  db.exec(`pragma synchronous = ${synchronous}`);
  const known = new Map<string, ReturnType<Handle['prepare']>>();
  const prepared = (sql: string) => {
    if (!known.has(sql)) known.set(sql, db.prepare(sql));
    return known.get(sql)!;
  };
  const json = (rows: readonly object[]) => JSON.stringify(rows.map((row) => Object.values(row)));
  const insert = (table: string, rows: readonly object[]) => {
    const columns = Object.keys(rows[0]!);
    const values = columns.map((_, index) => `value->>${index}`);
    prepared(`insert into ${table} (${columns.join()}) select ${values.join()} from json_each(?)`).run(
      json(rows),
    );
  };
  const update = (table: string, keys: number, rows: readonly object[], also = '', where = '') => {
    const columns = Object.keys(rows[0]!).map((name, index) => [name, `value->>${index}`] as const);
    const fits = columns.slice(0, keys).map(([name, value]) => `t.${name} = ${value}`);
    const sets = columns.slice(keys).map(([name, value]) => `${name} = ${value}`);
    prepared(
      `update ${table} as t set ${sets.join()}${also} from json_each(?) where ${fits.join(' and ')}${where}`,
    ).run(json(rows));
  };
  let jobs = 0;
  let runs = 0;

  return {
    async add(dueAts) {
      insert(
        'carillon_jobs',
        dueAts.map((dueAt) => jobOf(jobs++, dueAt)),
      );
    },
    step(ended, now) {
      db.exec('begin immediate');
      if (ended.length > 0) {
        const completions = ended.map((run) => completionOf(run, now));
        update('carillon_runs', 2, completions, `, ${ENDED}`, ` and ${CLAIMED_ALONE}`);
      }
      const due = prepared(
        `select * from carillon_jobs where due_at <= ? and handler in ('noop') order by due_at limit ${BATCH}`,
      ).all(now) as DueJob[];
      const started = due.map((job) => ({ id: runs++, dueAt: job.due_at }));
      if (due.length > 0) {
        const rows = due.map((job, index) => runOf(started[index]!.id, job, now));
        insert('carillon_runs', rows);
        update(
          'carillon_jobs',
          1,
          due.map((job, index) => takenJob(job, rows[index]!.id)),
        );
      }
      db.exec('commit');
      return started;
    },
    nextDueAt() {
      const [row] = prepared('select min(due_at) as at from carillon_jobs where due_at is not null').all();
      return (row as { at: number | null }).at;
    },
    async drop() {
      db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
