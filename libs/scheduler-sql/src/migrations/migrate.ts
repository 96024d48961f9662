import { type Kysely, Migrator } from 'kysely';
import type { Database } from '../driver/database.js';
import { SchemaOutdatedError, SchemaTooNewError } from '../driver/errors.js';
import type { Tables } from '../schema/tables.js';
import { withSchemaLock } from './schema-lock.js';
import { migrations, NEWEST, VERSIONS } from './versions.js';

/**
 * Brings the tables to the newest version, or makes them. Any number of processes may do so at once: one changes
 * them, the others wait.
 *
 * @returns the names of the migrations that were carried out
 * @throws SchemaTooNewError when newer code has migrated them
 */
export async function migrateDatabase(database: Database): Promise<string[]> {
  // A replica that finds all done needs no lock.
  if ((await foundVersion(database, database.kysely)) === NEWEST) return [];
  try {
    return await withSchemaLock(database, (connection) => migrateTo(database, connection, NEWEST));
  } catch (error) {
    // Newer code may have come in between.
    await foundVersion(database, database.kysely);
    throw error;
  }
}

/** @throws SchemaOutdatedError, SchemaTooNewError when the tables do not fit this code */
export async function checkDatabase(database: Database): Promise<void> {
  const found = await foundVersion(database, database.kysely);
  if (found !== NEWEST) throw new SchemaOutdatedError(database.names.quoted('*'), found, NEWEST);
}

/** Call under the schema lock. */
export async function migrateTo(
  { dialect, names }: Database,
  connection: Kysely<Tables>,
  version: string,
): Promise<string[]> {
  const migrator = new Migrator({
    db: connection,
    provider: { getMigrations: () => Promise.resolve(migrations(dialect, names)) },
    migrationTableName: `${names.prefix}migrations`,
    migrationLockTableName: `${names.prefix}migrations_lock`,
    ...(names.schema !== null && { migrationTableSchema: names.schema }),
    // The lock has begun a transaction where there is one for tables.
    disableTransactions: true,
  });
  const { error, results } = await migrator.migrateTo(version);
  if (error !== undefined) throw error as Error;
  return results!.map(({ migrationName }) => migrationName);
}

/**
 * Null when there are no tables yet.
 *
 * @throws SchemaTooNewError when there is a version that this code does not know
 */
async function foundVersion({ dialect, names }: Database, kysely: Kysely<Tables>): Promise<string | null> {
  try {
    const bare = kysely.withoutPlugins() as unknown as Kysely<Record<string, { name: string }>>;
    const table = names.schema === null ? `${names.prefix}migrations` : `${names.schema}.migrations`;
    const rows = await bare.selectFrom(table).select('name').execute();
    const done = rows.map(({ name }) => name).toSorted();
    const unknown = done.filter((name) => !VERSIONS.includes(name));
    if (unknown.length > 0) throw new SchemaTooNewError(names.quoted('*'), unknown.at(-1)!, NEWEST);
    return done.at(-1) ?? null;
  } catch (error) {
    if (dialect.kindOf(error) === 'missing') return null;
    throw error;
  }
}
