import type { BackfillRequest } from '@carillon/scheduler/store';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../driver/database.js';
import { slot } from '../driver/templates.js';
import type { JobTable, Tables } from '../schema/tables.js';
import { Effects } from '../turn/effects.js';
import type { TurnStore } from './turn-store.js';

/** Jobs that one transaction reads anew. */
const BATCH = 200;

export async function selectJobs(
  { kysely }: Database,
  filter: Partial<Pick<JobTable, 'id' | 'state' | 'origin' | 'handler'>>,
): Promise<JobTable[]> {
  let query = kysely.selectFrom('jobs').selectAll();
  for (const [column, value] of Object.entries(filter)) {
    if (value !== undefined) query = query.where(column as keyof typeof filter, '=', value);
  }
  return query.orderBy('id').execute();
}

/** How many runs of each job are alive. */
export async function countAlive({ kysely }: Database, jobId?: string): Promise<Map<string, number>> {
  let query = kysely
    .selectFrom('runs')
    .select(['job_id', ({ fn }) => fn.countAll<number>().as('alive')])
    .where('live', '=', sql.lit(1))
    .where('generation', '>', 0);
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  const rows = await query.groupBy('job_id').execute();
  return new Map(rows.map(({ job_id, alive }) => [job_id, alive]));
}

/** When the next tick is due that needs no place, because its job has a run alive. */
export async function earliestWithoutPlace(
  { kysely, dialect }: Database,
  handlers: readonly string[],
): Promise<number | null> {
  const job = await kysely
    .selectFrom('jobs')
    .innerJoin('runs', 'runs.job_id', 'jobs.id')
    .select('jobs.due_at')
    .where('runs.live', '=', sql.lit(1))
    .where('jobs.due_at', 'is not', null)
    .where(dialect.isOneOf('jobs.handler', handlers))
    .orderBy('jobs.due_at')
    .limit(1)
    .executeTakeFirst();
  return job?.due_at ?? null;
}

/** When the next job or waiting run is due whose handler is known. @param from nothing before it is looked at, UTC ms */
export async function earliestDueAt(
  { kysely, dialect, templates }: Database,
  handlers: readonly string[],
  from: number,
): Promise<number | null> {
  const known = () => dialect.isOneOf('jobs.handler', handlers);
  const job = () =>
    kysely
      .selectFrom('jobs')
      .select('due_at as at')
      .where('due_at', '>=', slot('from'))
      .where((is) => is.or([known(), is('state', '=', 'paused')]))
      .orderBy('due_at')
      .limit(1);
  const run = () =>
    kysely
      .selectFrom('runs')
      .innerJoin('jobs', 'jobs.id', 'runs.job_id')
      .select('runs.due_at as at')
      .where('runs.state', '=', sql.lit('waiting'))
      .where('runs.due_at', '>=', slot('from'))
      .where(known())
      .orderBy('runs.due_at')
      .limit(1);
  const either = () =>
    kysely
      .selectNoFrom(job().as('at'))
      .unionAll(kysely.selectNoFrom(run().as('at')))
      .compile();
  let earliest = Number.POSITIVE_INFINITY;
  const key = JSON.stringify(['earliest', handlers]);
  for (const { at } of await templates.run(kysely, key, either, { from }))
    earliest = Math.min(earliest, at ?? earliest);
  return earliest === Number.POSITIVE_INFINITY ? null : earliest;
}

/** The instants in the asked span that runs of the job were or will be started for, as far as the history goes back. */
export async function startedInstants(
  kysely: Kysely<Tables>,
  { jobId, fromAt, toAt }: BackfillRequest,
): Promise<Set<number>> {
  const rows = await kysely
    .selectFrom('runs')
    .select('instant')
    .where('job_id', '=', jobId)
    .where('instant', '>=', fromAt)
    .where('instant', '<=', toAt)
    .where((is) => is.or([is('state', '<>', 'ended'), is('attempt', '>', 0)]))
    .where((is) => is.or([is('tick_at', 'is not', null), is('stands_for', 'is not', null)]))
    .execute();
  return new Set(rows.map(({ instant }) => instant));
}

/** Each group that has a limit has a row to be locked. */
export async function makeGroups({ kysely, dialect }: Database, groups: readonly string[]): Promise<void> {
  if (groups.length === 0) return;
  const known = await kysely
    .selectFrom('groups')
    .select('name')
    .where(dialect.isOneOf('name', groups))
    .execute();
  const missing = groups.filter((name) => !known.some((row) => row.name === name)).toSorted();
  if (missing.length === 0) return;
  const insert = kysely.insertInto('groups').values(missing.map((name) => ({ name })));
  await (
    dialect.name === 'mysql'
      ? insert.onDuplicateKeyUpdate({ name: sql`name` })
      : insert.onConflict((conflict) => conflict.doNothing())
  ).execute();
}

/** Z5: what was computed with other time zone data is computed anew. */
export async function followTimezones(database: Database, turns: TurnStore, tzdata: string): Promise<void> {
  const { dialect } = database;
  for (let afterId = ''; ;) {
    const last = await database.transaction(async (trx) => {
      const query = trx
        .selectFrom('jobs')
        .selectAll()
        .where('id', '>', afterId)
        .where('tzdata', '<>', tzdata)
        .orderBy('id')
        .limit(BATCH);
      const rows = await (dialect.skipLocked ? query.forUpdate() : query).execute();
      const effects = new Effects();
      await turns.write(trx, await turns.turns(trx, rows, effects, 0), effects);
      return rows.length < BATCH ? null : rows.at(-1)!.id;
    });
    if (last === null) return;
    afterId = last;
  }
}
