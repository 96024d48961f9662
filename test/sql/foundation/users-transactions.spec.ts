import mysql from 'mysql2';
import mysqlPromise from 'mysql2/promise';
import pg from 'pg';
import Libsql from 'libsql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../../libs/scheduler-sql/src/driver/database.js';
import { openMysql } from '../../../libs/scheduler-sql/src/driver/mysql/open-mysql.js';
import { openPostgres } from '../../../libs/scheduler-sql/src/driver/postgres/open-postgres.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';
import { jobRow } from './rows.js';

const jobsOf = ({ kysely }: Pick<Database, 'kysely'>) =>
  kysely.selectFrom('jobs').selectAll().orderBy('id').execute();

/** Adds a job inside a transaction that is rolled back, and one inside a transaction that is committed. */
async function jobsKept(
  database: Database,
  transaction: unknown,
  run: (text: string) => unknown,
): Promise<string[]> {
  for (const end of ['rollback', 'commit']) {
    await run('begin');
    const inside = database.within(transaction);
    const job = jobRow({ id: end });
    await database.dialect.insertMany(inside, { table: 'jobs', rows: [job] });
    expect(await inside.selectFrom('jobs').selectAll().where('id', '=', end).execute()).toEqual([job]);
    expect(await jobsOf(database)).toEqual([]);
    await run(end);
  }
  return (await jobsOf(database)).map(({ id }) => id);
}

describe.runIf(eachDatabase.some(([name]) => name === 'PostgreSQL'))('on PostgreSQL', () => {
  let scratch: ScratchDatabase;
  let pool: pg.Pool;
  let database: Database;
  beforeEach(async () => {
    scratch = await eachDatabase.find(([name]) => name === 'PostgreSQL')![1].scratch();
    await scratch.open();
    pool = new pg.Pool({ connectionString: scratch.url, max: 2 });
    database = await openPostgres({ server: pool, schema: scratch.options.schema!, leaseMs: 30_000 });
  });
  afterEach(async () => {
    await database.close();
    await pool.end();
    await scratch.drop();
  });

  it('takes the client that the transaction was begun on', async () => {
    const client = await pool.connect();
    expect(await jobsKept(database, client, (text) => client.query(text))).toEqual(['commit']);
    client.release();
  });

  it('refuses a pool, which would run each statement on another connection', () => {
    expect(() => database.within(pool)).toThrow(/pg client that the transaction was begun on/);
  });

  it('leaves the pool of the user as it is', async () => {
    await database.dialect.insertMany(database.kysely, { table: 'jobs', rows: [jobRow({ id: 'a' })] });
    expect(await jobsOf(database)).toEqual([jobRow({ id: 'a' })]);
    const { rows } = await pool.query('select 1::bigint as big');
    expect(rows).toEqual([{ big: '1' }]);
    expect(pool.listenerCount('error')).toBe(0);
    await database.close();
    expect((await pool.query('select 2 as two')).rows).toEqual([{ two: 2 }]);
    database = await openPostgres({ server: pool, schema: scratch.options.schema!, leaseMs: 30_000 });
  });

  it('survives that its connections are cut, between statements and within one', async () => {
    const helper = new pg.Pool({ connectionString: scratch.url, max: 1 });
    const cut = () =>
      helper.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'carillon'",
      );
    const own = await openPostgres({ server: scratch.url, schema: scratch.options.schema!, leaseMs: 30_000 });
    for (let round = 0; round < 3; round++) {
      const broken = own.kysely.transaction().execute(async (transaction) => {
        await jobsOf({ kysely: transaction });
        await cut();
        await jobsOf({ kysely: transaction });
      });
      const error: unknown = await broken.catch((caught: unknown) => caught);
      expect(own.dialect.kindOf(error), String(error)).toBe('down');
      expect(await jobsOf(own)).toEqual([]);
    }
    await own.close();
    await helper.end();
  });

  it('says that a server which is not there is down', async () => {
    const nowhere = await openPostgres({
      server: 'postgres://x@127.0.0.1:1/x',
      schema: 'carillon',
      leaseMs: 30_000,
    });
    const error: unknown = await jobsOf(nowhere).catch((caught: unknown) => caught);
    expect(nowhere.dialect.kindOf(error), String(error)).toBe('down');
    await nowhere.close();
  });

  it('hints to others at the commit, never to itself, and listens anew when the connection was cut', async () => {
    const other = await openPostgres({
      server: scratch.url,
      schema: scratch.options.schema!,
      leaseMs: 30_000,
    });
    const heard: string[] = [];
    let wake = (): void => undefined;
    const next = (): Promise<void> => new Promise((resolve) => (wake = resolve));
    const listen = (): Promise<void> =>
      other.hints!.listen('other', (hint) => {
        heard.push(hint);
        wake();
      });
    // Whoever begins to listen may have missed one.
    await listen();
    expect(heard).toHaveLength(1);

    const arrives = next();
    await database.hints!.send(database.kysely, 'me', 'cancel');
    await arrives;
    expect(heard).toEqual(['due', 'cancel']);

    await other.hints!.send(other.kysely, 'other', 'due');
    await pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'carillon hints'",
    );
    const again = next();
    // The loss of the connection is heard in a turn of the event loop of its own.
    while (heard.length === 2) await listen().then(() => new Promise((resolve) => setImmediate(resolve)));
    await again;
    await listen();
    expect(heard).toHaveLength(3);
    await other.close();
  });
});

