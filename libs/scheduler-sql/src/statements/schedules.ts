import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import type { LockedSchedule, ScheduleTable, Tables } from '../schema/tables.js';

/**
 * Locks jobs in the order of their ids, so that two transactions that lock several cannot wait for each other.
 *
 * @param whenLocked by another: `wait` for it, or `skip` the job
 */
export async function lockSchedules(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
  whenLocked: 'wait' | 'skip',
): Promise<LockedSchedule[]> {
  if (ids.length === 0) return [];
  const query = trx.selectFrom('schedules').selectAll().where(dialect.isOneOf('id', ids)).orderBy('id');
  if (!dialect.skipLocked) return query.execute();
  return (whenLocked === 'wait' ? query.forUpdate() : query.forUpdate().skipLocked()).execute();
}

/**
 * Returns false for an id that is not stored where a lock of it would lock the gap around it, and with that the
 * inserts of other new ids: two such transactions would wait for each other (MySQL, at its default isolation).
 */
export async function mayLockJob(db: Database, trx: Kysely<Tables>, id: string): Promise<boolean> {
  return (await lockableIds(db, trx, [id])).length > 0;
}

/** Those of the ids for which `mayLockJob` is true. */
export async function lockableIds(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<readonly string[]> {
  if (dialect.name !== 'mysql') return ids;
  const found = await trx.selectFrom('schedules').select('id').where(dialect.isOneOf('id', ids)).execute();
  return found.map(({ id }) => id);
}

/** Versions of the time zone data that computed next ticks (Z5). Reads all jobs. */
export async function selectZoneVersions({ kysely }: Database): Promise<string[]> {
  const rows = await kysely.selectFrom('schedules').select('tzdata').distinct().execute();
  return rows.map(({ tzdata }) => tzdata);
}

/** Locks jobs whose next tick these versions of time zone data computed, behind `afterId` in the order of ids. */
export function lockSchedulesOfZoneVersions(
  { dialect }: Database,
  trx: Kysely<Tables>,
  { afterId, versions, limit }: { afterId: string; versions: readonly string[]; limit: number },
): Promise<ScheduleTable[]> {
  const query = trx
    .selectFrom('schedules')
    .selectAll()
    .where('id', '>', afterId)
    .where(dialect.isOneOf('tzdata', versions))
    .orderBy('id')
    .limit(limit);
  return (dialect.skipLocked ? query.forUpdate() : query).execute();
}
