import { InvalidOptionsError } from '@carillon/scheduler/store';
import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { borrow, executeIn, isKyselyTransaction } from '../borrowed.js';
import type { Database } from '../database.js';
import { loadDriver } from '../load-driver.js';
import { numbersPlugin } from '../numbers-plugin.js';
import { TableNames } from '../table-names.js';
import { Templates } from '../templates.js';
import { MysqlDialect } from './mysql-dialect.js';
import { MysqlDriver, queryOn, READ_COMMITTED } from './mysql-driver.js';
import { askFlavour } from './mysql-flavour.js';
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
  const flavour = await askFlavour(kysely).catch(async (error: unknown) => {
    await kysely.destroy();
    throw error;
  });
  return {
    kysely,
    dialect: new MysqlDialect(names, flavour),
    names,
    templates: new Templates(),
    hints: null,
    transaction: (work) => kysely.transaction().execute(work),
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
