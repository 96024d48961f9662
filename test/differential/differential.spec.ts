import { afterAll, describe, expect, it } from 'vitest';
import { eachDatabase } from '../servers/each-database.js';
import { assertAlike, type Contender } from './compare.js';
import { randomScripts } from './random-scripts.js';
import { memoryHome, SqlHomes } from './stores.js';

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

describe.each(databases)('$name', (database) => {
  const { runs } = database;

  it(`does as memory does, in ${runs} random scripts (seed ${SEED})`, { timeout: HOUR }, async () => {
    const memory = { name: 'memory', home: memoryHome };
    expect(await compare(memory, database, runs, false)).toBe(runs);
  });
});

describe.each(databases.slice(1))('$name', (database) => {
  const { runs } = database;

  it(
    `does as that in ${databases[0]!.name} does with two replicas, leases and declarations, in ${runs} random scripts (seed ${SEED})`,
    { timeout: HOUR },
    async () => {
      expect(await compare(databases[0]!, database, runs, true)).toBe(runs);
    },
  );
});
