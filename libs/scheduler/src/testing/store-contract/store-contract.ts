import assert from 'node:assert/strict';
import type { ConcurrencyLimits } from '../../model/index.js';
import { type Awaitable, isLeased, type Store } from '../../ports/index.js';
import { backfillCases } from './backfill-cases.js';
import { bulkCases } from './bulk-cases.js';
import { changeCases } from './change-cases.js';
import { claimCases } from './claim-cases.js';
import { completionCases } from './completion-cases.js';
import { declarationCases } from './declaration-cases.js';
import { groupCases } from './group-cases.js';
import { historyCases } from './history-cases.js';
import { jobCases } from './job-cases.js';
import { lateCases } from './late-cases.js';
import { leaseCases } from './lease-cases.js';
import { oddDataCases } from './odd-data-cases.js';
import { overlapCases } from './overlap-cases.js';
import { replicaCases } from './replica-cases.js';
import { restartCases } from './restart-cases.js';
import { type Cases, StoreWorld } from './store-world.js';
import { triggerCases } from './trigger-cases.js';

/** Where the stores of one case keep their data. */
export interface StoreHome {
  /** A store over that data, not opened yet: called for each replica of the case, and for each restart. */
  store(limits: ConcurrencyLimits): Awaitable<Store>;
  /** Makes unreadable what is stored of this job, as a slip of a hand in the database would. */
  spoil(jobId: string): Awaitable<void>;
  /** The case is over, its stores are closed: the data can go. */
  close?(): Awaitable<void>;
}

export interface StoreContractOptions {
  /** A new home without any data; called for each case. */
  makeHome: () => Awaitable<StoreHome>;
  /**
   * The stores are leased ones: their data outlives them, and several share it. Give them a lease of two minutes
   * or more, since that is how much time cases let pass while a run is under way.
   */
  leased: boolean;
}

/** One promise of a store, and how to see that it is held. */
export interface StoreCase {
  readonly name: string;
  /** Rejects with what was found wrong. */
  readonly run: () => Promise<void>;
}

const LEAST_LEASE_MS = 120_000;

const OF_EVERY_STORE: Readonly<Record<string, Cases>> = {
  jobs: jobCases,
  'many jobs': bulkCases,
  changes: changeCases,
  claims: claimCases,
  'late ticks': lateCases,
  overlap: overlapCases,
  completions: completionCases,
  triggers: triggerCases,
  groups: groupCases,
  backfills: backfillCases,
  history: historyCases,
  'odd data': oddDataCases,
};

const OF_LEASED_STORES: Readonly<Record<string, Cases>> = {
  restarts: restartCases,
  leases: leaseCases,
  replicas: replicaCases,
  declarations: declarationCases,
};

/**
 * The promises of every store, as cases for any test runner:
 * `for (const { name, run } of storeContract(options)) it(name, run)`. A case speaks to the store's port
 * only and says what time it is; none sleeps.
 */
export function storeContract({ makeHome, leased }: StoreContractOptions): StoreCase[] {
  const kind: Cases = {
    'it is what it was said to be': async (world) => {
      const { store } = await world.replica();
      assert.equal(isLeased(store), leased, 'durable');
      if (isLeased(store))
        assert.ok(store.leaseMs >= LEAST_LEASE_MS, 'Give the stores a lease of two minutes.');
      else assert.equal(store.clustered, false, 'clustered');
    },
  };
  const subjects = { kind, ...OF_EVERY_STORE, ...(leased ? OF_LEASED_STORES : {}) };
  return Object.entries(subjects).flatMap(([subject, cases]) =>
    Object.entries(cases).map(([name, play]) => ({
      name: `${subject}: ${name}`,
      run: async () => {
        const world = new StoreWorld(await makeHome());
        try {
          await play(world);
        } finally {
          await world.close();
        }
      },
    })),
  );
}
