import { afterAll, describe, expect, it } from 'vitest';
import { eachDatabase } from '../servers/each-database.js';
import { assertAlike, type Contender } from './compare.js';
import { randomScripts } from './random-scripts.js';
import { memoryHome, smallStoreHome, SqlHomes } from './stores.js';

/** DIFFERENTIAL_RUNS=5000 plays more scripts, DIFFERENTIAL_SEED others, or those of a failure again. */
const RUNS = process.env['DIFFERENTIAL_RUNS'];
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 20_261_128);
const HOUR = 3_600_000;

const databases = eachDatabase.map(([name, database]) => {
  const homes = new SqlHomes(database);
  const runs = Number(RUNS ?? (database.kind === 'sqlite' ? 300 : 100));
  return { name, home: homes.home, drop: () => homes.drop(), runs };
});

afterAll(async () => {
  for (const { drop } of databases) await drop();
}, 60_000);

function compare(one: Contender, other: Contender, runs: number, leased: boolean): Promise<number> {
  const command = `DIFFERENTIAL_SEED=${SEED} DIFFERENTIAL_RUNS=${runs} npx vitest run test/differential -t "${other.name}"`;
  return assertAlike(one, other, { scripts: randomScripts({ leased }), runs, seed: SEED, command });
}

const memory = { name: 'memory', home: memoryHome };
const small = { name: 'the small store', home: smallStoreHome, runs: Number(RUNS ?? 300) };

describe.each([small, ...databases])('$name', (store) => {
  const { runs } = store;

  it(`does as memory does, in ${runs} random scripts (seed ${SEED})`, { timeout: HOUR }, async () => {
    expect(await compare(memory, store, runs, false)).toBe(runs);
  });
});

describe.each(databases)('$name', (store) => {
  const { runs } = store;

  it(
    `does as the small store does, with two replicas, leases and declarations, in ${runs} random scripts (seed ${SEED})`,
    { timeout: HOUR },
    async () => {
      expect(await compare(small, store, runs, true)).toBe(runs);
    },
  );
});
