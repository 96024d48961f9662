import { type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';

/** Makes a row to be locked for each group that has a limit. */
export async function insertGroups({ kysely, dialect }: Database, groups: readonly string[]): Promise<void> {
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

/** Those of the groups that have a due job, or a due run that waits. */
export async function selectDueGroups(
  { dialect }: Database,
  trx: Kysely<Tables>,
  groups: readonly string[],
  now: number,
): Promise<string[]> {
  const rows = await trx
    .selectFrom('groups as g')
    .select('g.name')
    .where(dialect.isOneOf('g.name', groups))
    .where(
      sql<SqlBool>`(exists (select 1 from ${sql.table('schedules')} as j where j.group_name = g.name and j.due_at <= ${now})
        or exists (select 1 from ${sql.table('live_runs')} as r join ${sql.table('schedules')} as j on j.id = r.job_id
          where r.state = 'waiting' and r.due_at <= ${now} and j.group_name = g.name))`,
    )
    .execute();
  return rows.map(({ name }) => name);
}

/**
 * Locks the groups, so that no other replica takes their slots meanwhile, and counts those that are taken. Never waits
 * for another replica, which may have lost its connection: a group that it has locked is left out.
 */
export async function lockGroups(
  { dialect }: Database,
  trx: Kysely<Tables>,
  groups: readonly string[],
): Promise<Map<string, number>> {
  if (groups.length === 0) return new Map();
  let locked = groups;
  if (dialect.skipLocked) {
    const rows = trx.selectFrom('groups').select('name').where(dialect.isOneOf('name', groups));
    locked = (await rows.orderBy('name').forUpdate().skipLocked().execute()).map(({ name }) => name);
  }
  const taken = new Map(locked.map((name) => [name, 0]));
  if (locked.length === 0) return taken;
  const counts = await trx
    .selectFrom('live_runs')
    .select(['group_name', ({ fn }) => fn.countAll<number>().as('slots')])
    .where('holds_slot', '=', sql.lit(1))
    .where(dialect.isOneOf('group_name', locked))
    .groupBy('group_name')
    .execute();
  for (const { group_name, slots } of counts) taken.set(group_name!, slots);
  return taken;
}
