import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { assertAlike, type Contender } from './compare.js';
import { memoryHome } from './stores.js';
import { randomScripts } from './random-scripts.js';

/** A store that does as memory does but for what is planted in it. */
function planted(change: (store: MemoryStore) => Partial<MemoryStore>): Contender {
  const home = () => ({
    store: (concurrency: ConstructorParameters<typeof MemoryStore>[0]['concurrency']) => {
      const store = new MemoryStore({ runsPerJob: 10_000, runsTotal: 10_000, concurrency });
      return Object.assign(store, change(store));
    },
  });
  return { name: 'planted', home };
}

async function differenceOf(other: Contender, runs = 1_000): Promise<string> {
  const scripts = randomScripts({ leased: false });
  const comparison = { scripts, runs, seed: 1, command: 'npm run again' };
  return assertAlike({ name: 'memory', home: memoryHome }, other, comparison).then(() => 'none', String);
}

describe('the differential test', () => {
  it.each<[string, (store: MemoryStore) => Partial<MemoryStore>, string, number]>([
    [
      'gives an abandoned run the outcome of a replaced one',
      (store) => {
        const listRuns = store.listRuns.bind(store);
        return {
          listRuns: (filter) =>
            listRuns(filter).map((run) =>
              run.outcome === 'abandoned' ? { ...run, outcome: 'cancelled', reason: 'replaced' } : run,
            ),
        };
      },
      '"cancelled"',
      4,
    ],
    [
      'records any completion',
      (store) => {
        const complete = store.complete.bind(store);
        return {
          complete: (end, held) => {
            const effect = complete(end, held);
            return effect === 'withoutRetry' ? 'recorded' : effect;
          },
        };
      },
      '"withoutRetry"',
      7,
    ],
    [
      'records a late retry as missed',
      (store) => {
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
      },
      'result.recorded.0.outcome',
      5,
    ],
    [
      'ends a pause one millisecond late',
      (store) => {
        const changeJob = store.changeJob.bind(store);
        return {
          changeJob: (id, change, now) =>
            changeJob(
              id,
              change.kind === 'pause' && change.until !== null
                ? { ...change, until: change.until + 1 }
                : change,
              now,
            ),
        };
      },
      'pauseFor',
      5,
    ],
    [
      'forgets that a slot is held',
      (store) => {
        const complete = store.complete.bind(store);
        return { complete: (end) => complete(end, false), release: () => 'recorded' };
      },
      'timeOutHeld',
      4,
    ],
  ])('finds a store that %s, in a short script', async (_, change, sign, moves) => {
    const difference = await differenceOf(planted(change));
    expect(difference).toContain('memory and planted differ');
    expect(difference).toContain(sign);
    expect(difference).toContain('npm run again');
    // One line a move, with the time at which it is made.
    expect(difference.match(/^ {2}\+/gm)!.length).toBeLessThanOrEqual(moves);
  });

  it('finds nothing between a store and itself', async () => {
    expect(await differenceOf({ name: 'itself', home: memoryHome }, 100)).toBe('none');
  });
});
