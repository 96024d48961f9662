import { InvalidOptionsError } from '@carillon/scheduler/store';
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import { borrow, executeIn, isKyselyTransaction } from '../borrowed.js';
import type { Database } from '../database.js';
import { loadDriver } from '../load-driver.js';
import { numbersPlugin } from '../numbers-plugin.js';
import { isOverWithin, type Limits, limitsOf } from '../real-time.js';
import { TableNames } from '../table-names.js';
import { Templates } from '../templates.js';
import type { PgClient, PgModule, PgOwnClient, PgOwnPool, PgPool, PgPoolClient } from './pg-types.js';
import { PostgresDialect } from './postgres-dialect.js';
import { PostgresDriver } from './postgres-driver.js';
import { PostgresHints } from './postgres-hints.js';
import { queryOn } from './query-on.js';

export interface PostgresSource {
  /** A pool stays the user's: nothing is set on it, and it is not closed. */
  server: string | PgPool;
  schema: string;
  leaseMs: number;
}

/** A claim, completions, a renewal and a few queries at once. */
const CONNECTIONS = 10;

const PARTS = {
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
};

export async function openPostgres({ server, schema, leaseMs }: PostgresSource): Promise<Database> {
  const limits = limitsOf(leaseMs);
  const { pool, client, close } =
    typeof server === 'string' ? await ours(server, limits) : await theirs(server);
  const names = new TableNames(schema, '', '"');
  const driver = new PostgresDriver(pool, limits);
  const kysely = new Kysely<Tables>({ dialect: { ...PARTS, createDriver: () => driver }, plugins: [names] });
  const hints = new PostgresHints(client, kysely, `carillon_${schema}`, limits);
  return {
    kysely,
    dialect: new PostgresDialect(names),
    names,
    templates: new Templates(),
    hints,
    // Kysely's own transaction sends a statement only after the response to the one before.
    transaction: (work) =>
      driver.transaction((connection) =>
        work(borrow(PARTS, (query) => connection.executeQuery(query), [names])),
      ),
    patiently: (work) =>
      driver.patiently((connection) =>
        work(borrow(PARTS, (query) => connection.executeQuery(query), [names])),
      ),
    within: (transaction) => within(transaction, names),
    close: async () => {
      await hints.close();
      await kysely.destroy();
      await close();
    },
  };
}

interface Server {
  pool: PgPool;
  /** A connection beside the pool, which may be a pool of one. */
  client: () => PgOwnClient;
  close: () => Promise<void>;
}

async function ours(url: string, limits: Limits): Promise<Server> {
  const pg = await loadDriver<PgModule>('pg', () => import('pg'), 'a PostgreSQL store');
  const options = { connectionString: url, keepAlive: true };
  const timeout = { connectionTimeoutMillis: limits.responseMs };
  // The timeout is for connecting. The same option of the pool would count the wait for a free connection, too.
  class Client extends pg.Client {
    constructor(given: object) {
      super({ ...given, ...timeout });
    }
  }
  const name = { application_name: 'carillon' };
  const pool = new pg.Pool({ ...options, ...name, max: CONNECTIONS, pipeline: true, Client });
  // An idle connection that is lost is replaced when one is needed; without a listener the event ends the process.
  pool.on('error', () => undefined);
  const clients = clientsOf(pool);
  return {
    pool,
    client: () => new Client({ ...options, application_name: 'carillon hints' }),
    close: async () => {
      // Waits for the server's response to each goodbye.
      const ended = pool.end().catch(() => undefined);
      if (await isOverWithin(ended, limits.responseMs)) return;
      for (const client of clients) client.connection?.stream?.destroy();
    },
  };
}

function clientsOf(pool: PgOwnPool): ReadonlySet<PgPoolClient> {
  const clients = new Set<PgPoolClient>();
  pool.on('connect', (client) => void clients.add(client));
  pool.on('remove', (client) => void clients.delete(client));
  return clients;
}

async function theirs(pool: PgPool): Promise<Server> {
  const { Client } = pool as unknown as { Client?: PgModule['Client'] };
  const pg = Client ? { Client } : await loadDriver<PgModule>('pg', () => import('pg'), 'a PostgreSQL store');
  return { pool, client: () => new pg.Client(pool.options ?? {}), close: () => Promise.resolve() };
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

/** False for a pool, which has `query` too, and runs each statement on another connection. */
function isClient(value: unknown): value is PgClient {
  const client = value as (Partial<PgClient> & { totalCount?: number }) | null;
  return typeof client === 'object' && typeof client?.query === 'function' && client.totalCount === undefined;
}
