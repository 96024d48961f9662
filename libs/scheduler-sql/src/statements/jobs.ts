import type { JobFilter } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { COLUMNS } from '../schema/columns.js';
import type { Database } from '../driver/database.js';
import type { JobTable, ScheduleTable, Tables } from '../schema/tables.js';
import { lockSchedules } from './schedules.js';

const SCHEDULE_NAMES = Object.keys(COLUMNS.schedules) as (keyof ScheduleTable)[];
/** Where the columns of a filter are. */
const FILTERS = { id: 'j.id', origin: 'j.origin', state: 's.state', handler: 's.handler' } as const;

export async function selectJobs(
  { kysely }: Database,
  filter: JobFilter & { id?: string },
): Promise<{ job: JobTable; schedule: ScheduleTable }[]> {
  let query = kysely
    .selectFrom('jobs as j')
    .innerJoin('schedules as s', 's.id', 'j.id')
    .selectAll('j')
    .select(SCHEDULE_NAMES.map((name) => `s.${name}` as const));
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined)
      query = query.where(FILTERS[name as keyof typeof FILTERS] as 'j.id', '=', value as string);
  }
  // Both have an id and a handler, which are the same.
  return (await query.orderBy('j.id').execute()).map((row) => ({ job: row, schedule: row }));
}

/** Triggers of unfinished jobs that name a time zone, each once and at most 10,000, as JSON. Reads all jobs. */
export async function selectTriggersInZones({ kysely }: Database): Promise<string[]> {
  const rows = await kysely
    .selectFrom('jobs as j')
    .innerJoin('schedules as s', 's.id', 'j.id')
    .select('j.trigger_json')
    .distinct()
    .where('s.state', '!=', 'finished')
    .where('j.trigger_json', 'like', '%"timezone"%')
    .limit(10_000)
    .execute();
  return rows.map((row) => row.trigger_json);
}

/** Jobs that are locked, in any order. */
export function selectJobRows(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<JobTable[]> {
  return trx.selectFrom('jobs').selectAll().where(dialect.isOneOf('id', ids)).execute();
}

export async function deleteJobs(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await trx.deleteFrom('schedules').where(dialect.isOneOf('id', ids)).execute();
  await trx.deleteFrom('jobs').where(dialect.isOneOf('id', ids)).execute();
}

/** Deletes those of the jobs whose schedules somebody has deleted. Returns their ids. */
export async function deleteUnscheduledJobs(
  db: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<string[]> {
  // Under lock, which sees what others have committed since a transaction of the user's began.
  const known = new Set((await lockSchedules(db, trx, ids, 'wait')).map(({ id }) => id));
  const broken = ids.filter((id) => !known.has(id));
  await deleteJobs(db, trx, broken);
  return broken;
}

/** Says why a job is parked whose row as a whole cannot be written. */
export async function writeParkedBecause(
  trx: Kysely<Tables>,
  id: string,
  because: string | null,
): Promise<void> {
  await trx.updateTable('jobs').set({ parked_because: because }).where('id', '=', id).execute();
}
