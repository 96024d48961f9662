import mysql from 'mysql2/promise';
import pg from 'pg';
import { findSqlite } from '../../../libs/scheduler-sql/src/driver/sqlite/find-sqlite.js';
import type { Effect } from '../replica/protocol.js';
import type { StoreSettings } from '../replica/store-of.js';

export interface EffectsTarget {
  kind: StoreSettings['kind'];
  /** The server itself, also where the store goes through a proxy; for SQLite a file beside the store's. */
  url: string;
  /** The schema on PostgreSQL, which is made if it is missing; else null. */
  schema: string | null;
  table: string;
}

export interface EffectsConnection {
  make: () => Promise<void>;
  append: (row: Effect & { nth: number }) => Promise<void>;
  read: () => Promise<Effect[]>;
  drop: () => Promise<void>;
  close: () => Promise<void>;
}

/** What the kinds of databases differ in. */
interface Dialect {
  id: string;
  placeholder: (position: number) => string;
  /** Ends an insert: a row that is there already stays. */
  keep: string;
}

interface Session {
  run: (sql: string, values?: unknown[]) => Promise<void>;
  all: (sql: string) => Promise<unknown[]>;
  close: () => Promise<void>;
}

const DIALECTS: Record<EffectsTarget['kind'], Dialect> = {
  sqlite: {
    id: 'integer primary key autoincrement',
    placeholder: () => '?',
    keep: 'on conflict do nothing',
  },
  postgres: { id: 'bigserial primary key', placeholder: (n) => `$${n}`, keep: 'on conflict do nothing' },
  // `insert ignore` would also ignore a value that does not fit.
  mysql: {
    id: 'bigint auto_increment primary key',
    placeholder: () => '?',
    keep: 'on duplicate key update nth = nth',
  },
};

/** A server that is stopping may accept a connection and never greet it. */
const CONNECT_TIMEOUT_MS = 5_000;
const COLUMNS = ['kind', 'run', 'job', 'tick', 'attempt', 'token', 'replica', 'reason', 'nth'] as const;
const SESSIONS: Record<EffectsTarget['kind'], (url: string) => Promise<Session>> = {
  sqlite: sqliteSession,
  postgres: postgresSession,
  mysql: mysqlSession,
};

export async function connectTo({ kind, url, schema, table }: EffectsTarget): Promise<EffectsConnection> {
  const { id, placeholder, keep } = DIALECTS[kind];
  const name = schema === null ? table : `"${schema}".${table}`;
  const values = COLUMNS.map((_, index) => placeholder(index + 1)).join(', ');
  const insert = `insert into ${name} (${COLUMNS.join(', ')}) values (${values}) ${keep}`;
  const session = await SESSIONS[kind](url);
  return {
    make: async () => {
      if (schema !== null) await session.run(`create schema if not exists "${schema}"`);
      await session.run(`create table if not exists ${name} (
        id ${id}, kind varchar(10) not null, run varchar(60) not null, job varchar(60) not null, tick bigint,
        attempt int not null, token bigint not null, replica varchar(60) not null, reason varchar(60),
        nth int not null, unique (replica, nth))`);
    },
    append: ({ kind: what, runId, jobId, tick, attempt, token, replica, reason, nth }) =>
      session.run(insert, [what, runId, jobId, tick, attempt, token, replica, reason ?? null, nth]),
    read: async () => {
      const rows = await session.all(`select ${COLUMNS.join(', ')} from ${name} order by id`);
      return (rows as Row[]).map(effectOf);
    },
    drop: () => session.run(`drop table if exists ${name}`),
    close: session.close,
  };
}

/** A driver gives a bigint as text or as a number. */
interface Row extends Pick<Effect, 'kind' | 'attempt' | 'replica'> {
  run: string;
  job: string;
  tick: string | number | null;
  token: string | number;
  reason: string | null;
}

function effectOf({ kind, run, job, tick, attempt, token, replica, reason }: Row): Effect {
  return {
    kind,
    runId: run,
    jobId: job,
    tick: tick === null ? null : Number(tick),
    attempt,
    token: Number(token),
    replica,
    ...(reason === null ? {} : { reason }),
  };
}

async function sqliteSession(file: string): Promise<Session> {
  const handle = (await findSqlite())(file);
  // Held by another process, the file is tried again, and this process has its turn in between.
  handle.exec('pragma busy_timeout = 10');
  handle.exec('pragma journal_mode = wal');
  handle.exec('pragma synchronous = normal');
  return {
    run: async (sql, values = []) => void handle.prepare(sql).run(...values),
    all: async (sql) => handle.prepare(sql).all(),
    close: async () => void handle.close(),
  };
}

async function postgresSession(url: string): Promise<Session> {
  // Not by the name that a test terminates backends by.
  const named = { connectionString: url, application_name: 'effects' };
  const client = new pg.Client({ ...named, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  return {
    run: async (sql, values) => void (await client.query(sql, values)),
    all: async (sql) => (await client.query(sql)).rows as unknown[],
    close: () => client.end(),
  };
}

async function mysqlSession(url: string): Promise<Session> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined);
  return {
    run: async (sql, values) => void (await connection.query(sql, values)),
    all: async (sql) => (await connection.query(sql))[0] as unknown[],
    close: async () => connection.destroy(),
  };
}
