import { type Kysely, sql } from 'kysely';
import { type BulkChange, byId } from '../driver/bulk.js';
import type { Database } from '../driver/database.js';
import type { LiveRunTable, Tables } from '../schema/tables.js';

/** A claim in the words of the table. */
export interface ClaimKey {
  readonly runId: string;
  readonly jobId: string;
  readonly token: number;
}

export interface ExpiredRun {
  readonly id: string;
  readonly job_id: string;
  readonly generation: number;
}

/** Runs whose leases are over, the oldest first. @param only of this job */
export function selectExpired(
  trx: Kysely<Tables>,
  { now, limit, only }: { now: number; limit: number; only: string | null },
): Promise<ExpiredRun[]> {
  return trx
    .selectFrom('live_runs')
    .select(['id', 'job_id', 'generation'])
    .where('lease_until', '<', now)
    .where('holds_slot', '=', sql.lit(1))
    .$if(only !== null, (all) => all.where('job_id', '=', only!))
    .orderBy('lease_until')
    .limit(limit)
    .execute();
}

/** The claims that the table says this replica holds. */
export function selectHeldBy(trx: Kysely<Tables>, replica: string): Promise<ClaimKey[]> {
  return trx
    .selectFrom('live_runs')
    .select(['id as runId', 'job_id as jobId', 'token'])
    .where('holds_slot', '=', sql.lit(1))
    .where('holder', '=', replica)
    .execute();
}

/**
 * Writes to claims that are still held under their tokens.
 *
 * @returns the ids of their runs; another replica may hold the others
 */
export function updateHeld(
  { dialect }: Database,
  trx: Kysely<Tables>,
  replica: string,
  changes: readonly { readonly claim: ClaimKey; readonly set: Partial<LiveRunTable> }[],
): Promise<string[]> {
  const rows = changes.map(({ claim, set }): BulkChange<'live_runs'> => ({
    where: { id: claim.runId, token: claim.token, holder: replica, holds_slot: 1 },
    set,
  }));
  return dialect.updateMany(trx, { table: 'live_runs', rows: rows.sort(byId) });
}

/** Those of the runs that a newer run replaces. */
export async function selectReplaced(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await trx
    .selectFrom('live_runs')
    .select('id')
    .where(dialect.isOneOf('id', ids))
    .where('replaced', '=', 1)
    .execute();
  return new Set(rows.map(({ id }) => id));
}
