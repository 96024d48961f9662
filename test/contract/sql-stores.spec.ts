import { afterAll, describe, expect, it } from 'vitest';
import type { Database } from '../../libs/scheduler-sql/src/driver/database.js';
import { SqlStore } from '../../libs/scheduler-sql/src/store/sql-store.js';
import { storeContract, type StoreHome } from '../../libs/scheduler/src/testing/index.js';
import { eachDatabase, type Place, type TestDatabase } from '../servers/each-database.js';

const OPTIONS = { leaseMs: 120_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };
const TABLES = ['jobs', 'runs', 'replicas', 'groups'] as const;

/** One place for all cases, because making tables takes longer than a case: each leaves them empty. */
class Homes {
  private place: Promise<Place> | null = null;

  constructor(private readonly database: TestDatabase) {}

  readonly make = async (): Promise<StoreHome> => {
    const place = await (this.place ??= this.database.place());
    // #region home
    return {
      store: () => new SqlStore({ options: OPTIONS, connect: () => place.open() }),
      spoil: (jobId) =>
        withTables(place, ({ kysely }) =>
          kysely.updateTable('jobs').set({ trigger_json: '{"type":' }).where('id', '=', jobId).execute(),
        ),
      close: () =>
        withTables(place, async ({ kysely }) => {
          for (const table of TABLES) await kysely.deleteFrom(table).execute();
        }),
    };
    // #endregion
  };

  async drop(): Promise<void> {
    await (await this.place)?.drop();
  }
}

async function withTables(place: Place, work: (database: Database) => Promise<unknown>): Promise<void> {
  const database = await place.open();
  await work(database);
  await database.close();
}

describe.each(eachDatabase)('the store in %s', (_, database) => {
  const homes = new Homes(database);
  afterAll(() => homes.drop());

  // #region cases
  const cases = storeContract({ makeHome: homes.make, leased: true });
  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_name, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
  // #endregion
});
