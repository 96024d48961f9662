import { InvalidOptionsError } from '@carillon/scheduler/store';
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { borrow, executeIn, isKyselyTransaction } from '../borrowed.js';
import type { Database } from '../database.js';
import { loadDriver } from '../load-driver.js';
import { numbersPlugin } from '../numbers-plugin.js';
import { TableNames } from '../table-names.js';
import { Templates } from '../templates.js';
import type { PgClient, PgModule, PgOwnClient, PgPool } from './pg-types.js';
import { PostgresDialect } from './postgres-dialect.js';
import { PostgresDriver, queryOn } from './postgres-driver.js';
import { PostgresHints } from './postgres-hints.js';

export interface PostgresSource {
  /** A pool stays the user's: nothing is set on it, and it is not closed. */
  server: string | PgPool;
  schema: string;
}

/** A claim, the settles, a renewal and a few queries at once. */
const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;

const PARTS = {
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
};

export async function openPostgres({ server, schema }: PostgresSource): Promise<Database> {
  const { pool, isOurs, client } = typeof server === 'string' ? await ours(server) : await theirs(server);
  const names = new TableNames(schema, '', '"');
  const hints = new PostgresHints(client, `carillon_${schema}`);
  const driver = new PostgresDriver(async () => ({ pool, isOurs }));
  const kysely = new Kysely<Tables>({ dialect: { ...PARTS, createDriver: () => driver }, plugins: [names] });
  return {
    kysely,
    dialect: new PostgresDialect(names),
    names,
    templates: new Templates(),
    hints,
    transaction: (work) =>
      driver.transaction((connection) =>
        // Kysely's own transaction sends a statement only when the one before is answered.
        work(borrow(PARTS, (query) => connection.executeQuery(query), [names])),
      ),
    within: (transaction) => within(transaction, names),
    close: async () => {
      await hints.close();
      await kysely.destroy();
    },
  };
}

interface Server {
  pool: PgPool;
  isOurs: boolean;
  /** A connection beside the pool, which may be a pool of one. */
  client: () => PgOwnClient;
}

async function ours(url: string): Promise<Server> {
  const pg = await loadDriver<PgModule>('pg', () => import('pg'), 'a PostgreSQL store');
  const options = { connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, keepAlive: true };
  const pool = new pg.Pool({ ...options, max: CONNECTIONS, pipeline: true, application_name: 'carillon' });
  // An idle connection that is lost is replaced when one is needed; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return {
    pool,
    isOurs: true,
    client: () => new pg.Client({ ...options, application_name: 'carillon hints' }),
  };
}

async function theirs(pool: PgPool): Promise<Server> {
  const { Client } = pool as unknown as { Client?: PgModule['Client'] };
  const pg = Client ? { Client } : await loadDriver<PgModule>('pg', () => import('pg'), 'a PostgreSQL store');
  return { pool, isOurs: false, client: () => new pg.Client(pool.options ?? {}) };
}

function within(transaction: unknown, names: TableNames): Kysely<Tables> {
  if (isKyselyTransaction(transaction)) return borrow(PARTS, executeIn(transaction), [names, numbersPlugin]);
  if (isClient(transaction))
    return borrow(PARTS, (query) => queryOn(transaction, query), [names, numbersPlugin]);
  throw new InvalidOptionsError(
    'transaction',
    transaction,
    'Give the Kysely transaction, or the pg client that the transaction was begun on.',
  );
}

/** A pool has `query` too, and would run each statement on another connection. */
function isClient(value: unknown): value is PgClient {
  const client = value as (Partial<PgClient> & { totalCount?: number }) | null;
  return typeof client === 'object' && typeof client?.query === 'function' && client.totalCount === undefined;
}
