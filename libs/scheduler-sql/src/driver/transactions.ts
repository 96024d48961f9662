import { StoreUnavailableError } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Tables } from '../schema/tables.js';
import type { Database } from './database.js';

/** A deadlock is over soon: the statements are simply sent again. */
const TRIES = 5;

/**
 * Returns the result of `work`, which may be repeated: it is one transaction, or one statement.
 *
 * @throws StoreUnavailableError when the database cannot be reached, or cannot write
 */
export async function retrying<T>({ dialect }: Database, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (dialect.isTransient(error) && tried < TRIES) continue;
      if (dialect.isTransient(error) || dialect.isDown(error)) throw new StoreUnavailableError(error);
      throw error;
    }
  }
}

/** One transaction, repeated as `retrying` does. */
export function inTransaction<T>(database: Database, work: (trx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return retrying(database, () => database.transaction(work));
}
