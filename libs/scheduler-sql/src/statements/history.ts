import {
  type BackfillRequest,
  firstIdOf,
  InvalidOptionsError,
  type RunFilter,
} from '@carillon/scheduler/store';
import { type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import type { RunTable, Tables } from '../schema/tables.js';

const DEFAULT_LIMIT = 100;
const RUN_ID = /^[0-9A-Z]{26}$/;

/** One page, newest first. A further page begins where the one before ended, however many rows there are. */
export async function selectRuns({ kysely }: Database, filter: RunFilter): Promise<RunTable[]> {
  const { jobId, outcome, state, from, to, limit = DEFAULT_LIMIT, after } = filter;
  let query = kysely.selectFrom('runs').selectAll();
  if (after !== undefined) {
    if (!RUN_ID.test(after))
      throw new InvalidOptionsError('after', after, 'Give the id of a run that getRuns returned.');
    query = query.where('id', '<', after);
  }
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  if (state === 'waiting') query = query.where('state', '=', sql.lit('waiting'));
  else if (state !== undefined) query = query.where('state', '=', state);
  // The index of live runs finds the few among a long history.
  if (state !== undefined && state !== 'ended') query = query.where('live', '=', sql.lit(1));
  if (outcome !== undefined)
    query = query.where('outcome', 'in', typeof outcome === 'string' ? [outcome] : [...outcome]);
  if (from !== undefined) {
    // No run is made before its instant.
    query = query.where('instant', '>=', from.getTime()).where('id', '>=', firstIdOf(from.getTime()));
  }
  if (to !== undefined) query = query.where('instant', '<=', to.getTime());
  return query.orderBy('id', 'desc').limit(limit).execute();
}

/** The instants in the requested span that runs of the job were or will be started for, as far as the history goes back. */
export async function selectStartedInstants(
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
    .where((is) => is.or([is('scheduled_at', 'is not', null), is('stands_for', 'is not', null)]))
    .execute();
  return new Set(rows.map(({ instant }) => instant));
}

/** Rows made before `beforeAt`, in the order of their ids. */
export function selectMadeBefore(
  { kysely }: Database,
  { afterId, beforeAt, limit }: { afterId: string; beforeAt: number; limit: number },
): Promise<Pick<RunTable, 'id' | 'live' | 'ended_at'>[]> {
  return kysely
    .selectFrom('runs')
    .select(['id', 'live', 'ended_at'])
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

export async function deleteRuns({ kysely, dialect }: Database, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await kysely.deleteFrom('runs').where(dialect.isOneOf('id', ids)).execute();
}

/** Locks finished jobs of `addJob` that have no row left. A declared one stays, or its next declaration would begin it anew. */
export async function lockForgottenJobs(
  { dialect }: Database,
  trx: Kysely<Tables>,
  { beforeAt, limit }: { beforeAt: number; limit: number },
): Promise<string[]> {
  const query = trx
    .selectFrom('jobs')
    .select('id')
    .where('state', '=', 'finished')
    .where('origin', '=', 'added')
    .where('updated_at', '<', beforeAt)
    .where(
      sql<SqlBool>`not exists (select 1 from ${sql.table('runs')} as r where r.job_id = ${sql.ref('jobs.id')})`,
    )
    .limit(limit);
  const rows = await (dialect.skipLocked ? query.forUpdate().skipLocked() : query).execute();
  return rows.map(({ id }) => id);
}

function endedRuns(kysely: Kysely<Tables>, jobId: string) {
  return kysely.selectFrom('runs').select('id').where('job_id', '=', jobId).where('live', '=', 0);
}
