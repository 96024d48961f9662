import type { DeclaredJob, Declares, LiveReplica } from '@carillon/scheduler/store';
import { type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import type { ReplicaTable, Tables } from '../schema/tables.js';

/** Says that the replica lives, and what its code declares. */
export async function upsertReplica(
  { dialect }: Database,
  trx: Kysely<Tables>,
  { id, started_at, ...beat }: ReplicaTable,
): Promise<void> {
  const insert = trx.insertInto('replicas').values({ id, started_at, ...beat });
  await (
    dialect.name === 'mysql'
      ? insert.onDuplicateKeyUpdate(beat)
      : insert.onConflict((conflict) => conflict.column('id').doUpdateSet(beat))
  ).execute();
}

export async function deleteReplica(kysely: Kysely<Tables>, id: string): Promise<void> {
  await kysely.deleteFrom('replicas').where('id', '=', id).execute();
}

export async function deleteReplicasOlderThan(trx: Kysely<Tables>, beatAt: number): Promise<void> {
  await trx.deleteFrom('replicas').where('beat_at', '<', beatAt).execute();
}

/** Replicas that have beaten at `beatAt` or later. */
export async function selectLiveReplicas(trx: Kysely<Tables>, beatAt: number): Promise<LiveReplica[]> {
  const rows = await trx
    .selectFrom('replicas')
    .select(['id', 'tzdata', 'declares'])
    .where('beat_at', '>=', beatAt)
    .execute();
  return rows.map(({ id, tzdata, declares }) => ({
    id,
    zoneVersion: tzdata,
    declares: readDeclares(declares),
  }));
}

/** Ids of the replicas whose last beat lies between these instants. */
export async function selectReplicaIds(
  kysely: Kysely<Tables>,
  fromAt: number,
  toAt: number,
): Promise<string[]> {
  const rows = await kysely
    .selectFrom('replicas')
    .select('id')
    .where('beat_at', '>=', fromAt)
    .where('beat_at', '<=', toAt)
    .execute();
  return rows.map(({ id }) => id);
}

/** All declared jobs, in any state. */
export async function selectDeclaredJobs(trx: Kysely<Tables>): Promise<DeclaredJob[]> {
  return trx
    .selectFrom('jobs as j')
    .innerJoin('schedules as s', 's.id', 'j.id')
    .select(['j.id', 'j.declaration', 's.state'])
    .where('j.origin', '=', 'declared')
    .execute();
}

/** Due jobs that wait for a replica that has their handler (D5). */
export async function selectDueWithoutHandler(
  { kysely, dialect }: Database,
  known: readonly string[],
  now: number,
): Promise<{ jobId: string; handler: string }[]> {
  const rows = await kysely
    .selectFrom('schedules')
    .select(['id', 'handler'])
    .where('due_at', '<=', now)
    .where('state', '=', 'active')
    .where(sql<SqlBool>`not (${dialect.isOneOf('handler', known)})`)
    .limit(100)
    .execute();
  return rows.map(({ id, handler }) => ({ jobId: id, handler }));
}

function readDeclares(text: string): Declares {
  try {
    return JSON.parse(text) as Declares;
  } catch {
    return {};
  }
}
