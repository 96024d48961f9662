import { randomBytes } from 'node:crypto';
import mysql from 'mysql2';
import mysqlPromise from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InvalidOptionsError } from '@carillon/scheduler';
import { type MysqlPool, mysqlStore } from '@carillon/sql';
import { at, type JsonValue, type LeasedStore, readPolicies } from '@carillon/scheduler/store';
import { hasServer, serverUrl } from '../../servers/ask.js';

const PATIENCE = 60_000;
const FUTURE = Date.UTC(2040, 0, 1);
const session = {
  replica: 'a',
  concurrency: { whole: null, groups: {} },
  handlers: () => ['work'],
  onHint: () => undefined,
};

const put = (store: LeasedStore, id: string, payload?: JsonValue, transaction?: unknown, dueAt = FUTURE) =>
  store.putJob(
    {
      id,
      trigger: at(new Date(dueAt)).bind(),
      handler: 'work',
      payload,
      policies: readPolicies({}),
      origin: 'added',
      disabled: false,
    },
    'error',
    0,
    transaction,
  );

describe.runIf(await hasServer('mysql'))('MySQL as people run it', () => {
  let url: string;
  let admin: mysqlPromise.Connection;
  const closing: (() => Promise<unknown>)[] = [];
  const names: string[] = [];
  beforeAll(async () => {
    url = await serverUrl('mysql');
    admin = await mysqlPromise.createConnection(url);
  }, PATIENCE);
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });
  afterAll(async () => {
    for (const name of names) await admin.query(`drop database if exists ${name}`);
    await admin?.end();
  });

  /** A database of the test's own. */
  async function scratchUrl(charset = 'utf8mb4'): Promise<string> {
    const name = `t${randomBytes(6).toString('hex')}`;
    names.push(name);
    await admin.query(`create database ${name} character set ${charset}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    return own.href;
  }

  async function open(server: string | MysqlPool): Promise<LeasedStore> {
    const store = mysqlStore(server, { lease: '10s' });
    await store.open(session);
    closing.push(async () => store.close(0));
    return store;
  }

  async function poolOf(options: mysql.PoolOptions, prelude?: string): Promise<mysql.Pool> {
    // mysql2 keeps the casts of the first pool that ran a statement.
    mysql.clearParserCache();
    const pool = mysql.createPool({ uri: await scratchUrl(), connectionLimit: 4, ...options });
    if (prelude !== undefined) pool.on('connection', (connection) => connection.query(prelude));
    closing.push(() => pool.promise().end());
    return pool;
  }

  /** Adds, claims, completes and lists, with strings and numbers that a wrong setting changes. */
  async function works(store: LeasedStore): Promise<true> {
    const id = `it's "quoted" \\ 日本 🕰`;
    await put(store, id, { text: `\\'"\n🕰` }, undefined, 1_000);
    expect(await store.getJob(id)).toMatchObject({ id, payload: { text: `\\'"\n🕰` }, version: 1 });
    expect(await store.earliestDueAt()).toBe(1_000);
    const { claims } = await store.claimDue({ now: 2_000, limit: 10 });
    expect(claims.map(({ jobId }) => jobId)).toEqual([id]);
    await store.beat(2_000);
    expect(await store.renew(claims, 3_000)).toEqual({ lost: [], cancelled: [] });
    await store.giveBack(claims, 3_000);
    const [again] = (await store.claimDue({ now: 4_000, limit: 10 })).claims;
    const completion = {
      claim: again!,
      result: { kind: 'succeeded', value: 1 },
      endedAt: 5_000,
      retryAt: null,
    } as never;
    expect(await store.complete(completion, false)).toMatch(/recorded|finishedJob/);
    expect(await store.listRuns({})).toMatchObject([{ jobId: id, outcome: 'succeeded' }]);
    expect(await store.getJob(`x' or 1=1 -- `)).toBeNull();
    return true;
  }

  it.each(['latin1', 'utf8mb3', 'sjis'])(
    'keeps ids apart in a database of %s, whose charset the columns of JSON would take',
    async (charset) => {
      const store = await open(await scratchUrl(charset));
      for (const id of ['日本', '中国', '🕰']) await put(store, id, { text: id });
      expect((await store.getJob('日本'))!.payload).toEqual({ text: '日本' });
      expect((await store.listJobs({})).map(({ id }) => id)).toEqual(['中国', '日本', '🕰']);
      await works(store);
    },
    PATIENCE,
  );

  it.each<[string, mysql.PoolOptions]>([
    ['rows as arrays', { rowsAsArray: true }],
    ['nested tables', { nestTables: true }],
    ['no type casts', { typeCast: false }],
    [
      'type casts of their own',
      { typeCast: (field, next) => (field.type === 'LONGLONG' ? BigInt(field.string() ?? 0) : next()) },
    ],
    ['type casts to objects', { typeCast: (field) => ({ value: field.string() }) }],
    ['big numbers as strings', { supportBigNumbers: true, bigNumberStrings: true }],
    ['named placeholders', { namedPlaceholders: true }],
    ['no flag of found rows', { flags: ['-FOUND_ROWS'] }],
    ['one connection', { connectionLimit: 1 }],
    ['another time zone', { timezone: '+05:30' }],
  ])(
    'works over a pool with %s',
    async (_, options) => expect(await works(await open(await poolOf(options)))).toBe(true),
    PATIENCE,
  );

  it.each([
    "set session sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "set session sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,ONLY_FULL_GROUP_BY'",
    "set session sql_mode = ''",
    'set session sql_safe_updates = 1',
    'set session autocommit = 0',
    'set session sql_select_limit = 1',
    "set session time_zone = '+09:00'",
    'set session transaction isolation level serializable',
    'set session transaction isolation level read uncommitted',
    'set session transaction read only',
    "set session collation_connection = 'utf8mb4_turkish_ci'",
    "set session character_set_results = 'latin1'",
  ])(
    'works over a pool whose connections begin with "%s", and gives that back',
    async (prelude) => {
      const pool = await poolOf({ connectionLimit: 1 }, prelude);
      const settings = async () => {
        const [rows] = await pool
          .promise()
          .query<mysql.RowDataPacket[]>(
            'show session variables where variable_name not regexp ' +
              "'timestamp|rand_seed|insert_id|identity|last_gtid|pseudo|in_transaction|warning_count|error_count'",
          );
        return Object.fromEntries(rows.map((row) => [row['Variable_name'], row['Value']]));
      };
      const before = await settings();
      await works(await open(pool));
      expect(await settings()).toEqual(before);
    },
    PATIENCE,
  );

  it('refuses a pool that sends strings in another encoding', async () => {
    const pool = await poolOf({ charset: 'latin1' });
    await expect(async () => mysqlStore(pool).open(session)).rejects.toThrow(
      /"pool" cannot be .*set it to 'utf8mb4'/,
    );
  });

  it.each([
    "set session sql_mode = 'NO_BACKSLASH_ESCAPES'",
    'set names latin1',
    'set names gbk',
    'set names utf8mb3',
    'set session character_set_connection = latin1',
    'set session character_set_results = latin1',
    'set session sql_safe_updates = 1',
  ])('refuses a transaction after "%s", which breaks the statements of the store', async (prelude) => {
    const store = await open(await scratchUrl());
    const connection = await mysqlPromise.createConnection(await scratchUrl());
    closing.push(() => connection.end());
    await connection.query(prelude);
    await connection.beginTransaction();
    await expect(put(store, `x' or 1=1 -- `, undefined, connection)).rejects.toBeInstanceOf(
      InvalidOptionsError,
    );
  });

  it('does not take a read-only transaction of a user for an outage', async () => {
    const own = await scratchUrl();
    const store = await open(own);
    const connection = await mysqlPromise.createConnection(own);
    closing.push(() => connection.end());
    await connection.query('start transaction read only');
    await expect(put(store, 'job', undefined, connection)).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      reason: 'refused',
    });
  });

  it(
    'deadlocks no transactions of users that add new ids at the same time, at the default isolation',
    async () => {
      const own = await scratchUrl();
      const store = await open(own);
      const pool = mysqlPromise.createPool({ uri: own, connectionLimit: 20 });
      closing.push(() => pool.end());
      const order = async (id: string): Promise<void> => {
        const connection = await pool.getConnection();
        await connection.query('set session transaction isolation level repeatable read');
        await connection.beginTransaction();
        try {
          await put(store, id, undefined, connection);
          await new Promise((resolve) => setTimeout(resolve, 50));
          await connection.commit();
        } finally {
          connection.release();
        }
      };
      const ids = Array.from({ length: 20 }, (_, index) => `order-${String(index * 7).padStart(4, '0')}`);
      const results = await Promise.allSettled(ids.map(order));
      expect(results.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))).toEqual([]);
      expect((await store.listJobs({})).map(({ id }) => id)).toEqual(ids.toSorted());
      // The snapshot of a transaction may be older than a job: its id is taken all the same.
      const connection = await pool.getConnection();
      await connection.query('set session transaction isolation level repeatable read');
      await connection.query('start transaction with consistent snapshot');
      await put(store, 'late');
      expect(await put(store, 'late', undefined, connection)).toMatchObject({ change: 'taken' });
      await connection.rollback();
      connection.release();
    },
    PATIENCE,
  );

  it(
    'takes an oversized statement for an error about its row, and not for an outage',
    async () => {
      const store = await open(await scratchUrl());
      await expect(put(store, 'big', 'x'.repeat(20_000_000))).rejects.toMatchObject({
        code: 'DATABASE_REFUSED',
        reason: 'row',
        message: expect.stringContaining('max_allowed_packet'),
      });
      expect(await store.listJobs({})).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'parks no job for statements that are cancelled, and claims it afterwards',
    async () => {
      const own = await scratchUrl();
      const store = await open(own);
      for (let index = 0; index < 5; index++) await put(store, `job ${index}`, undefined, undefined, 1_000);
      const name = new URL(own).pathname.slice(1);
      const over = new AbortController();
      const killing = (async () => {
        while (!over.signal.aborted) {
          const [rows] = await admin.query<mysqlPromise.RowDataPacket[]>(
            "select id from information_schema.processlist where db = ? and command = 'Query'",
            [name],
          );
          for (const { id } of rows) await admin.query(`kill query ${id}`).catch(() => undefined);
        }
      })();
      for (let tried = 0; tried < 40; tried++) {
        const claims = await Promise.resolve(store.claimDue({ now: 2_000 + tried, limit: 10 })).then(
          (batch) => batch.claims,
          () => [],
        );
        await Promise.resolve(store.giveBack(claims, 2_000 + tried)).catch(() => undefined);
      }
      over.abort();
      await killing;
      expect((await store.listJobs({})).map(({ state }) => state)).not.toContain('parked');
    },
    PATIENCE,
  );

  it('says that a table is missing', async () => {
    const own = await scratchUrl();
    const store = await open(own);
    await admin.query(`drop table ${new URL(own).pathname.slice(1)}.carillon_jobs`);
    await expect(async () => store.listJobs({})).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      reason: 'missing',
    });
  });
});
