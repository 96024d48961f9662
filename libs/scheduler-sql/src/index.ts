import type { LeasedStore } from '@carillon/scheduler/store';
import { InvalidOptionsError } from '@carillon/scheduler/store';
import type { MysqlPool } from './driver/mysql/mysql-types.js';
import type { PgPool } from './driver/postgres/pg-types.js';
import type { SqliteHandle } from './driver/sqlite/sqlite-handle.js';
import {
  type MysqlStoreOptions,
  mysqlSource,
  type PostgresStoreOptions,
  postgresSource,
  type Source,
  type SqliteStoreOptions,
  sqliteSource,
} from './sources.js';
import { SqlStore } from './sql-store.js';

export {
  DatabaseRefusedError,
  DatabaseTooOldError,
  DriverMissingError,
  FakeTimersError,
  SchemaOutdatedError,
  SchemaTooNewError,
} from './driver/errors.js';
export { DEFAULTS as DEFAULT_STORE_OPTIONS, type RetentionOptions, type SqlStoreOptions } from './options.js';
export type { MysqlPool, MysqlStoreOptions, PgPool, PostgresStoreOptions, SqliteHandle, SqliteStoreOptions };

const SOURCES = new WeakMap<LeasedStore, Source>();

/**
 * Keeps jobs in a SQLite file, for the processes of one machine. The start of the application opens it with the first
 * package that is present: node:sqlite (Node 22.13), better-sqlite3 12, libsql.
 *
 * @param file made if it is missing; or an open `Database` of one of those packages, whose file is opened a second
 *   time with that package; or `':memory:'` for tests: each start then has an empty database, gone with its end
 * @throws InvalidOptionsError, InvalidDurationError naming the option. At the start: DriverMissingError,
 *   SchemaTooNewError, SchemaOutdatedError
 */
export function sqliteStore(file: string | SqliteHandle, options: SqliteStoreOptions = {}): LeasedStore {
  return storeOf(sqliteSource(file, options));
}

/**
 * Keeps jobs in PostgreSQL (12 or newer), shared by any number of replicas. Needs the package pg.
 *
 * @param server a URL as pg takes it, or a `Pool` of pg: nothing is set on it, and it is not closed; one connection
 *   beside it, with the pool's options, listens for hints of other replicas
 * @throws InvalidOptionsError, InvalidDurationError naming the option. At the start: DriverMissingError,
 *   FakeTimersError, SchemaTooNewError, SchemaOutdatedError
 */
export function postgresStore(server: string | PgPool, options: PostgresStoreOptions = {}): LeasedStore {
  return storeOf(postgresSource(server, options));
}

/**
 * Keeps jobs in MySQL 8.0.17 or MariaDB 10.6 and newer, shared by any number of replicas. Needs the package mysql2.
 *
 * @param server a URL as mysql2 takes it, or a `Pool` of mysql2 or mysql2/promise: its connections get their settings
 *   back after each use, and it is not closed
 * @throws InvalidOptionsError, InvalidDurationError naming the option. At the start: DriverMissingError,
 *   FakeTimersError, DatabaseTooOldError, SchemaTooNewError, SchemaOutdatedError
 */
export function mysqlStore(server: string | MysqlPool, options: MysqlStoreOptions = {}): LeasedStore {
  return storeOf(mysqlSource(server, options));
}

/**
 * Makes or migrates the tables of a store now, for applications whose own start must not do it (`migrate: false`).
 * The store need not be open. Any number of processes may call it at once, and any number of times.
 *
 * @returns the names of the migrations that were carried out; none when the tables were up to date
 * @throws SchemaTooNewError when newer code has migrated the tables
 */
export function migrate(store: LeasedStore): Promise<string[]> {
  const source = SOURCES.get(store);
  if (source !== undefined) return source.migrate();
  throw new InvalidOptionsError(
    'store',
    'what was given',
    'Give what sqliteStore, postgresStore or mysqlStore returned.',
  );
}

function storeOf(source: Source): LeasedStore {
  const store = new SqlStore(source);
  SOURCES.set(store, source);
  return store;
}
