import { type Kysely, type KyselyPlugin, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase, migrateDatabase } from '../../../libs/scheduler-sql/src/migrations/index.js';
import { migrateTo } from '../../../libs/scheduler-sql/src/migrations/migrate.js';
import { withSchemaLock } from '../../../libs/scheduler-sql/src/migrations/schema-lock.js';
import { NEWEST, VERSIONS } from '../../../libs/scheduler-sql/src/migrations/versions.js';
import { COLUMNS } from '../../../libs/scheduler-sql/src/schema/columns.js';
import { SchemaOutdatedError, SchemaTooNewError } from '../../../libs/scheduler-sql/src/driver/errors.js';
import type { Database } from '../../../libs/scheduler-sql/src/driver/database.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';
import { historyRow, jobRow, NOW, runRow, scheduleRow } from './rows.js';

describe.each(eachDatabase)('migrations on %s', (_, database) => {
  let scratch: ScratchDatabase;
  beforeEach(async () => {
    scratch = await database.scratch();
  });
  afterEach(() => scratch.drop());

  it('makes the tables with the columns that the code knows', async () => {
    const { kysely, names } = await scratch.open();
    const tables = await kysely.introspection.getTables();
    for (const [table, columns] of Object.entries(COLUMNS)) {
      const found = tables.find(
        ({ name, schema }) => name === `${names.prefix}${table}` && (names.schema ?? schema) === schema,
      );
      expect(
        found?.columns.map(({ name }) => name),
        table,
      ).toEqual(Object.keys(columns));
    }
  });

  it('lets eight processes make them at once', async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, () => scratch.open({ bare: true })));
    const done = await Promise.all(opened.map(migrateDatabase));
    expect(done.flat()).toEqual(VERSIONS);
    expect(await countOf(opened[0]!, 'jobs')).toBe(0);
  });

  it.each(VERSIONS)('comes from %s to the newest, with what is in the tables', async (version) => {
    const opened = await scratch.open({ bare: true });
    await withSchemaLock(opened, (connection) => migrateTo(opened, connection, version));
    await opened.kysely.insertInto('replicas').values(REPLICA).execute();
    await migrateDatabase(opened);
    await checkDatabase(opened);
    expect(await opened.kysely.selectFrom('replicas').selectAll().execute()).toEqual([REPLICA]);
  });

  it('moves jobs, live runs and history of the first version, and loses and doubles none', async () => {
    const opened = await scratch.open({ bare: true });
    await withSchemaLock(opened, (connection) => migrateTo(opened, connection, VERSIONS[0]!));
    await fillFirstVersion(opened);
    expect(await migrateDatabase(opened)).toEqual(VERSIONS.slice(1));
    await expectMoved(opened);
  });

  it('can move them again after a process died before it wrote down that it had', async () => {
    const opened = await scratch.open({ bare: true });
    await withSchemaLock(opened, (connection) => migrateTo(opened, connection, VERSIONS[0]!));
    await fillFirstVersion(opened);
    await migrateDatabase(opened);
    await sql`delete from ${migrationsOf(opened)} where name <> ${VERSIONS[0]!}`.execute(opened.kysely);
    const again = await migrateDatabase(opened).catch((error: Error) => [error.message]);
    // Only MySQL commits each statement by itself, so that this can happen there; elsewhere all of it is undone.
    const isMysql = opened.dialect.name === 'mysql';
    expect(isMysql ? again : again.length).toEqual(isMysql ? VERSIONS.slice(1) : 1);
    await expectMoved(opened);
  });

  it('refuses tables that newer code has migrated', async () => {
    const opened = await scratch.open();
    await addVersion(opened, '9999_of_the_future');
    await expect(migrateDatabase(opened)).rejects.toThrow(SchemaTooNewError);
    await expect(checkDatabase(opened)).rejects.toThrow(
      `are at the migration "9999_of_the_future", and this version of @carillon/sql knows them up to "${NEWEST}"`,
    );
  });

  it('says what to do when the tables are missing and must not be made', async () => {
    const opened = await scratch.open({ bare: true });
    await expect(checkDatabase(opened)).rejects.toThrow(SchemaOutdatedError);
    await expect(checkDatabase(opened)).rejects.toThrow(/do not exist.*Run migrate\(store\)/);
  });

  it.each(VERSIONS)(
    'undoes %s when it fails, or can repeat it, so that the next start succeeds',
    async (version) => {
      const opened = await scratch.open({ bare: true });
      const cut = new Error('cut short');
      const failed = withSchemaLock(opened, async (connection) => {
        await migrateTo(opened, connection, version);
        // As if the process had died before it wrote down what it did last.
        await sql`delete from ${migrationsOf(opened)} where name = ${version}`.execute(connection);
        throw cut;
      });
      await expect(failed).rejects.toBe(cut);
      const from = opened.dialect.name === 'mysql' ? VERSIONS.indexOf(version) : 0;
      expect(await migrateDatabase(opened)).toEqual(VERSIONS.slice(from));
      expect(await countOf(opened, 'live_runs')).toBe(0);
    },
  );

  it('moves all once when it was stopped after any of its statements', { timeout: 180_000 }, async () => {
    const step = database.kind === 'mysql' ? 1 : 9;
    for (let limit = 1, isOver = false; !isOver; limit += step) {
      const one = await database.scratch();
      try {
        const opened = await one.open({ bare: true });
        await withSchemaLock(opened, (connection) => migrateTo(opened, connection, VERSIONS[0]!));
        await fillFirstVersion(opened);
        const stopped = withSchemaLock(opened, (connection) =>
          migrateTo(opened, connection.withPlugin(stopAfter(limit)), NEWEST),
        );
        isOver = await stopped.then(
          () => true,
          (error: unknown) => (expect(error).toBe(STOPPED), false),
        );
        await migrateDatabase(opened);
        await expectMoved(opened);
      } finally {
        await one.drop();
      }
    }
  });
});

