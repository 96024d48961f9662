import { InvalidOptionsError } from '@carillon/scheduler/store';
import { CompiledQuery, Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { borrow, executeIn, isKyselyTransaction } from '../borrowed.js';
import type { Database } from '../database.js';
import { DatabaseTooOldError } from '../errors.js';
import { loadDriver } from '../load-driver.js';
import { numbersPlugin } from '../numbers-plugin.js';
import { TableNames } from '../table-names.js';
import { Templates } from '../templates.js';
import { MysqlDialect } from './mysql-dialect.js';
import { MysqlDriver, queryOn, READ_COMMITTED } from './mysql-driver.js';
import {
  coreConnection,
  corePool,
  type MysqlCorePool,
  type MysqlModule,
  type MysqlPool,
} from './mysql-types.js';

export interface MysqlSource {
  /** A pool stays the user's: nothing is set on it, and it is not closed. */
  server: string | MysqlPool;
  prefix: string;
}

const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;

const PARTS = {
  createAdapter: () => new MysqlAdapter(),
  createQueryCompiler: () => new MysqlQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>) => new MysqlIntrospector(db),
};

export async function openMysql({ server, prefix }: MysqlSource): Promise<Database> {
  const isOurs = typeof server === 'string';
  const pool = isOurs ? await ours(server) : corePool(server);
  const names = new TableNames(null, prefix, '`');
  const driver = new MysqlDriver(pool, isOurs);
  const plugins = isOurs ? [names] : [names, numbersPlugin];
  const kysely = new Kysely<Tables>({ dialect: { ...PARTS, createDriver: () => driver }, plugins });
  const collation = await collationOf(kysely).catch(async (error: unknown) => {
    await kysely.destroy();
    throw error;
  });
  return {
    kysely,
    dialect: new MysqlDialect(names, collation),
    names,
    templates: new Templates(),
    hints: null,
    within: (transaction) => within(transaction, names),
    close: () => kysely.destroy(),
  };
}

async function ours(url: string): Promise<MysqlCorePool> {
  const mysql = await loadDriver<MysqlModule>('mysql2', () => import('mysql2'), 'a MySQL store');
  const pool = mysql.createPool({
    uri: url,
    connectionLimit: CONNECTIONS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    charset: 'utf8mb4',
  });
  // Statements of a connection are carried out in order, so this one comes first. If it fails, the next fails too.
  pool.on('connection', (connection) => connection.query(READ_COMMITTED, [], () => undefined));
  return pool;
}

/**
 * What the two servers call comparing byte by byte.
 *
 * @throws DatabaseTooOldError for those without JSON_TABLE and SKIP LOCKED
 */
async function collationOf(kysely: Kysely<Tables>): Promise<string> {
  const { rows } = await kysely.executeQuery<ServerVersion>(VERSION);
  const version = rows[0]!.server_version;
  const [major, minor] = version.split('.').map(Number.parseFloat) as [number, number];
  const isMariadb = /mariadb/i.test(version);
  const isOld = isMariadb ? major < 10 || (major === 10 && minor < 6) : major < 8;
  if (isOld) throw new DatabaseTooOldError(version, isMariadb ? 'MariaDB 10.6' : 'MySQL 8.0');
  return isMariadb ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin';
}

interface ServerVersion {
  server_version: string;
}

const VERSION = CompiledQuery.raw('select version() as server_version') as CompiledQuery<ServerVersion>;

function within(transaction: unknown, names: TableNames): Kysely<Tables> {
  if (isKyselyTransaction(transaction)) return borrow(PARTS, executeIn(transaction), [names, numbersPlugin]);
  const connection = coreConnection(transaction);
  if (connection !== null)
    return borrow(PARTS, (query) => queryOn(connection, query), [names, numbersPlugin]);
  throw new InvalidOptionsError(
    'transaction',
    transaction,
    'Give the Kysely transaction, or the mysql2 connection that the transaction was begun on.',
  );
}