describe.runIf(eachDatabase.some(([name]) => name === 'MySQL'))('on MySQL', () => {
  let scratch: ScratchDatabase;
  let database: Database;
  beforeEach(async () => {
    scratch = await eachDatabase.find(([name]) => name === 'MySQL')![1].scratch();
    database = await scratch.open();
  });
  afterEach(() => scratch.drop());

  it('takes a connection of mysql2/promise', async () => {
    const connection = await mysqlPromise.createConnection({ uri: scratch.url });
    expect(await jobsKept(database, connection, (text) => connection.query(text))).toEqual(['commit']);
    await connection.end();
  });

  it('takes a connection of mysql2, and one that returns its big numbers as text', async () => {
    const connection = mysql.createConnection({
      uri: scratch.url,
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
    expect(await jobsKept(database, connection, (text) => connection.promise().query(text))).toEqual([
      'commit',
    ]);
    await connection.promise().end();
  });

  it.each([
    [
      'mysql2',
      (url: string) => mysql.createPool({ uri: url, bigNumberStrings: true, supportBigNumbers: true }),
    ],
    ['mysql2/promise', (url: string) => mysqlPromise.createPool({ uri: url, connectionLimit: 1 })],
  ])('works over a pool of %s, refuses it as a transaction, and leaves it open', async (_, makePool) => {
    const pool = makePool(scratch.url);
    const over = await openMysql({ server: pool, prefix: scratch.options.prefix!, leaseMs: 30_000 });
    await over.dialect.insertMany(over.kysely, { table: 'jobs', rows: [jobRow({ id: 'a' })] });
    const jobs = await over.kysely.transaction().execute((transaction) => jobsOf({ kysely: transaction }));
    expect(jobs).toEqual([jobRow({ id: 'a' })]);
    expect(() => over.within(pool)).toThrow(/mysql2 connection that the transaction was begun on/);
    await over.close();
    await ('promise' in pool ? pool.promise() : pool).query('select 1');
    await ('promise' in pool ? pool.promise() : pool).end();
  });

  it('says that a server which is not there is down', async () => {
    const error: unknown = await openMysql({
      server: 'mysql://x@127.0.0.1:1/x',
      prefix: 'x_',
      leaseMs: 30_000,
    }).catch((caught: unknown) => caught);
    expect(database.dialect.kindOf(error), String(error)).toBe('down');
  });
});

describe('on SQLite', () => {
  let scratch: ScratchDatabase;
  let database: Database;
  let theirs: InstanceType<typeof Libsql>;
  beforeAll(async () => {
    scratch = await eachDatabase.find(([, { kind }]) => kind === 'sqlite')![1].scratch();
    database = await scratch.open();
    theirs = new Libsql(scratch.url);
  });
  afterAll(async () => {
    theirs.close();
    await scratch.drop();
  });

  it('takes the handle that the transaction is open on', async () => {
    expect(await jobsKept(database, theirs, (text) => theirs.exec(text))).toEqual(['commit']);
  });

  it('waits for the write lock without keeping its holder from giving it back', async () => {
    theirs.exec('begin immediate');
    const waiting = database.kysely.transaction().execute((transaction) => jobsOf({ kysely: transaction }));
    const iteration = new Promise((resolve) => setImmediate(resolve));
    await iteration;
    theirs.exec('commit');
    expect(await waiting).toHaveLength(1);
  });
});
