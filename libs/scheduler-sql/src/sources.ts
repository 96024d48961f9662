import { InvalidOptionsError, oneOf } from '@carillon/scheduler/store';
import type { Database } from './driver/database.js';
import { type ErrorKind, toStoreError } from './driver/error-kinds.js';
import { refuseHeldTicks } from './driver/held-ticks.js';
import { kindOfMysqlError } from './driver/mysql/mysql-errors.js';
import type { MysqlPool } from './driver/mysql/mysql-types.js';
import { openMysql } from './driver/mysql/open-mysql.js';
import { openPostgres } from './driver/postgres/open-postgres.js';
import type { PgPool } from './driver/postgres/pg-types.js';
import { kindOfPostgresError } from './driver/postgres/postgres-errors.js';
import { openSqlite } from './driver/sqlite/open-sqlite.js';
import { kindOfSqliteError } from './driver/sqlite/sqlite-errors.js';
import { fileOf, isSqliteHandle, type SqliteHandle } from './driver/sqlite/sqlite-handle.js';
import { checkDatabase, migrateDatabase } from './migrations/index.js';
import { readName, readStoreOptions, type SqlStoreOptions, type StoreOptions } from './options.js';

export interface SqliteStoreOptions extends SqlStoreOptions {
  /** Begins the names of the store's tables and indexes. */
  prefix?: string;
  /**
   * `'full'`: commits survive a loss of power. `'normal'`: they survive the end of the process, but a loss of power
   * may undo the last ones, so that their runs are made again; commits do not wait for the disk.
   */
  synchronous?: 'full' | 'normal';
}

export interface PostgresStoreOptions extends SqlStoreOptions {
  /** Holds the store's tables, and is made if it is missing. */
  schema?: string;
}

export interface MysqlStoreOptions extends SqlStoreOptions {
  /** Begins the names of the store's tables. */
  prefix?: string;
}

export const DEFAULT_PREFIX = 'carillon_';
export const DEFAULT_SCHEMA = 'carillon';
export const DEFAULT_SYNCHRONOUS = 'full';

/** The database of a store, and its options. Loads and opens nothing before `connect`. */
export interface StoreSource {
  readonly options: StoreOptions;
  /** Opens the database, and makes or migrates its tables unless an option says otherwise. @throws SchedulerError */
  connect(): Promise<Database>;
}

export interface Source extends StoreSource {
  /** Makes or migrates the tables, whatever the options say. @throws SchedulerError */
  migrate(): Promise<string[]>;
}

export function sqliteSource(file: string | SqliteHandle, options: SqliteStoreOptions): Source {
  const read = readStoreOptions(options, ['prefix', 'synchronous']);
  if (file === ':memory:' && !read.migrate)
    throw new InvalidOptionsError(
      'migrate',
      false,
      'Leave it out: a database in memory begins without tables.',
    );
  const source = {
    file: readFile(file),
    leaseMs: read.store.leaseMs,
    prefix: readName('prefix', options.prefix ?? DEFAULT_PREFIX),
    synchronous: oneOf('synchronous', options.synchronous ?? DEFAULT_SYNCHRONOUS, ['full', 'normal']),
  };
  return sourceOf(read, kindOfSqliteError, () => openSqlite(source));
}

export function postgresSource(server: string | PgPool, options: PostgresStoreOptions): Source {
  const read = readStoreOptions(options, ['schema']);
  const schema = readName('schema', options.schema ?? DEFAULT_SCHEMA);
  // pg reads the rest: paths of sockets, and parts that a URL may not have.
  if (typeof server === 'string')
    checkUrl(server, /^(?:postgres(?:ql)?:\/\/|socket:|\/)/, 'postgres://user@host/database');
  else if (typeof server?.connect !== 'function')
    throw noServer(server, 'postgres://user@host/database', 'a Pool of pg');
  const open = () => openPostgres({ server, schema, leaseMs: read.store.leaseMs });
  return sourceOf(read, kindOfPostgresError, () => refuseHeldTicks().then(open));
}

export function mysqlSource(server: string | MysqlPool, options: MysqlStoreOptions): Source {
  const read = readStoreOptions(options, ['prefix']);
  const prefix = readName('prefix', options.prefix ?? DEFAULT_PREFIX);
  if (typeof server === 'string') checkUrl(server, /^(?:mysql|mariadb):\/\//, 'mysql://user@host/database');
  else if (
    typeof server !== 'object' ||
    server === null ||
    !('pool' in server || 'getConnection' in server)
  ) {
    throw noServer(server, 'mysql://user@host/database', 'a Pool of mysql2');
  }
  // mysql2 knows one name for both.
  const known = typeof server === 'string' ? server.replace(/^mariadb:/, 'mysql:') : server;
  const open = () => openMysql({ server: known, prefix, leaseMs: read.store.leaseMs });
  return sourceOf(read, kindOfMysqlError, () => refuseHeldTicks().then(open));
}

function sourceOf(
  { store, migrate }: { store: StoreOptions; migrate: boolean },
  kindOf: (error: unknown) => ErrorKind,
  open: () => Promise<Database>,
): Source {
  const openWith = async <T>(work: (database: Database) => Promise<T>): Promise<[Database, T]> => {
    let database: Database | null = null;
    try {
      database = await open();
      return [database, await work(database)];
    } catch (error) {
      await database?.close();
      throw toStoreError(kindOf(error), error);
    }
  };
  return {
    options: store,
    connect: async () => {
      const [database] = await openWith<unknown>(migrate ? migrateDatabase : checkDatabase);
      return database;
    },
    migrate: async () => {
      const [database, done] = await openWith(migrateDatabase);
      await database.close();
      return done;
    },
  };
}

function readFile(file: unknown): string | SqliteHandle {
  const isInMemory = isSqliteHandle(file) && fileOf(file) === null;
  if (!isInMemory && ((typeof file === 'string' && file.trim() !== '') || isSqliteHandle(file))) return file;
  throw new InvalidOptionsError(
    'file',
    isInMemory ? 'a database in memory' : file,
    isInMemory
      ? "The store opens its own connection, which would not see it. Give ':memory:' for a test, or a database in a file."
      : "Name a file, such as 'jobs.db', or give an open Database of node:sqlite, better-sqlite3 or libsql.",
  );
}

function checkUrl(url: string, known: RegExp, example: string): void {
  if (known.test(url)) return;
  const [protocol] = /^[a-z][a-z0-9+.-]*:(?=\/\/)/i.exec(url) ?? [];
  // A password in it stays out of the message.
  throw new InvalidOptionsError(
    'url',
    protocol === undefined ? '…' : `${protocol}//…`,
    `Give a url such as ${example}.`,
  );
}

function noServer(given: unknown, example: string, pool: string): InvalidOptionsError {
  return new InvalidOptionsError(
    'url',
    typeof given === 'object' ? '…' : given,
    `Give a url such as ${example}, or ${pool}.`,
  );
}
