import { StoreUnavailableError } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Tables } from '../schema/tables.js';
import type { Database } from './database.js';
import { elapsedMs } from './real-time.js';

/** A deadlock is over soon: the statements are sent again. */
const TRIES = 5;
/** Waits for locks end with an error, too; they are not added up. */
const LONGEST_MS = 1_000;

/**
 * Returns the result of `work`, which may be repeated: it is one transaction, or one statement.
 *
 * @throws StoreUnavailableError when the database does not respond, or cannot write
 */
export async function retrying<T>({ dialect }: Database, work: () => Promise<T>): Promise<T> {
  const startedAt = elapsedMs();
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      const kind = dialect.kindOf(error);
      const isOver = tried >= TRIES || elapsedMs() - startedAt > LONGEST_MS;
      if (kind === 'transient' && !isOver) continue;
      if (kind === 'transient' || kind === 'down') throw new StoreUnavailableError(error);
      throw error;
    }
  }
}

/** Runs one transaction, repeated as by `retrying`. */
export function inTransaction<T>(database: Database, work: (trx: Kysely<Tables>) => Promise<T>): Promise<T> {
  return retrying(database, () => database.transaction(work));
}