const REPLICA = {
  id: 'r1',
  started_at: 1_800_000_000_000,
  beat_at: 1_800_000_000_001,
  tzdata: '2026a',
  declares: '{}',
};

const STATES = ['active', 'paused', 'disabled', 'finished', 'orphaned', 'parked'] as const;
const SCHEDULES = STATES.map((state, index) =>
  scheduleRow({ id: state, state, revision: 0, runs_started: index, group_name: index === 0 ? 'g' : null }),
);
const JOBS = STATES.map((id) => jobRow({ id, pause_note: id === 'paused' ? 'why' : null }));
const LIVE = [
  runRow({ id: 'l1', scheduled_at: 1, state: 'queued' }),
  runRow({ id: 'l2', scheduled_at: 2, state: 'waiting', attempt: 1, token: 2 }),
  runRow({ id: 'l3', scheduled_at: 3, state: 'running', holds_slot: 1, holder: 'r1', lease_until: NOW }),
  runRow({ id: 'l4', scheduled_at: 4, state: 'ended', outcome: 'timedOut', holds_slot: 1, group_name: 'g' }),
  runRow({ id: 'l5', job_id: 'gone', generation: -7, scheduled_at: 5, state: 'running', holds_slot: 1 }),
  runRow({ id: 'l6', scheduled_at: null, payload: '{"by":"hand"}' }),
];
const ENDED = [
  historyRow({ id: 'h1', scheduled_at: 11, result: '{"value":1}', ended_at: NOW }),
  historyRow({
    id: 'h2',
    scheduled_at: 12,
    scheduled_until: 15,
    count: 4,
    outcome: 'missed',
    reason: 'late',
  }),
  historyRow({ id: 'h3', scheduled_at: null, outcome: 'failed', error: '{"message":"no"}' }),
];

/** Rows as the first version wrote them; of a removed job ended runs had a negative generation, too. */
async function fillFirstVersion({ kysely }: Database): Promise<void> {
  const old = kysely as unknown as Kysely<Record<string, Record<string, unknown>>>;
  const jobs = JOBS.map((job, index) => {
    const { revision: _, ...schedule } = SCHEDULES[index]!;
    return { ...job, ...schedule };
  });
  await old.insertInto('jobs').values(jobs).execute();
  for (const run of LIVE)
    await old
      .insertInto('runs')
      .values({ ...run, live: 1 })
      .execute();
  for (const run of ENDED)
    await old
      .insertInto('runs')
      .values({ ...run, state: 'ended', live: 0 })
      .execute();
  const ofRemoved = historyRow({ id: 'h4', job_id: 'gone', generation: -7, scheduled_at: 16 });
  await old
    .insertInto('runs')
    .values({ ...ofRemoved, state: 'ended', live: 0 })
    .execute();
}

async function expectMoved({ kysely }: Database): Promise<void> {
  const byId = <T extends { id: string }>(rows: readonly T[]) =>
    rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const ofRemoved = historyRow({ id: 'h4', job_id: 'gone', generation: 7, scheduled_at: 16 });
  expect(byId(await kysely.selectFrom('jobs').selectAll().execute())).toEqual(byId(JOBS));
  expect(byId(await kysely.selectFrom('schedules').selectAll().execute())).toEqual(byId(SCHEDULES));
  expect(byId(await kysely.selectFrom('live_runs').selectAll().execute())).toEqual(LIVE);
  expect(byId(await kysely.selectFrom('history').selectAll().execute())).toEqual([...ENDED, ofRemoved]);
}

async function countOf({ kysely }: Database, table: 'jobs' | 'live_runs'): Promise<number> {
  const { count } = await kysely
    .selectFrom(table)
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function addVersion(database: Database, name: string): Promise<void> {
  await sql`insert into ${migrationsOf(database)} values (${name}, '2030-01-01T00:00:00.000Z')`.execute(
    database.kysely,
  );
}

const STOPPED = new Error('stopped');

function stopAfter(statements: number): KyselyPlugin {
  let done = 0;
  return {
    transformQuery: ({ node }) => node,
    transformResult: ({ result }) =>
      ++done === statements ? Promise.reject(STOPPED) : Promise.resolve(result),
  };
}

function migrationsOf({ names }: Database) {
  return names.schema === null ? sql.table(`${names.prefix}migrations`) : sql.id(names.schema, 'migrations');
}
