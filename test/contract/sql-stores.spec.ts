import { describe, it } from 'vitest';
import { SqlStore } from '../../libs/scheduler-sql/src/store/sql-store.js';
import { storeContract, type StoreHome } from '../../libs/scheduler/src/testing/index.js';
import { eachDatabase, type TestDatabase } from '../servers/each-database.js';

const OPTIONS = { leaseMs: 120_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

async function homeIn(database: TestDatabase): Promise<StoreHome> {
  const place = await database.place();
  return {
    store: () => new SqlStore({ options: OPTIONS, connect: () => place.open() }),
    spoil: async (jobId) => {
      const { kysely } = await place.open();
      await kysely.updateTable('jobs').set({ trigger_json: '{"type":' }).where('id', '=', jobId).execute();
    },
    close: () => place.drop(),
  };
}

describe.each(eachDatabase)('the store in %s', (_, database) => {
  for (const { name, run } of storeContract({ makeHome: () => homeIn(database), leased: true }))
    it(name, run);
});
