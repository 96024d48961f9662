import { InvalidOptionsError } from '@carillon/scheduler/store';
import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { borrow, type Execute, executeIn, isKyselyTransaction } from '../borrowed.js';
import type { Database } from '../database.js';
import { loadDriver } from '../load-driver.js';
import { numbersPlugin } from '../numbers-plugin.js';
import { type Limits, limitsOf } from '../real-time.js';
import { TableNames } from '../table-names.js';
import { Templates } from '../templates.js';
import { MysqlDialect } from './mysql-dialect.js';
import { MysqlDriver } from './mysql-driver.js';
import { readServerFacts } from './mysql-flavour.js';
import { checkTransactionMode, READ_TRANSACTION_MODE } from './mysql-session.js';
import {
  coreConnection,
  corePool,
  type MysqlCorePool,
  type MysqlModule,
  type MysqlPool,
} from './mysql-types.js';
import { queryOn } from './query-on.js';

export interface MysqlSource {
  /** A pool stays the user's: its connections get their settings back, and it is not closed. */
  server: string | MysqlPool;
  prefix: string;
  leaseMs: number;
}

const CONNECTIONS = 10;

const PARTS = {
  createAdapter: () => new MysqlAdapter(),
  createQueryCompiler: () => new MysqlQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>) => new MysqlIntrospector(db),
};

export async function openMysql({ server, prefix, leaseMs }: MysqlSource): Promise<Database> {
  const isOurs = typeof server === 'string';
  const limits = limitsOf(leaseMs);
  const pool = isOurs ? await ours(server, limits) : corePool(server);
  const names = new TableNames(null, prefix, '`');
  const driver = new MysqlDriver(pool, isOurs, limits);
  const kysely = new Kysely<Tables>({
    dialect: { ...PARTS, createDriver: () => driver },
    // A user's pool may return numbers as strings.
    plugins: isOurs ? [names] : [names, numbersPlugin],
  });
  const { flavour, maxPacket } = await readServerFacts(kysely).catch(async (error: unknown) => {
    await kysely.destroy();
    throw error;
  });
  driver.maxPacket = maxPacket;
  return {
    kysely,
    dialect: new MysqlDialect(names, flavour),
    names,
    templates: new Templates(),
    hints: null,
    transaction: (work) => kysely.transaction().execute(work),
    patiently: (work) =>
      driver.patiently((connection) =>
        work(borrow(PARTS, (query) => connection.executeQuery(query), [names, numbersPlugin])),
      ),
    within: (transaction) => within(transaction, names),
    close: () => kysely.destroy(),
  };
}

async function ours(url: string, limits: Limits): Promise<MysqlCorePool> {
  const mysql = await loadDriver<MysqlModule>('mysql2', () => import('mysql2'), 'a MySQL store');
  return mysql.createPool({
    uri: url,
    connectionLimit: CONNECTIONS,
    connectTimeout: limits.responseMs,
    charset: 'utf8mb4',
  });
}

function within(transaction: unknown, names: TableNames): Kysely<Tables> {
  const plugins = [names, numbersPlugin];
  if (isKyselyTransaction(transaction)) return borrow(PARTS, checked(executeIn(transaction)), plugins);
  const connection = coreConnection(transaction);
  if (connection !== null)
    return borrow(
      PARTS,
      checked((query) => queryOn(connection, query)),
      plugins,
    );
  throw new InvalidOptionsError(
    'transaction',
    transaction,
    'Give the Kysely transaction, or the mysql2 connection that the transaction was begun on.',
  );
}

/** Checks the settings of a user's transaction before its first statement. */
function checked(execute: Execute): Execute {
  let check: Promise<void> | null = null;
  return async (query) => {
    check ??= execute(READ_TRANSACTION_MODE).then(({ rows }) => checkTransactionMode(rows[0]!));
    await check;
    return execute(query);
  };
}
