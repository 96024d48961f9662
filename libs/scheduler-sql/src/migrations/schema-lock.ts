import { CompiledQuery, type Kysely, sql } from 'kysely';
import type { Database } from '../driver/database.js';
import { isBusy } from '../driver/sqlite/sqlite-errors.js';
import type { Tables } from '../schema/tables.js';

/**
 * Lets one process at a time, of all that share the tables, change them. Where a transaction can change tables, a
 * failure undoes all of it.
 */
export function withSchemaLock<T>(
  { patiently, dialect, names }: Database,
  work: (connection: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  const jobsTable = names.quoted('jobs');
  return patiently((connection) => {
    const run = (text: string): Promise<unknown> => connection.executeQuery(CompiledQuery.raw(text));
    const orRollBack = async (first: string | null): Promise<T> => {
      try {
        if (first !== null) await run(first);
        const result = await work(connection);
        await run('commit');
        return result;
      } catch (error) {
        await run('rollback').catch(() => undefined);
        throw error;
      }
    };
    switch (dialect.name) {
      case 'sqlite':
        return beginImmediate(run).then(() => orRollBack(null));
      case 'postgres':
        return run('begin').then(() => orRollBack(`select pg_advisory_xact_lock(${lockNumber(jobsTable)})`));
      case 'mysql':
        return withNamedLock(connection, jobsTable, work);
    }
  });
}

/** Of up to five seconds each. */
const SQLITE_TRIES = 60;

async function beginImmediate(run: (text: string) => Promise<unknown>): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await run('begin immediate');
      return;
    } catch (error) {
      if (!isBusy(error) || tried >= SQLITE_TRIES) throw error;
    }
  }
}

/** Longer than any change of tables takes; the lock ends with the connection that has it. */
const LOCK_TIMEOUT_S = 3600;

async function withNamedLock<T>(
  connection: Kysely<Tables>,
  jobsTable: string,
  work: (connection: Kysely<Tables>) => Promise<T>,
): Promise<T> {
  // Names are the whole server's, and at most 64 characters. SHA1() and MD5() are gone from MySQL 9.6.
  const name = sql`concat('carillon ', left(sha2(concat(database(), ${jobsTable}), 256), 40))`;
  const { rows } = await sql<{
    got: number | null;
  }>`select get_lock(${name}, ${LOCK_TIMEOUT_S}) as got`.execute(connection);
  if (Number(rows[0]!.got) !== 1)
    throw new Error(`Another process has been migrating ${jobsTable} for an hour.`);
  try {
    return await work(connection);
  } finally {
    await sql`select release_lock(${name})`.execute(connection).catch(() => undefined);
  }
}

/** A 53-bit number of the name; two stores that share one only wait for each other. */
function lockNumber(text: string): number {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (value * 31 + text.charCodeAt(i)) % 9_007_199_254_740_881;
  return value;
}
