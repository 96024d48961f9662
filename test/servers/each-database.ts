import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { COLUMNS } from '../../libs/scheduler-sql/src/schema/columns.js';
import type { Database } from '../../libs/scheduler-sql/src/driver/database.js';
import { openMysql } from '../../libs/scheduler-sql/src/driver/mysql/open-mysql.js';
import { openPostgres } from '../../libs/scheduler-sql/src/driver/postgres/open-postgres.js';
import { loadSqlite, SQLITE_DRIVERS } from '../../libs/scheduler-sql/src/driver/sqlite/find-sqlite.js';
import { openSqlite } from '../../libs/scheduler-sql/src/driver/sqlite/open-sqlite.js';
import { migrateDatabase } from '../../libs/scheduler-sql/src/migrations/index.js';
import { hasServer, serverUrl } from './ask.js';

/** A database for tests: `describe.each(eachDatabase)('%s', (_, database) => …)`. */
export interface TestDatabase {
  readonly kind: 'sqlite' | 'postgres' | 'mysql';
  /** A new database without tables, nobody else's. Starts the server if need be. */
  scratch: () => Promise<ScratchDatabase>;
}

export interface ScratchDatabase {
  /** The file, or the server's url. */
  readonly url: string;
  /** Keeps it apart from others on the server: a schema on PostgreSQL, a prefix on MySQL. */
  readonly options: { schema?: string; prefix?: string };
  /** Opens another connection, as another process would; migrates it unless `bare`. */
  open(how?: { bare: true }): Promise<Database>;
  /** Closes all connections and removes the tables. */
  drop(): Promise<void>;
}

/** SQLite through each installed package, PostgreSQL, and MySQL or MariaDB: those that are available here. */
export const eachDatabase: readonly (readonly [name: string, database: TestDatabase])[] = await available();

async function available(): Promise<(readonly [string, TestDatabase])[]> {
  const found: (readonly [string, TestDatabase])[] = [];
  for (const name of SQLITE_DRIVERS) {
    const openFile = await loadSqlite(name);
    if (openFile !== null)
      found.push([`SQLite by ${name}`, { kind: 'sqlite', scratch: () => sqliteScratch(openFile) }]);
  }
  if (await hasServer('postgres')) found.push(['PostgreSQL', { kind: 'postgres', scratch: postgresScratch }]);
  if (await hasServer('mysql')) found.push(['MySQL', { kind: 'mysql', scratch: mysqlScratch }]);
  return found;
}

const random = (): string => `t${randomBytes(6).toString('hex')}`;

async function sqliteScratch(
  openFile: NonNullable<Awaited<ReturnType<typeof loadSqlite>>>,
): Promise<ScratchDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-sqlite-'));
  const file = join(folder, 'jobs.db');
  return scratchOf(
    file,
    {},
    {
      connect: async () => {
        const handle = openFile(file);
        const database = await openSqlite({
          file: handle,
          prefix: 'carillon_',
          synchronous: 'normal',
          leaseMs: 30_000,
        });
        handle.close();
        return database;
      },
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    },
  );
}

async function postgresScratch(): Promise<ScratchDatabase> {
  const url = await serverUrl('postgres');
  const schema = random();
  return scratchOf(
    url,
    { schema },
    {
      connect: () => openPostgres({ server: url, schema, leaseMs: 30_000 }),
      remove: async ({ kysely }) => {
        await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(kysely);
      },
    },
  );
}

async function mysqlScratch(): Promise<ScratchDatabase> {
  const url = await serverUrl('mysql');
  const prefix = `${random()}_`;
  return scratchOf(
    url,
    { prefix },
    {
      connect: () => openMysql({ server: url, prefix, leaseMs: 30_000 }),
      remove: async ({ kysely }) => {
        // A test may stop between versions: the first one's `runs` may be there.
        for (const table of [...Object.keys(COLUMNS), 'runs', 'migrations', 'migrations_lock']) {
          await sql`drop table if exists ${sql.id(`${prefix}${table}`)}`.execute(kysely);
        }
      },
    },
  );
}

interface Connector {
  connect: () => Promise<Database>;
  remove: (database: Database) => Promise<void>;
}

function scratchOf(
  url: string,
  options: ScratchDatabase['options'],
  { connect, remove }: Connector,
): ScratchDatabase {
  const opened: Database[] = [];
  return {
    url,
    options,
    open: async (how) => {
      const database = await connect();
      let isOpen = true;
      const shared = { ...database, close: async () => void (isOpen &&= (await database.close(), false)) };
      opened.push(shared);
      if (how === undefined) await migrateDatabase(shared);
      return shared;
    },
    drop: async () => {
      for (const database of opened) await database.close();
      const last = await connect();
      await remove(last);
      await last.close().catch(() => undefined);
    },
  };
}
