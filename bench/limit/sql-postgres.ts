import pg from 'pg';
import { BATCH, type SqlLimit, type StartedRun } from './sql-limit.js';

/** One prepared statement a step, so one round trip and one commit. */
export async function openPostgresLimit(url: string, schema: string): Promise<SqlLimit> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create schema ${schema};
    create table ${schema}.jobs (id bigint generated always as identity primary key, due_at bigint);
    create index on ${schema}.jobs (due_at) where due_at is not null;
    create table ${schema}.runs (id bigint generated always as identity primary key, job_id bigint not null,
      tick_at bigint not null, started_at bigint not null, ended_at bigint, unique (job_id, tick_at))`);
  const step = {
    name: 'step',
    text: `with ended as (update ${schema}.runs set ended_at = $2 where id = any($1)),
      due as (select id, due_at from ${schema}.jobs where due_at <= $2
        order by due_at limit ${BATCH} for update skip locked),
      moved as (update ${schema}.jobs set due_at = null from due where jobs.id = due.id)
      insert into ${schema}.runs (job_id, tick_at, started_at) select id, due_at, $2 from due
      returning id::float8 as id, tick_at::float8 as "dueAt"`,
  };
  return {
    async add(dueAts) {
      await client.query(`insert into ${schema}.jobs (due_at) select unnest($1::bigint[])`, [dueAts]);
      await client.query(`analyze ${schema}.jobs`);
    },
    async step(ended, now) {
      const { rows } = await client.query<StartedRun>(step, [ended.map(({ id }) => id), now]);
      return rows;
    },
    async nextDueAt() {
      const { rows } = await client.query<{ at: number | null }>({
        name: 'next',
        text: `select min(due_at)::float8 as at from ${schema}.jobs where due_at is not null`,
      });
      return rows[0]!.at;
    },
    async drop() {
      await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}
