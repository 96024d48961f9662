import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../libs/scheduler/src/memory/index.js';
import type { JobSpec, Policies, Run } from '../../../libs/scheduler/src/model/index.js';
import type { LeasedStore, Store } from '../../../libs/scheduler/src/ports/index.js';
import { ledgerWorlds, type WorldPlan } from './ledger-worlds.js';

type Limits = WorldPlan['limits'];

const HISTORY = { runsPerJob: 1e6, runsTotal: 1e6 };

function play(makeStore: (concurrency: Limits) => Store, worlds = 500): Promise<number> {
  const home = { open: (concurrency: Limits) => makeStore(concurrency) };
  const command = 'npm run again';
  return ledgerWorlds({ makeStore: () => home, worlds, seed: 1, command, shrinks: false });
}

/** A store that keeps the rules, one verb excepted. */
function broken(change: (store: MemoryStore) => Partial<MemoryStore>) {
  return (concurrency: Limits): Store => {
    const store = new MemoryStore({ ...HISTORY, concurrency });
    return Object.assign(store, change(store));
  };
}

function withRows(change: (rows: Run[]) => Run[]) {
  return broken((store) => {
    const listRuns = store.listRuns.bind(store);
    return { listRuns: (filter) => change(listRuns(filter)) };
  });
}

function withPolicies(change: (policies: Policies) => Partial<Policies>) {
  return broken((store) => {
    const putJob = store.putJob.bind(store);
    const changed = (spec: JobSpec) => ({
      ...spec,
      policies: { ...spec.policies, ...change(spec.policies) },
    });
    return { putJob: (spec, ifTaken, now) => putJob(changed(spec), ifTaken, now) };
  });
}

/** Stands for a store on disk that one process at a time opens. An abandoned attempt ends its run. */
function outliving(concurrency: Limits): Store {
  const none = Promise.resolve({ lost: [], cancelled: [], recorded: [], changed: [], unhandled: [] });
  const own: Partial<Record<keyof LeasedStore, unknown>> = {
    durable: true,
    leaseMs: 30_000,
    pollMs: 5_000,
    time: () => Promise.reject(new Error('The clock is steered.')),
    renew: () => none,
    giveBack: () => none,
    beat: () => none,
    close: () => [],
    clockSetBack: () => ({ recorded: [], changed: [] }),
  };
  return new Proxy<Store>(new MemoryStore({ ...HISTORY, concurrency }), {
    get: (target, name) => {
      if (name in own) return own[name as keyof LeasedStore];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

describe('the ledger', () => {
  it.each([
    [
      'loses ticks',
      withRows((rows) => rows.filter(({ outcome }) => outcome !== 'skipped')),
      'has no outcome for',
    ],
    ['records a tick twice', withRows((rows) => [...rows, ...rows.slice(0, 1)]), 'or once only'],
    [
      'keeps no outcome',
      withRows((rows) => rows.map((row) => (row.outcome === 'failed' ? { ...row, state: 'running' } : row))),
      'has no outcome',
    ],
    [
      'counts wrongly',
      withRows((rows) => rows.map((row) => (row.count > 2 ? { ...row, count: row.count - 1 } : row))),
      "is no trigger's",
    ],
    [
      'gives a row another outcome than its event',
      withRows((rows) =>
        rows.map((row) =>
          row.outcome === 'abandoned' ? { ...row, outcome: 'cancelled', reason: 'replaced' } : row,
        ),
      ),
      'has the event run.abandoned',
    ],
    [
      'gives a row another reason than its event',
      withRows((rows) => rows.map((row) => (row.reason === 'merged' ? { ...row, reason: 'overlap' } : row))),
      'has an event of the reason merged',
    ],
    [
      'publishes a late retry as a missed tick',
      broken((store) => {
        const claimDue = store.claimDue.bind(store);
        return {
          claimDue: (request) => {
            const { recorded, ...batch } = claimDue(request);
            return {
              ...batch,
              recorded: recorded.map((fact) => (fact.lastAttempt ? { ...fact, outcome: 'missed' } : fact)),
            };
          },
        };
      }),
      'has the event run.missed',
    ],
    [
      'is early',
      broken((store) => {
        const claimDue = store.claimDue.bind(store);
        return { claimDue: ({ now, limit }) => claimDue({ now: now + 300, limit }) };
      }),
      'ms early',
    ],
    ['lets runs overlap', withPolicies(() => ({ overlap: 'allow', maxInstances: null })), 'at once'],
    [
      'tries too often',
      withPolicies(({ retry }) => ({ retry: { ...retry, attempts: retry.attempts + 1 } })),
      'attempts',
    ],
    [
      'tries again too soon',
      withPolicies(({ retry }) => ({ retry: { ...retry, delayMs: retry.delayMs / 2 } })),
      'was tried again',
    ],
    ['runs too often', withPolicies(() => ({ maxRuns: null })), 'maxRuns is'],
    ['knows no limit', (() => new MemoryStore(HISTORY)) as (limits: Limits) => Store, 'at once in'],
    [
      'shifts the phase',
      broken((store) => {
        const putJob = store.putJob.bind(store);
        return { putJob: (spec, ifTaken, now) => putJob(spec, ifTaken, now + 100) };
      }),
      /no outcome for|was not due at/,
    ],
  ])('finds a store that %s, and says how to play that world again', async (_, makeStore, problem) => {
    const failure = await play(makeStore).then(() => 'nothing', String);
    expect(failure).toMatch(problem);
    expect(failure).toContain('Run it again: npm run again');
  });

  it('expects of a store that outlives its processes that nothing due meanwhile is lost', async () => {
    const makeStore = () => {
      let kept: Store | null = null;
      return { open: (concurrency: Limits) => (kept ??= outliving(concurrency)) };
    };
    const command = 'npm run again';
    expect(await ledgerWorlds({ makeStore, worlds: 300, seed: 2, command })).toBe(300);
    const forgetful = {
      makeStore: () => ({ open: outliving }),
      worlds: 300,
      seed: 2,
      command,
      shrinks: false,
    };
    await expect(ledgerWorlds(forgetful)).rejects.toThrow(command);
  });

  it('awaits a store that answers with promises', async () => {
    const late = (concurrency: Limits): Store =>
      new Proxy<Store>(new MemoryStore({ ...HISTORY, concurrency }), {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]): Promise<unknown> => {
            await new Promise((resolve) => setImmediate(resolve));
            return Reflect.apply(member, target, args) as unknown;
          };
        },
      });
    expect(await play(late, 200)).toBe(200);
  });
});
