import {
  type BackfillRequest,
  firstIdOf,
  InvalidOptionsError,
  type RunFilter,
} from '@carillon/scheduler/store';
import { type Kysely, type SelectQueryBuilder, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import type { HistoryTable, RunRow, Tables } from '../schema/tables.js';
import { lockSchedules } from './schedules.js';

const DEFAULT_LIMIT = 100;
const RUN_ID = /^[0-9A-Z]{26}$/;

/** One page, newest first. A further page begins where the one before ended, however many rows there are. */
export async function selectRuns({ kysely }: Database, filter: RunFilter): Promise<RunRow[]> {
  const { after, state, limit = DEFAULT_LIMIT } = filter;
  if (after !== undefined && !RUN_ID.test(after))
    throw new InvalidOptionsError('after', after, 'Give the id of a run that getRuns returned.');
  const live = await pageOf(kysely, 'live_runs', filter)
    .$if(state !== undefined, (all) => all.where('state' as 'outcome', '=', state!))
    .execute();
  if (state !== undefined && state !== 'ended') return live;
  // Read second: a run that ends in between is in both, and in none if it was read first.
  const past = await pageOf(kysely, 'history', filter).execute();
  const ended = new Set(past.map(({ id }) => id));
  return [...live.filter(({ id }) => !ended.has(id)), ...past]
    .toSorted((one, other) => (one.id < other.id ? 1 : -1))
    .slice(0, limit);
}

function pageOf<T extends 'live_runs' | 'history'>(kysely: Kysely<Tables>, table: T, filter: RunFilter) {
  const { jobId, outcome, from, to, limit = DEFAULT_LIMIT, after } = filter;
  // Both tables have the columns that are named here.
  let query = kysely.selectFrom(table as 'history').selectAll();
  if (after !== undefined) query = query.where('id', '<', after);
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  if (outcome !== undefined)
    query = query.where('outcome', 'in', typeof outcome === 'string' ? [outcome] : [...outcome]);
  if (from !== undefined) {
    // No run is made before its instant.
    query = query.where('instant', '>=', from.getTime()).where('id', '>=', firstIdOf(from.getTime()));
  }
  if (to !== undefined) query = query.where('instant', '<=', to.getTime());
  return query.orderBy('id', 'desc').limit(limit) as unknown as SelectQueryBuilder<Tables, T, Tables[T]>;
}

/** The instants in the requested span that runs of the job were or will be started for, as far as the history goes back. */
export async function selectStartedInstants(
  kysely: Kysely<Tables>,
  { jobId, fromAt, toAt }: BackfillRequest,
): Promise<Set<number>> {
  const instants = (table: 'live_runs' | 'history') =>
    kysely
      .selectFrom(table as 'history')
      .select('instant')
      .where('job_id', '=', jobId)
      .where('instant', '>=', fromAt)
      .where('instant', '<=', toAt)
      .where((is) => is.or([is('scheduled_at', 'is not', null), is('stands_for', 'is not', null)]));
  const rows = [
    ...(await instants('live_runs').execute()),
    ...(await instants('history').where('attempt', '>', 0).execute()),
  ];
  return new Set(rows.map(({ instant }) => instant));
}

/** Rows made before `beforeAt`, in the order of their ids. */
export function selectMadeBefore(
  { kysely }: Database,
  { afterId, beforeAt, limit }: { afterId: string; beforeAt: number; limit: number },
): Promise<Pick<HistoryTable, 'id' | 'ended_at'>[]> {
  return kysely
    .selectFrom('history')
    .select(['id', 'ended_at'])
    .where('id', '>', afterId)
    .where('id', '<', firstIdOf(beforeAt))
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** The newest ended row of the job that `keep` newer ones make surplus. */
export async function selectFirstSurplus(
  { kysely }: Database,
  jobId: string,
  keep: number,
): Promise<string | null> {
  const row = await endedRuns(kysely, jobId).orderBy('id', 'desc').offset(keep).limit(1).executeTakeFirst();
  return row?.id ?? null;
}

export async function selectEndedUntil(
  { kysely }: Database,
  { jobId, untilId, limit }: { jobId: string; untilId: string; limit: number },
): Promise<string[]> {
  const rows = await endedRuns(kysely, jobId).where('id', '<=', untilId).orderBy('id').limit(limit).execute();
  return rows.map(({ id }) => id);
}

export async function deleteHistory({ kysely, dialect }: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await kysely.deleteFrom('history').where(dialect.isOneOf('id', ids)).execute();
}

/** Locks finished jobs of `addJob` that have no row left. A declared one stays, or its next declaration would begin it anew. */
export async function lockForgottenJobs(
  db: Database,
  trx: Kysely<Tables>,
  { beforeAt, limit }: { beforeAt: number; limit: number },
): Promise<string[]> {
  const hasNoRow = (table: 'live_runs' | 'history') =>
    sql<SqlBool>`not exists (select 1 from ${sql.table(table)} as r where r.job_id = ${sql.ref('s.id')})`;
  const found = await trx
    .selectFrom('schedules as s')
    .innerJoin('jobs as j', 'j.id', 's.id')
    .select('s.id')
    .where('s.state', '=', 'finished')
    .where('j.origin', '=', 'added')
    .where('j.updated_at', '<', beforeAt)
    .where(hasNoRow('live_runs'))
    .where(hasNoRow('history'))
    .limit(limit)
    .execute();
  // By its id alone: not each database can lock one table of a join. An edit may have begun it anew meanwhile.
  const ids = found.map(({ id }) => id);
  const locked = await lockSchedules(db, trx, ids, 'skip');
  return locked.filter(({ state }) => state === 'finished').map(({ id }) => id);
}

function endedRuns(kysely: Kysely<Tables>, jobId: string) {
  return kysely.selectFrom('history').select('id').where('job_id', '=', jobId);
}
