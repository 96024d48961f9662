import type { JobFilter } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import type { JobTable, LockedJob, Tables } from '../schema/tables.js';

export async function selectJobs(
  { kysely }: Database,
  filter: JobFilter & { id?: string },
): Promise<JobTable[]> {
  let query = kysely.selectFrom('jobs').selectAll();
  for (const [column, value] of Object.entries(filter)) {
    if (value !== undefined) query = query.where(column as 'id', '=', value as string);
  }
  return query.orderBy('id').execute();
}

/** Triggers of unfinished jobs that name a time zone, each once and at most 10,000, as JSON. Reads all jobs. */
export async function selectTriggersInZones({ kysely }: Database): Promise<string[]> {
  const rows = await kysely
    .selectFrom('jobs')
    .select('trigger_json')
    .distinct()
    .where('state', '!=', 'finished')
    .where('trigger_json', 'like', '%"timezone"%')
    .limit(10_000)
    .execute();
  return rows.map((row) => row.trigger_json);
}

/**
 * Locks jobs in the order of their ids, so that two transactions that lock several cannot wait for each other.
 *
 * @param whenLocked by another: `wait` for it, or `skip` the job
 */
export async function lockJobs(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
  whenLocked: 'wait' | 'skip',
): Promise<LockedJob[]> {
  if (ids.length === 0) return [];
  const query = trx.selectFrom('jobs').selectAll().where(dialect.isOneOf('id', ids)).orderBy('id');
  if (!dialect.skipLocked) return query.execute();
  return (whenLocked === 'wait' ? query.forUpdate() : query.forUpdate().skipLocked()).execute();
}

/**
 * Returns false for an id that is not stored where a lock of it would lock the gap around it, and with that the
 * inserts of other new ids: two such transactions would wait for each other (MySQL, at its default isolation).
 */
export async function mayLockJob({ dialect }: Database, trx: Kysely<Tables>, id: string): Promise<boolean> {
  if (dialect.name !== 'mysql') return true;
  const found = await trx.selectFrom('jobs').select('id').where('id', '=', id).executeTakeFirst();
  return found !== undefined;
}

export async function deleteJobs(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await trx.deleteFrom('jobs').where(dialect.isOneOf('id', ids)).execute();
}

/** Says why a job is parked whose row as a whole cannot be written. */
export async function writeParkedBecause(
  trx: Kysely<Tables>,
  id: string,
  because: string | null,
): Promise<void> {
  await trx.updateTable('jobs').set({ parked_because: because }).where('id', '=', id).execute();
}

/** Versions of the time zone data that computed next ticks (Z5). Reads all jobs. */
export async function selectZoneVersions({ kysely }: Database): Promise<string[]> {
  const rows = await kysely.selectFrom('jobs').select('tzdata').distinct().execute();
  return rows.map(({ tzdata }) => tzdata);
}

/** Locks jobs whose next tick these versions of time zone data computed, behind `afterId` in the order of ids. */
export function lockJobsOfZoneVersions(
  { dialect }: Database,
  trx: Kysely<Tables>,
  { afterId, versions, limit }: { afterId: string; versions: readonly string[]; limit: number },
): Promise<JobTable[]> {
  const query = trx
    .selectFrom('jobs')
    .selectAll()
    .where('id', '>', afterId)
    .where(dialect.isOneOf('tzdata', versions))
    .orderBy('id')
    .limit(limit);
  return (dialect.skipLocked ? query.forUpdate() : query).execute();
}
