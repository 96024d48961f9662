import { describe, expect, it } from 'vitest';
import { SqlStore } from '../../libs/scheduler-sql/src/sql-store.js';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import type { LeasedStore, Store } from '../../libs/scheduler/src/ports/index.js';
import { storeContract, type StoreContractOptions } from '../../libs/scheduler/src/testing/index.js';
import { eachDatabase } from '../servers/each-database.js';

/** Those of the cases whose names begin so that the store fails. */
async function failed(options: StoreContractOptions, beginning: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of storeContract(options)) {
    if (!name.startsWith(beginning)) continue;
    await run().catch(() => names.push(name));
  }
  return names;
}

/** A store that keeps to the rules but for what is changed. */
function broken<S extends Store>(store: S, change: (store: S) => Partial<Store> | Partial<LeasedStore>): S {
  const own: Partial<Record<PropertyKey, unknown>> = change(store);
  return new Proxy(store, {
    get: (target, name) => {
      if (name in own) return own[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

const MEMORY: [string, (store: MemoryStore) => Partial<Store>, string][] = [
  [
    'puts the others of many jobs when ids are taken',
    (store) => ({
      putJobs: (puts, now) => {
        const result = store.putJobs(puts, now);
        store.putJobs(
          puts.filter(({ spec }) => !result.taken.includes(spec.id)),
          now,
        );
        return result;
      },
    }),
    'many jobs: nothing is put when ids are taken',
  ],
  [
    'returns the results of many jobs in another order',
    (store) => ({
      putJobs: (puts, now) => {
        const result = store.putJobs(puts, now);
        return { ...result, puts: result.puts.toReversed() };
      },
    }),
    'many jobs: jobs are put in one step, with a result for each in the order of the call',
  ],
  [
    'claims too early',
    (store) => ({ claimDue: ({ now, limit }) => store.claimDue({ now: now + 1, limit }) }),
    'claims: nothing is claimed before it is due',
  ],
  [
    'claims in another order',
    (store) => ({
      claimDue: (request) => {
        const batch = store.claimDue(request);
        return { ...batch, claims: batch.claims.toReversed() };
      },
    }),
    'claims: jobs are claimed in the order in which they fell due',
  ],
  [
    'never says that there is more',
    (store) => ({ claimDue: (request) => ({ ...store.claimDue(request), more: false }) }),
    'claims: a batch is at most as large as asked, and says that there is more',
  ],
  [
    'tells of no cancelled runs',
    (store) => ({ claimDue: (request) => ({ ...store.claimDue(request), cancelled: [] }) }),
    'overlap: cancelPrevious: what runs is cancelled, and the new run starts once it has ended',
  ],
  [
    'forgets that a slot is held',
    (store) => ({ complete: (end) => store.complete(end, false), release: () => 'recorded' }),
    'overlap: a run whose handler is still on its way keeps its slot until it is released',
  ],
  [
    'tries nothing again',
    (store) => ({ complete: (end, held) => store.complete(Object.assign(end, { retryAt: null }), held) }),
    'completions: a retry is another attempt of the same run, when it is due',
  ],
  [
    'records any end',
    (store) => ({
      complete: (end, held) => {
        const settled = store.complete(end, held);
        return settled === 'refused' ? 'recorded' : settled;
      },
    }),
    'completions: an attempt ends once',
  ],
  [
    'replaces what is taken',
    (store) => ({ putJob: (spec, _ifTaken, now) => store.putJob(spec, 'replace', now) }),
    'jobs: an id that is taken stays with its job',
  ],
  [
    'doubles the end of a page',
    (store) => ({ listRuns: ({ after, ...filter }) => store.listRuns({ ...filter, after }).slice(1) }),
    'history: pages have neither gaps nor doubles, also while rows are added',
  ],
  [
    'backfills what ran already',
    (store) => ({ backfill: (request) => store.backfill({ ...request, force: true }) }),
    'backfills: instants that a run was started for are left out, unless forced',
  ],
  [
    'drops notes',
    () => ({ annotate: () => undefined }),
    'completions: what a handler tells is kept with its run',
  ],
];

const NOBODY = { recorded: [], changed: [], unhandled: [] };

const LEASED: [string, (store: SqlStore) => Partial<LeasedStore>, string][] = [
  [
    'renews nothing',
    () => ({ renew: () => Promise.resolve({ lost: [], cancelled: [] }) }),
    'leases: a renewed lease lasts on',
  ],
  [
    'takes nothing back',
    () => ({ giveBack: () => Promise.resolve() }),
    'leases: what was given back waits as if it had not been claimed',
  ],
  [
    'does not look at tokens',
    (store) => ({
      complete: async (end, held) => {
        const settled = await store.complete(end, held);
        return settled === 'refused' ? 'recorded' : settled;
      },
    }),
    'leases: one who lost the lease records nothing any more',
  ],
  [
    'claims for handlers that it does not have',
    (store) => ({ open: (session) => store.open({ ...session, handlers: () => ['work', 'mail'] }) }),
    'replicas: only jobs whose handler one has are claimed',
  ],
  [
    'counts the groups of one replica',
    (store) => ({ open: (session) => store.open({ ...session, concurrency: { whole: 2, groups: {} } }) }),
    'replicas: groups hold across replicas',
  ],
  [
    'has one name for all replicas',
    (store) => ({ open: (session) => store.open({ ...session, replica: 'all' }) }),
    'declarations: while a live replica declares a job otherwise, it stays',
  ],
  [
    'does not beat',
    () => ({ beat: () => Promise.resolve(NOBODY) }),
    'declarations: a job that no live replica declares is an orphan, and does not run',
  ],
];

describe('the contract', () => {
  it.each(MEMORY)('finds a store out that %s', async (_, change, name) => {
    const makeHome = () => ({
      store: (concurrency: ConstructorParameters<typeof MemoryStore>[0]['concurrency']) =>
        broken(new MemoryStore({ runsPerJob: 1_000, runsTotal: 10_000, concurrency }), change),
      spoil: () => undefined,
    });
    expect(await failed({ makeHome, leased: false }, name)).toEqual([name]);
  });

  it.each(LEASED)('finds a leased store out that %s', async (_, change, name) => {
    const [, database] = eachDatabase[0]!;
    const options = { leaseMs: 120_000, pollMs: 5_000, retention: { ageMs: null, perJob: null } };
    const makeHome = async () => {
      const scratch = await database.scratch();
      return {
        store: () => broken(new SqlStore({ options, connect: () => scratch.open() }), change),
        spoil: () => undefined,
        close: () => scratch.drop(),
      };
    };
    expect(await failed({ makeHome, leased: true }, name)).toEqual([name]);
  });

  it.each([true, false])(
    'finds a store out that is no leased one, or is one unexpectedly (%s)',
    async (leased) => {
      const makeHome = () => ({
        store: () => broken(new MemoryStore({ runsPerJob: 1, runsTotal: 1 }), () => ({ durable: !leased })),
        spoil: () => undefined,
      });
      expect(await failed({ makeHome, leased }, 'kind')).toEqual(['kind: it is what it was said to be']);
    },
  );
});
