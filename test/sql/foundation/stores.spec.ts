import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreUnavailableError } from '@carillon/scheduler';
import { DatabaseTooOldError, migrate, mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';
import Libsql from 'libsql';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultOf, isMissing, loadDriver } from '../../../libs/scheduler-sql/src/driver/load-driver.js';
import { VERSIONS } from '../../../libs/scheduler-sql/src/migrations/versions.js';

const folder = mkdtempSync(join(tmpdir(), 'carillon-stores-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const session = {
  replica: 'r1',
  concurrency: { whole: null, groups: {} },
  handlers: () => [],
  onHint: () => undefined,
};

describe('options of a store', () => {
  const file = join(folder, 'unused.db');

  it.each<[() => unknown, RegExp]>([
    [() => sqliteStore(''), /"file" cannot be "".*Name a file, such as 'jobs.db'/],
    [() => sqliteStore(new Libsql(':memory:')), /"a database in memory".*Give ':memory:' for a test/],
    [() => sqliteStore(':memory:', { migrate: false }), /"migrate" cannot be false. Leave it out/],
    [() => sqliteStore(7 as never), /"file" cannot be 7/],
    [
      () => sqliteStore(file, { synchronous: 'off' as never }),
      /"synchronous" cannot be "off". Use one of 'full', 'normal'/,
    ],
    [() => sqliteStore(file, { schema: 'x' } as never), /There is no option `schema`. Use one of 'prefix',/],
    [() => sqliteStore(file, { prefix: 'a-b' }), /"prefix" cannot be "a-b". Give up to 40 letters/],
    [() => sqliteStore(file, { migrate: 'no' as never }), /"migrate" cannot be "no". Give true or false/],
    [() => sqliteStore(file, { lease: 10 }), /"lease" cannot be 10. Give at least a second/],
    [() => sqliteStore(file, { poll: '1ms' }), /"poll" cannot be "1ms". Give at least 100 ms/],
    [
      () => sqliteStore(file, { poll: '6s', lease: '2s' }),
      /"poll" cannot be "6s". Give less than "lease", which is 2s/,
    ],
    [
      () => sqliteStore(file, { poll: '30s' }),
      /"poll" cannot be "30s". Give less than "lease", which is 30s/,
    ],
    [() => sqliteStore(file, { retention: { perJob: 0 } }), /"retention.perJob" cannot be 0/],
    [() => sqliteStore(file, { retention: { days: 3 } as never }), /There is no option `retention.days`/],
    [() => postgresStore('localhost'), /"url" cannot be "….*postgres:\/\/user@host\/database/],
    [() => postgresStore('mysql://root:secret@host/db'), /"url" cannot be "mysql:\/\/…"/],
    [() => postgresStore({} as never), /or a Pool of pg/],
    [() => postgresStore('postgres://host/db', { prefix: 'x' } as never), /There is no option `prefix`/],
    [() => mysqlStore('postgres://host/db'), /mysql:\/\/user@host\/database/],
    [() => mysqlStore(null as never), /or a Pool of mysql2/],
    [() => migrate({} as never), /Give what sqliteStore, postgresStore or mysqlStore returned/],
  ])('%s is refused by name', (make, message) => {
    expect(make).toThrow(message);
  });

  it.each([
    () => postgresStore('postgres://user:p@ss@host:5432/db'),
    () => postgresStore('postgres://postgres@/jobs?host=/var/run/postgresql'),
    () => postgresStore('postgres:///jobs?host=/var/run/postgresql&user=postgres'),
    () => postgresStore('socket:/var/run/postgresql?db=jobs&user=postgres'),
    () => postgresStore('socket://postgres@/var/run/postgresql?db=jobs'),
    () => postgresStore('/var/run/postgresql jobs'),
    () => postgresStore('postgres://one:5432,two:5433/jobs'),
    () => mysqlStore('mysql://root@localhost/jobs?socketPath=/run/mysqld/mysqld.sock'),
  ])('%s takes each URL that its driver takes', (make) => {
    expect(make).not.toThrow();
  });

  it('hold in the store, with limits that may be taken away', () => {
    const store = sqliteStore(file, { lease: '1m', poll: 500, retention: { age: null, perJob: null } });
    expect([store.leaseMs, store.pollMs]).toEqual([60_000, 500]);
  });

  it('poll twice within a lease that is shorter than the default poll', () => {
    expect(sqliteStore(file, { lease: '2s' }).pollMs).toBe(1_000);
  });
});

describe('a store that is told not to migrate', () => {
  it('says what to run, and starts once that is done', async () => {
    const store = sqliteStore(join(folder, 'by-hand.db'), { migrate: false });
    await expect(async () => store.open(session)).rejects.toThrow(/do not exist.*Run migrate\(store\)/);
    expect(await migrate(store)).toEqual(VERSIONS);
    expect(await migrate(store)).toEqual([]);
    await store.open(session);
    expect(await store.listJobs({})).toEqual([]);
    await store.close(0);
  });
});

describe('a database that is not there', () => {
  it.each([
    ['PostgreSQL', () => postgresStore('postgres://x@127.0.0.1:1/x'), /ECONNREFUSED/],
    ['MySQL', () => mysqlStore('mysql://x@127.0.0.1:1/x'), /ECONNREFUSED/],
    ['SQLite', () => sqliteStore(join(folder, 'no', 'jobs.db')), /jobs\.db/],
  ])('is an outage at the start, in words, on %s', async (_, make, words) => {
    const error: unknown = await Promise.resolve(make().open(session)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((error as Error).message).toMatch(words);
  });
});

it('leaves all in the file of SQLite at the end, and nothing beside it', async () => {
  const file = join(folder, 'whole.db');
  const store = sqliteStore(file);
  await store.open(session);
  await store.close(0);
  expect(existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0).toBe(0);
});

describe('a handle', () => {
  it('shows the file, and stays open when the store is closed', async () => {
    const path = join(folder, 'handle.db');
    const handle = new Libsql(path);
    const store = sqliteStore(handle);
    await store.open(session);
    await store.close(0);
    const tables = handle.prepare("select name from sqlite_master where type = 'table' order by name").all();
    expect((tables as { name: string }[]).map(({ name }) => name)).toContain('carillon_jobs');
    handle.close();
  });
});

describe('a package that is missing', () => {
  it('is named, with the command that installs it', async () => {
    const name: string = 'not-installed';
    const load = (): Promise<unknown> => import(name);
    await expect(loadDriver(name, load, 'a test')).rejects.toThrow(
      'The package "not-installed" is not installed, which a test needs. Install it: npm install not-installed',
    );
  });

  it('is not meant when one is missing that it needs itself', () => {
    const inner = Object.assign(new Error("Cannot find package 'its-part' imported from pg"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    expect(isMissing(inner, 'pg')).toBe(false);
  });

  it.each([[{ default: { default: 1 } }], [{ default: 1 }], [1]])('reads the export of %o', (loaded) => {
    expect(defaultOf(loaded)).toBe(1);
  });
});

it('says which servers it needs', () => {
  expect(new DatabaseTooOldError('5.7.44', 'MySQL 8.0').message).toBe(
    'The database server is 5.7.44, and the store needs MySQL 8.0. Upgrade the server.',
  );
});
