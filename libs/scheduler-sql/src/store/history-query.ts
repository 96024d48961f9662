import { InvalidOptionsError, type Run, type RunFilter } from '@carillon/scheduler/store';
import { sql } from 'kysely';
import type { Database } from '../driver/database.js';
import { firstIdOf } from '../turn/run-ids.js';
import { toRun } from '../turn/run-row.js';

const DEFAULT_LIMIT = 100;
const RUN_ID = /^[0-9A-Z]{26}$/;

/** One page, newest first; each further page begins where the one before ended, however many rows there are. */
export async function queryRuns({ kysely }: Database, filter: RunFilter): Promise<Run[]> {
  const { jobId, outcome, state, from, to, limit = DEFAULT_LIMIT, after } = filter;
  let query = kysely.selectFrom('runs').selectAll();
  if (after !== undefined) {
    if (!RUN_ID.test(after))
      throw new InvalidOptionsError('after', after, 'Give the id of a run that getRuns answered.');
    query = query.where('id', '<', after);
  }
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  if (state === 'waiting') query = query.where('state', '=', sql.lit('waiting'));
  else if (state !== undefined) query = query.where('state', '=', state);
  // The few that are alive are found among a long history.
  if (state !== undefined && state !== 'ended') query = query.where('live', '=', sql.lit(1));
  if (outcome !== undefined)
    query = query.where('outcome', 'in', typeof outcome === 'string' ? [outcome] : [...outcome]);
  if (from !== undefined) {
    // No run is made before its instant.
    query = query.where('instant', '>=', from.getTime()).where('id', '>=', firstIdOf(from.getTime()));
  }
  if (to !== undefined) query = query.where('instant', '<=', to.getTime());
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.map(toRun);
}
