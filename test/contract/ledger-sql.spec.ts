import { describe, expect, it } from 'vitest';
import { SqlStore } from '../../libs/scheduler-sql/src/sql-store.js';
import { NO_LIMITS } from '../../libs/scheduler/src/model/index.js';
import type { RecordedOutcome, StoreSession } from '../../libs/scheduler/src/ports/index.js';
import { ledgerWorlds, type StoreHome } from '../engine/ledger/ledger-worlds.js';
import { eachDatabase, type TestDatabase } from '../servers/each-database.js';

/** CARILLON_SQL_WORLDS=2000 plays more worlds, CARILLON_SEED others, or those of a failure again. */
const WORLDS = Number(process.env.CARILLON_SQL_WORLDS ?? 20);
const SEED = Number(process.env.CARILLON_SEED ?? 20_261_121);

/** Leases outlast the suspensions of the worlds: overlap is promised while leases hold (O1). */
const OPTIONS = { leaseMs: 600_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };

const READER: StoreSession = {
  replica: 'reader',
  concurrency: NO_LIMITS,
  handlers: () => [],
  onHint: () => undefined,
};

/** Can be read after its process has stopped. */
class ReadableAfterClose extends SqlStore {
  override async close(): Promise<RecordedOutcome[]> {
    const recorded = await super.close();
    await this.open(READER);
    return recorded;
  }

  shut(): Promise<unknown> {
    return super.close();
  }
}

async function homeIn(database: TestDatabase): Promise<StoreHome> {
  const scratch = await database.scratch();
  const stores: ReadableAfterClose[] = [];
  return {
    open: () => {
      const store = new ReadableAfterClose({ options: OPTIONS, connect: () => scratch.open() });
      stores.push(store);
      return store;
    },
    close: async () => {
      for (const store of stores) await store.shut();
      await scratch.drop();
    },
  };
}

describe.each(eachDatabase)('the store in %s', (_, database) => {
  it(
    `gives each due time exactly one outcome, in ${WORLDS} random worlds (seed ${SEED})`,
    { timeout: 3_600_000 },
    async () => {
      const played = await ledgerWorlds({
        makeStore: () => homeIn(database),
        worlds: WORLDS,
        seed: SEED,
        command: `CARILLON_SEED=${SEED} CARILLON_SQL_WORLDS=${WORLDS} npx vitest run test/contract/ledger-sql.spec.ts`,
      });
      expect(played).toBe(WORLDS);
    },
  );
});
