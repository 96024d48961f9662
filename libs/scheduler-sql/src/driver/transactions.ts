import { StoreUnavailableError } from '@carillon/scheduler/store';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../schema/tables.js';
import type { Database } from './database.js';

/** A deadlock is over soon: the statements are sent again. */
const TRIES = 5;

/**
 * Returns the result of `work`, which may be repeated: it is one transaction, or one statement.
 *
 * @throws StoreUnavailableError when the database does not respond, or cannot write
 */
export async function retrying<T>({ dialect }: Database, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      const kind = dialect.kindOf(error);
      if (kind === 'transient' && tried < TRIES) continue;
      if (kind === 'transient' || kind === 'down') throw new StoreUnavailableError(error);
      throw error;
    }
  }
}

/** Runs one transaction, repeated as by `retrying`. */
export function inTransaction<T>(database: Database, work: (trx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return retrying(database, () => database.transaction(work));
}

/** Undoes what `work` wrote, and nothing else of the transaction, when it returns null. */
export async function undoneIfNull<T>(trx: Kysely<Tables>, work: () => Promise<T | null>): Promise<T | null> {
  await sql`savepoint carillon`.execute(trx);
  const result = await work();
  await (result === null ? sql`rollback to savepoint carillon` : sql`release savepoint carillon`).execute(
    trx,
  );
  return result;
}
