import { afterAll, describe, expect, it } from 'vitest';
import type { Database } from '../../libs/scheduler-sql/src/driver/database.js';
import { SqlStore } from '../../libs/scheduler-sql/src/sql-store.js';
import { storeContract, type StoreHome } from '../../libs/scheduler/src/testing/index.js';
import { eachDatabase, type ScratchDatabase, type TestDatabase } from '../servers/each-database.js';

const OPTIONS = { leaseMs: 120_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };
const TABLES = ['jobs', 'schedules', 'live_runs', 'history', 'replicas', 'groups'] as const;

/** One scratch database for all cases: making tables takes longer than a case, so each leaves them empty. */
class Homes {
  private scratch: Promise<ScratchDatabase> | null = null;

  constructor(private readonly database: TestDatabase) {}

  readonly make = async (): Promise<StoreHome> => {
    const scratch = await (this.scratch ??= this.database.scratch());
    // #region home
    return {
      store: () => new SqlStore({ options: OPTIONS, connect: () => scratch.open() }),
      spoil: (jobId) =>
        withTables(scratch, async ({ kysely }) => {
          await kysely
            .updateTable('jobs')
            .set({ trigger_json: '{"type":' })
            .where('id', '=', jobId)
            .execute();
          await kysely.updateTable('schedules').set({ revision: 1 }).where('id', '=', jobId).execute();
        }),
      close: () =>
        withTables(scratch, async ({ kysely }) => {
          for (const table of TABLES) await kysely.deleteFrom(table).execute();
        }),
    };
    // #endregion
  };

  async drop(): Promise<void> {
    await (await this.scratch)?.drop();
  }
}

async function withTables(
  scratch: ScratchDatabase,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const database = await scratch.open();
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
