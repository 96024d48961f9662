import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { SchedulerError, StoreUnavailableError } from '@carillon/scheduler';
import { migrate, mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';
import { every, type LeasedStore, readPolicies } from '@carillon/scheduler/store';
import { TcpProxy } from '../../cluster/tcp-proxy.js';
import { eachDatabase, type ScratchDatabase, type TestDatabase } from '../../servers/each-database.js';

const PATIENCE = 60_000;
const session = {
  replica: 'a',
  concurrency: { whole: null, groups: {} },
  handlers: () => ['work'],
  onHint: () => undefined,
};
const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function storeOf({ kind }: TestDatabase, { url, options }: ScratchDatabase): LeasedStore {
  const all = { ...options, lease: '3s' };
  if (kind === 'sqlite') return sqliteStore(url, all);
  return kind === 'postgres' ? postgresStore(url, all) : mysqlStore(url, all);
}

const VERBS: Record<string, (store: LeasedStore) => unknown> = {
  putJob: (store) =>
    store.putJob(
      {
        id: 'job',
        trigger: every('1s').bind({ jobId: 'job', anchorAt: 0 }),
        handler: 'work',
        payload: { order: 7 },
        policies: readPolicies({}),
        origin: 'added',
        disabled: false,
      },
      'replace',
      0,
    ),
  getJob: (store) => store.getJob('job'),
  listJobs: (store) => store.listJobs({}),
  changeJob: (store) => store.changeJob('job', { kind: 'resume' }, 0),
  requestRun: (store) => store.requestRun({ jobId: 'job', payload: undefined, now: 0 }),
  listRuns: (store) => store.listRuns({}),
  earliestDueAt: (store) => store.earliestDueAt(),
  claimDue: (store) => store.claimDue({ now: 2_000, limit: 10 }),
  time: (store) => store.time(),
  beat: (store) => store.beat(0),
  otherReplicas: (store) => store.otherReplicas(),
};

/** The errors of all verbs. */
async function errorsOf(store: LeasedStore): Promise<Map<string, unknown>> {
  const results = await Promise.allSettled(
    Object.values(VERBS).map((verb) => Promise.resolve().then(() => verb(store))),
  );
  const names = Object.keys(VERBS);
  return new Map(
    results.flatMap((one, index) => (one.status === 'rejected' ? [[names[index]!, one.reason]] : [])),
  );
}

function expectScheduler(errors: Map<string, unknown>): void {
  for (const [verb, error] of errors)
    expect(error, `${verb}: ${String(error)}`).toBeInstanceOf(SchedulerError);
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function world(database: TestDatabase): Promise<{
  store: LeasedStore;
  scratch: ScratchDatabase;
  own: Awaited<ReturnType<ScratchDatabase['open']>>;
}> {
  const scratch = await database.scratch();
  closing.push(() => scratch.drop());
  const own = await scratch.open();
  const store = storeOf(database, scratch);
  await store.open(session);
  await VERBS['putJob']!(store);
  return { store, scratch, own };
}

describe.each(eachDatabase)('every error of a verb over %s is one of the scheduler', (_, database) => {
  it('during and after close()', async () => {
    const { store } = await world(database);
    const pending = errorsOf(store);
    const closed = store.close(0);
    const during = errorsOf(store);
    await closed;
    expectScheduler(await pending);
    expectScheduler(await during);
    const after = await errorsOf(store);
    expectScheduler(after);
    expect(new Set([...after.values()].map((error) => (error as SchedulerError).code))).toEqual(
      new Set(['SCHEDULER_NOT_RUNNING']),
    );
    expect([...after.keys()]).toEqual(Object.keys(VERBS));
  });

  it('when tables are missing, and none of them says "try again"', async () => {
    const { store, own } = await world(database);
    closing.push(() => Promise.resolve(store.close(0)).catch(() => undefined));
    for (const table of ['jobs', 'schedules', 'live_runs', 'history', 'replicas'] as const)
      await own.kysely.schema.dropTable(table).execute();
    const errors = await errorsOf(store);
    expectScheduler(errors);
    expect(errors.size).toBeGreaterThan(8);
    for (const [verb, error] of errors)
      expect(error, verb).toMatchObject({ code: 'DATABASE_REFUSED', reason: 'missing' });
  });
});

const servers = eachDatabase.filter(([, { kind }]) => kind !== 'sqlite');

describe.each(servers)('over %s', (_, database) => {
  const isPostgres = database.kind === 'postgres';

  describe.each<[string, (url: URL) => unknown, object]>([
    [
      'a database that does not exist',
      (url) => (url.pathname = '/none_of_this_name'),
      { code: 'DATABASE_REFUSED', reason: 'missing' },
    ],
    [
      'a user who is unknown',
      (url) => (url.username = 'nobody_of_this_name'),
      { code: 'DATABASE_REFUSED', reason: 'denied' },
    ],
    ['a port on which nothing listens', (url) => (url.port = '1'), { code: 'STORE_UNAVAILABLE' }],
  ])('%s', (__, change, error) => {
    it.each<[string, (store: LeasedStore) => unknown]>([
      ['the start', (store) => store.open(session)],
      ['migrate()', migrate],
    ])('ends %s with an error that says whether to try again', async (___, begin) => {
      const scratch = await database.scratch();
      closing.push(() => scratch.drop());
      const url = new URL(scratch.url);
      change(url);
      const store = storeOf(database, { ...scratch, url: url.href });
      await expect(async () => begin(store)).rejects.toMatchObject({ ...error, name: expect.any(String) });
      await expect(async () => begin(store)).rejects.toBeInstanceOf(SchedulerError);
    });
  });

  it('tables that no migration has noted end the start with what the database says', async () => {
    const scratch = await database.scratch();
    closing.push(() => scratch.drop());
    const own = await scratch.open();
    await sql.raw(`delete from ${own.names.quoted('migrations')}`).execute(own.kysely);
    const store = storeOf(database, scratch);
    for (const begin of [() => store.open(session), () => migrate(store)]) {
      await expect(async () => begin()).rejects.toMatchObject({
        code: 'DATABASE_REFUSED',
        message: expect.stringMatching(/due_at\W+(does not|doesn't) exist/),
      });
    }
  });

  it('a user without privileges, or who may only read, learns so', async () => {
    const { store, scratch } = await world(database);
    await store.close(0);
    const name = `u${randomBytes(5).toString('hex')}`;
    const { schema, prefix } = scratch.options;
    const url = new URL(scratch.url);
    url.username = name;
    if (isPostgres) {
      const client = new pg.Client(scratch.url);
      await client.connect();
      await client.query(`create role ${name} login; grant usage on schema ${schema} to ${name};
        grant select on all tables in schema ${schema} to ${name}`);
      closing.push(() => client.query(`drop owned by ${name}; drop role ${name}`).then(() => client.end()));
    } else {
      const client = await mysql.createConnection(scratch.url);
      const tables = url.pathname.slice(1);
      await client.query(`create user ${name}@'%'`);
      await client.query(`grant select on ${tables}.* to ${name}@'%'`);
      closing.push(() => client.query(`drop user ${name}@'%'`).then(() => client.end()));
    }
    const theirs = isPostgres
      ? postgresStore(url.href, { schema: schema!, migrate: false })
      : mysqlStore(url.href, { prefix: prefix!, migrate: false });
    await theirs.open(session);
    closing.push(() => Promise.resolve(theirs.close(0)).catch(() => undefined));
    const errors = await errorsOf(theirs);
    expectScheduler(errors);
    for (const verb of ['requestRun', 'beat'])
      expect(errors.get(verb), verb).toMatchObject({ code: 'DATABASE_REFUSED', reason: 'denied' });
  });

  it(
    'a pool of the user’s is bounded as well, with or without a timeout of its own',
    async () => {
      for (const timeout of [{}, { query_timeout: 300, max: 2 }]) {
        const scratch = await database.scratch();
        closing.push(() => scratch.drop());
        await scratch.open();
        const proxy = await TcpProxy.before(scratch.url);
        closing.push(() => proxy.close());
        const options = { ...scratch.options, lease: '3s' };
        const pool = isPostgres
          ? new pg.Pool({ connectionString: proxy.url, max: 2, ...timeout })
          : mysql.createPool({ uri: proxy.url, connectionLimit: 2 });
        if (pool instanceof pg.Pool) pool.on('error', () => undefined);
        const store = pool instanceof pg.Pool ? postgresStore(pool, options) : mysqlStore(pool, options);
        await store.open(session);
        await store.listJobs({});
        proxy.silence();
        const startedAt = performance.now();
        await expect(async () => store.listJobs({})).rejects.toBeInstanceOf(StoreUnavailableError);
        expect(performance.now() - startedAt).toBeLessThan(1_500);
        await expect
          .poll(() => Promise.resolve(store.listJobs({})).catch(() => null), { timeout: 10_000 })
          .toEqual([]);
        await store.close(0);
        proxy.cutAll();
        await pool.end().catch(() => undefined);
      }
    },
    PATIENCE,
  );

  it('a transaction that the server ends for being idle is an outage, not a raw error', async () => {
    const { scratch, store, own } = await world(database);
    closing.push(async () => store.close(0));
    const held = own.transaction(async (trx) => {
      await trx.selectFrom('jobs').select('id').execute();
      const terminate = isPostgres
        ? `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and query like '%${scratch.options.schema}%'`
        : null;
      if (terminate !== null) {
        const client = new pg.Client(scratch.url);
        await client.connect();
        await client.query(terminate);
        await client.end();
        await later(50);
      } else {
        const client = await mysql.createConnection(scratch.url);
        const [rows] = await client.query<mysql.RowDataPacket[]>(
          'select trx_mysql_thread_id as id from information_schema.innodb_trx',
        );
        for (const { id } of rows) await client.query(`kill ${id}`).catch(() => undefined);
        await client.end();
        await later(50);
      }
      await trx.selectFrom('jobs').select('id').execute();
    });
    const error: unknown = await held.catch((caught: unknown) => caught);
    expect(own.dialect.kindOf(error), String(error)).toBe('down');
    expect(await store.getJob('job')).not.toBeNull();
  });

  it('a verb waits for a job that another transaction has locked no longer than the deadline', async () => {
    const { store, own } = await world(database);
    closing.push(async () => store.close(0));
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let isLocked = (): void => undefined;
    const locked = new Promise<void>((resolve) => (isLocked = resolve));
    const holding = own.transaction(async (trx) => {
      await trx.selectFrom('schedules').select('id').where('id', '=', 'job').forUpdate().execute();
      isLocked();
      await released;
    });
    await locked;
    const startedAt = performance.now();
    await expect(async () => VERBS['changeJob']!(store)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    release();
    await holding;
    expect(await VERBS['changeJob']!(store)).not.toBeNull();
  });
});
