import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase, migrateDatabase } from '../../../libs/scheduler-sql/src/migrations/index.js';
import { migrateTo } from '../../../libs/scheduler-sql/src/migrations/migrate.js';
import { withSchemaLock } from '../../../libs/scheduler-sql/src/migrations/schema-lock.js';
import { NEWEST, VERSIONS } from '../../../libs/scheduler-sql/src/migrations/versions.js';
import { COLUMNS } from '../../../libs/scheduler-sql/src/schema/columns.js';
import { SchemaOutdatedError, SchemaTooNewError } from '../../../libs/scheduler-sql/src/driver/errors.js';
import type { Database } from '../../../libs/scheduler-sql/src/driver/database.js';
import { eachDatabase, type ScratchDatabase } from '../../servers/each-database.js';

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

  it('undoes a migration that fails, or can repeat it, so that the next start succeeds', async () => {
    const opened = await scratch.open({ bare: true });
    const cut = new Error('cut short');
    const failed = withSchemaLock(opened, async (connection) => {
      await migrateTo(opened, connection, NEWEST);
      await forget(opened, connection);
      throw cut;
    });
    await expect(failed).rejects.toBe(cut);
    expect(await migrateDatabase(opened)).toEqual(VERSIONS);
    expect(await countOf(opened, 'runs')).toBe(0);
  });
});

const REPLICA = {
  id: 'r1',
  started_at: 1_800_000_000_000,
  beat_at: 1_800_000_000_001,
  tzdata: '2026a',
  declares: '{}',
};

async function countOf({ kysely }: Database, table: 'jobs' | 'runs'): Promise<number> {
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

/** As if the process had died before it wrote down what it did. */
async function forget(database: Database, connection: Database['kysely']): Promise<void> {
  await sql`delete from ${migrationsOf(database)}`.execute(connection);
}

function migrationsOf({ names }: Database) {
  return names.schema === null ? sql.table(`${names.prefix}migrations`) : sql.id(names.schema, 'migrations');
}
