import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
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
  /** A place without tables that nobody else has; starts the server if need be. */
  place: () => Promise<Place>;
}

export interface Place {
  /** The file, or the server's url. */
  readonly url: string;
  /** What keeps it apart: a schema on PostgreSQL, a prefix on MySQL. */
  readonly options: { schema?: string; prefix?: string };
  /** Another connection, as another process would have; migrated unless `bare`. */
  open(how?: { bare: true }): Promise<Database>;
  /** Closes what is open, and removes everything. */
  drop(): Promise<void>;
}

/** SQLite by each package that is here, PostgreSQL, and MySQL or MariaDB. */
export const eachDatabase: readonly (readonly [name: string, database: TestDatabase])[] = await here();

async function here(): Promise<(readonly [string, TestDatabase])[]> {
  const found: (readonly [string, TestDatabase])[] = [];
  for (const name of SQLITE_DRIVERS) {
    const openFile = await loadSqlite(name);
    if (openFile !== null)
      found.push([`SQLite by ${name}`, { kind: 'sqlite', place: () => sqlitePlace(openFile) }]);
  }
  if (await hasServer('postgres')) found.push(['PostgreSQL', { kind: 'postgres', place: postgresPlace }]);
  if (await hasServer('mysql')) found.push(['MySQL', { kind: 'mysql', place: mysqlPlace }]);
  return found;
}

const random = (): string => `t${randomBytes(6).toString('hex')}`;

async function sqlitePlace(openFile: NonNullable<Awaited<ReturnType<typeof loadSqlite>>>): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-sqlite-'));
  const file = join(folder, 'jobs.db');
  return placeOf(
    file,
    {},
    {
      connect: async () => {
        const handle = openFile(file);
        const database = await openSqlite({ file: handle, prefix: 'carillon_', synchronous: 'normal' });
        handle.close();
        return database;
      },
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    },
  );
}

async function postgresPlace(): Promise<Place> {
  const url = await serverUrl('postgres');
  const schema = random();
  return placeOf(
    url,
    { schema },
    {
      connect: () => openPostgres({ server: url, schema }),
      remove: async ({ kysely }) => {
        await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(kysely);
      },
    },
  );
}

async function mysqlPlace(): Promise<Place> {
  const url = await serverUrl('mysql');
  const prefix = `${random()}_`;
  return placeOf(
    url,
    { prefix },
    {
      connect: () => openMysql({ server: url, prefix }),
      remove: async ({ kysely }) => {
        for (const table of ['jobs', 'runs', 'replicas', 'groups', 'migrations', 'migrations_lock']) {
          await sql`drop table if exists ${sql.id(`${prefix}${table}`)}`.execute(kysely);
        }
      },
    },
  );
}

interface Means {
  connect: () => Promise<Database>;
  remove: (database: Database) => Promise<void>;
}

function placeOf(url: string, options: Place['options'], { connect, remove }: Means): Place {
  const opened: Database[] = [];
  return {
    url,
    options,
    open: async (how) => {
      const database = await connect();
      let isOpen = true;
      const lent = { ...database, close: async () => void (isOpen &&= (await database.close(), false)) };
      opened.push(lent);
      if (how === undefined) await migrateDatabase(lent);
      return lent;
    },
    drop: async () => {
      for (const database of opened) await database.close();
      const last = await connect();
      await remove(last);
      await last.close().catch(() => undefined);
    },
  };
}
