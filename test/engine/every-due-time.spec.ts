import { expect, it } from 'vitest';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { ledgerWorlds } from './ledger/ledger-worlds.js';

/** CARILLON_WORLDS=20000 plays more worlds, CARILLON_SEED others, or those of a failure again. */
const WORLDS = Number(process.env.CARILLON_WORLDS ?? 2_000);
const SEED = Number(process.env.CARILLON_SEED ?? 20_261_121);

it(
  `gives each due time exactly one outcome, in ${WORLDS} random worlds (seed ${SEED})`,
  { timeout: 600_000 },
  async () => {
    const played = await ledgerWorlds({
      makeStore: () => ({
        open: (concurrency) => new MemoryStore({ runsPerJob: 1e6, runsTotal: 1e6, concurrency }),
      }),
      worlds: WORLDS,
      seed: SEED,
      command: `CARILLON_SEED=${SEED} CARILLON_WORLDS=${WORLDS} npx vitest run test/engine/every-due-time.spec.ts`,
    });
    expect(played).toBe(WORLDS);
  },
);
