import fc from 'fast-check';
import { LedgerWorld, type StoreHome } from './ledger-world.js';
import { worldPlans, type WorldPlan } from './plans.js';

export type { StoreHome, WorldPlan };

export interface LedgerOptions {
  /** Where the stores of one world keep their data; called for each world. */
  makeStore: () => StoreHome | Promise<StoreHome>;
  /** How many worlds. */
  worlds: number;
  seed: number;
  /** How to run the same worlds again, told with a failure. */
  command: string;
  /** False tells of a failure as it was found; else the smallest world is looked for that fails. */
  shrinks?: boolean;
}

/**
 * Every due time of every job ends in exactly one recorded outcome: in random worlds of jobs, policies,
 * handlers and disturbances the instants that the triggers say were due are the recorded ones, each
 * once; no run is early, overlaps another beyond its policy or is tried more often than allowed.
 * Answers how many worlds were played; throws what was wrong with the smallest world found.
 */
export async function ledgerWorlds({
  makeStore,
  worlds,
  seed,
  command,
  shrinks = true,
}: LedgerOptions): Promise<number> {
  let played = 0;
  await fc.assert(
    fc.asyncProperty(worldPlans, async (plan) => {
      const home = await makeStore();
      try {
        const world = new LedgerWorld(plan, home);
        await world.run();
        played++;
        if (world.problems.length > 0) throw new Error(world.problems.join('\n'));
      } finally {
        await home.close?.();
      }
    }),
    {
      numRuns: worlds,
      seed,
      endOnFailure: !shrinks,
      reporter: ({ failed, counterexample, counterexamplePath, errorInstance, numRuns, numShrinks }) => {
        if (!failed) return;
        const cause = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
        throw new Error(
          `World ${numRuns} of seed ${seed} broke a promise (made smaller ${numShrinks} times, path ${counterexamplePath}):\n` +
            `${cause}\n${JSON.stringify(counterexample?.[0], null, 1)}\nRun it again: ${command}`,
          { cause: errorInstance },
        );
      },
    },
  );
  return played;
}
