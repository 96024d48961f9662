import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { BATCH, type SqlLimit, type StartedRun } from './sql-limit.js';

/** A statement for each step of the batch, in one transaction. */
export async function openMysqlLimit(url: string, prefix: string): Promise<SqlLimit> {
  const db = await mysql.createConnection({ uri: url, supportBigNumbers: true });
  const [jobs, runs] = [`${prefix}jobs`, `${prefix}runs`];
  await db.query('set session transaction isolation level read committed');
  await db.query(
    `create table ${jobs} (id bigint auto_increment primary key, due_at bigint, index (due_at)) engine = InnoDB`,
  );
  await db.query(`create table ${runs} (id bigint auto_increment primary key, job_id bigint not null,
    tick_at bigint not null, started_at bigint not null, ended_at bigint, unique (job_id, tick_at)) engine = InnoDB`);
  return {
    async add(dueAts) {
      for (let from = 0; from < dueAts.length; from += 1_000) {
        const rows = dueAts.slice(from, from + 1_000).map((at) => [at]);
        await db.query(`insert into ${jobs} (due_at) values ?`, [rows]);
      }
    },
    async step(ended, now) {
      await db.query('begin');
      if (ended.length > 0) {
        await db.query(`update ${runs} set ended_at = ? where id in (?)`, [now, ended.map(({ id }) => id)]);
      }
      const [due] = await db.query<(RowDataPacket & StartedRun)[]>(
        `select id, due_at as dueAt from ${jobs} where due_at <= ? order by due_at limit ${BATCH} for update skip locked`,
        [now],
      );
      let first = 0;
      if (due.length > 0) {
        const rows = due.map(({ id, dueAt }) => [id, dueAt, now]);
        const [made] = await db.query<ResultSetHeader>(
          `insert into ${runs} (job_id, tick_at, started_at) values ?`,
          [rows],
        );
        first = made.insertId;
        await db.query(`update ${jobs} set due_at = null where id in (?)`, [due.map(({ id }) => id)]);
      }
      await db.query('commit');
      // The ids of one insert of known rows follow each other.
      return due.map(({ dueAt }, index) => ({ id: first + index, dueAt }));
    },
    async nextDueAt() {
      const [rows] = await db.query<(RowDataPacket & { at: number | null })[]>(
        `select min(due_at) as at from ${jobs}`,
      );
      return rows[0]!.at;
    },
    async drop() {
      await db.query(`drop table ${jobs}, ${runs}`);
      await db.end();
    },
  };
}
