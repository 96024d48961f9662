import { closeSync, existsSync, openSync, unlinkSync } from 'node:fs';
import { InvalidOptionsError } from '@carillon/scheduler/store';
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { borrow, executeIn, isKyselyTransaction } from '../borrowed.js';
import type { Database } from '../database.js';
import { numbersPlugin } from '../numbers-plugin.js';
import { limitsOf } from '../real-time.js';
import { TableNames } from '../table-names.js';
import { Templates } from '../templates.js';
import { findSqlite } from './find-sqlite.js';
import { BUSY_TIMEOUT_MS, SqliteConnection } from './sqlite-connection.js';
import { SqliteDialect } from './sqlite-dialect.js';
import { SqliteDriver } from './sqlite-driver.js';
import { fileOf, isSqliteHandle, reopen, type SqliteHandle } from './sqlite-handle.js';

export interface SqliteSource {
  /** A handle gives the package and the file; the store opens its own connection. */
  file: string | SqliteHandle;
  prefix: string;
  synchronous: 'full' | 'normal';
  leaseMs: number;
}

const PARTS = {
  createAdapter: () => new SqliteAdapter(),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
};

export async function openSqlite({ file, prefix, synchronous, leaseMs }: SqliteSource): Promise<Database> {
  const path = typeof file === 'string' ? file : fileOf(file)!;
  const openFile = typeof file === 'string' ? await findSqlite() : (): SqliteHandle => reopen(file, path);
  const handle = namingCause(path, () => {
    const opened = openFile(path);
    prepare(opened, synchronous);
    return opened;
  });
  const names = new TableNames(null, prefix, '"');
  const kysely = new Kysely<Tables>({
    dialect: { ...PARTS, createDriver: () => new SqliteDriver(handle, limitsOf(leaseMs)) },
    plugins: [names],
  });
  return {
    kysely,
    dialect: new SqliteDialect(names),
    names,
    templates: new Templates(),
    hints: null,
    transaction: (work) => kysely.transaction().execute(work),
    patiently: (work) => kysely.connection().execute(work),
    within: (transaction) => within(transaction, names),
    close: () => kysely.destroy(),
  };
}

function prepare(handle: SqliteHandle, synchronous: 'full' | 'normal'): void {
  // The change to WAL locks the whole file for a moment, and several processes may start at once.
  handle.exec('pragma busy_timeout = 5000');
  handle.exec('pragma journal_mode = wal');
  handle.exec(`pragma synchronous = ${synchronous}`);
  handle.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
}

/** SQLite says just that it cannot open or write the file: the message gets the system's reason. */
function namingCause<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const reason = error instanceof Error ? systemError(file) : null;
    if (reason !== null) (error as Error).message = `${reason.message} (${(error as Error).message})`;
    throw error;
  }
}

/** Opens the file, and makes one beside it as SQLite does; returns the error of that. */
function systemError(file: string): Error | null {
  const beside = `${file}-probe-${process.pid}`;
  try {
    if (existsSync(file)) closeSync(openSync(file, 'r+'));
    closeSync(openSync(beside, 'wx'));
    unlinkSync(beside);
    return null;
  } catch (error) {
    return error as Error;
  }
}

function within(transaction: unknown, names: TableNames): Kysely<Tables> {
  if (isKyselyTransaction(transaction)) return borrow(PARTS, executeIn(transaction), [names, numbersPlugin]);
  if (isSqliteHandle(transaction)) {
    const connection = new SqliteConnection(transaction, 0);
    return borrow(PARTS, (query) => connection.executeQuery(query), [names, numbersPlugin]);
  }
  throw new InvalidOptionsError(
    'transaction',
    transaction,
    'Give the Kysely transaction, or the handle (node:sqlite, better-sqlite3, libsql) that the transaction is open on.',
  );
}
