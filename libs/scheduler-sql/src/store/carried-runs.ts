import { sql } from 'kysely';
import { type BulkChange, byId } from '../driver/bulk.js';
import type { Database } from '../driver/database.js';
import type { RunTable } from '../schema/tables.js';
import type { HeldClaim } from './held-claims.js';
import { inTransaction } from './retrying.js';

/** Claims that are over are left alone: another may carry their runs. */
export async function writeNotes(
  db: Database,
  replica: string,
  noted: ReadonlySet<HeldClaim>,
): Promise<void> {
  const rows = [...noted].map((held) => carried(held, replica, held.notes)).toSorted(byId);
  await inTransaction(db, (trx) => db.dialect.updateMany(trx, { table: 'runs', rows }));
}

/** Answers the ids of the runs that are still carried, and of those among them that a newer run takes the place of. */
export function renewLeases(
  db: Database,
  replica: string,
  claims: readonly HeldClaim[],
  leaseUntil: number,
): Promise<{ renewed: Set<string>; replaced: Set<string> }> {
  const { dialect } = db;
  return inTransaction(db, async (trx) => {
    const rows = claims.map((held) => carried(held, replica, { lease_until: leaseUntil }));
    const renewed = await dialect.updateMany(trx, { table: 'runs', rows });
    const replaced = await trx
      .selectFrom('runs')
      .select('id')
      .where(dialect.isOneOf('id', renewed))
      .where('live', '=', sql.lit(1))
      .where('replaced', '=', 1)
      .execute();
    return { renewed: new Set(renewed), replaced: new Set(replaced.map(({ id }) => id)) };
  });
}

function carried({ claim }: HeldClaim, holder: string, set: Partial<RunTable>): BulkChange<'runs'> {
  return { where: { id: claim.runId, token: claim.token, holder, holds_place: 1 }, set };
}
