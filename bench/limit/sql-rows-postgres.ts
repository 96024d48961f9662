import { migrate, postgresStore } from '@carillon/sql';
import pg from 'pg';
import { BATCH, type SqlLimit } from './sql-limit.js';
import { CLAIMED_ALONE, type DueJob, ENDED, completionOf, jobOf, runOf, takenJob } from './sql-rows.js';

/** pg answers integers of 64 bits as text. */
type Stored = Omit<DueJob, 'due_at'> & { due_at: string };

const INTEGER =
  /_at$|_until$|_ms$|^(?:generation|attempt|token|live|holds_slot|instant|awaits_run|runs_started|failures_in_row|version)$/;

/** Two trips and a commit; in each, what does not need the other's answer is sent together. */
export async function openPostgresRows(url: string, schema: string): Promise<SqlLimit> {
  await migrate(postgresStore(url, { schema }));
  const client = new pg.Client({ connectionString: url, pipeline: true } as pg.ClientConfig);
  await client.connect();
  const named = new Map<string, string>();
  const ask = (text: string, values: unknown[]) => {
    if (!named.has(text)) named.set(text, `rows ${named.size}`);
    return client.query({ name: named.get(text)!, text, values });
  };
  const typed = (row: object) =>
    Object.keys(row)
      .map((name) => `${name} ${INTEGER.test(name) ? 'bigint' : 'text'}`)
      .join();
  const insert = (table: string, rows: readonly object[]) => {
    const names = Object.keys(rows[0]!).join();
    return ask(
      `insert into ${schema}.${table} (${names}) select ${names} from json_to_recordset($1::json) as r(${typed(rows[0]!)})`,
      [JSON.stringify(rows)],
    );
  };
  const update = (table: string, keys: number, rows: readonly { id: string }[], also = '', where = '') => {
    const names = Object.keys(rows[0]!);
    const fits = names.slice(0, keys).map((name) => `t.${name} = r.${name}`);
    const sets = names.slice(keys).map((name) => `${name} = r.${name}`);
    return ask(
      `update ${schema}.${table} as t set ${sets.join()}${also} from json_to_recordset($1::json) as r(${typed(rows[0]!)})
        where t.id = any($2::text[]) and ${fits.join(' and ')}${where}`,
      [JSON.stringify(rows), rows.map(({ id }) => id)],
    );
  };
  let jobs = 0;
  let runs = 0;

  return {
    async add(dueAts) {
      for (let from = 0; from < dueAts.length; from += 5_000)
        await insert(
          'jobs',
          dueAts.slice(from, from + 5_000).map((dueAt) => jobOf(jobs++, dueAt)),
        );
      await client.query(`analyze ${schema}.jobs`);
    },
    async step(ended, now) {
      const completions = ended.map((run) => completionOf(run, now));
      const [, , { rows: due }] = await Promise.all([
        client.query('begin; set local enable_seqscan = off; set local jit = off'),
        completions.length > 0 && update('runs', 2, completions, `, ${ENDED}`, ` and ${CLAIMED_ALONE}`),
        ask(
          `select * from ${schema}.jobs where due_at <= $1 and handler = any(array['noop'])
            order by due_at limit ${BATCH} for update skip locked`,
          [now],
        ),
      ]);
      const taken = (due as Stored[]).map((job): DueJob => ({ ...job, due_at: Number(job.due_at) }));
      const started = taken.map((job) => ({ id: runs++, dueAt: job.due_at }));
      if (taken.length > 0) {
        const rows = taken.map((job, index) => runOf(started[index]!.id, job, now));
        await Promise.all([
          insert('runs', rows),
          update(
            'jobs',
            1,
            taken.map((job, index) => takenJob(job, rows[index]!.id)),
          ),
        ]);
      }
      await client.query('commit');
      return started;
    },
    async nextDueAt() {
      const { rows } = await ask(
        `select min(due_at)::float8 as at from ${schema}.jobs where due_at is not null`,
        [],
      );
      return (rows[0] as { at: number | null }).at;
    },
    async drop() {
      await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}
