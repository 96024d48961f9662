import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compileReplica } from '../cluster/cluster.js';
import { Chance, pairsInAList, randomExpression } from './random-cron.js';

const RUNS = Number(process.env['CARILLON_FRESH_RUNS'] ?? 30);
const SEED = Number(process.env['CARILLON_PROPERTY_SEED'] ?? 20_270_328);

let program: Awaited<ReturnType<typeof compileReplica>>;
beforeAll(async () => {
  program = await compileReplica('test/timing/fresh-process.program.ts');
});
afterAll(() => program.remove());

async function summaries(expressions: readonly string[]): Promise<unknown[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program.main, ...expressions]);
  return JSON.parse(stdout) as unknown[];
}

/** Expressions that have changed others before (a single month, H that becomes one), then random ones. */
function declared(): string[] {
  const chance = new Chance(SEED);
  const pairs = pairsInAList(chance);
  const known = [
    '0 0 12 1/1 4/12 ?',
    '0 30 12 1/1 * ?',
    '0 0 */2 4-4 *',
    '0 0 */2 * *',
    '0 3 */2 H/12 *',
    '15 3 */2 * *',
    '0 0 15-31 4-4,5 *',
    '0 0 */10 2/12,3 *',
    '0 0 15-31 * *',
  ];
  const random = Array.from({ length: RUNS }, () =>
    chance.below(2) === 0 ? chance.one(pairs) : randomExpression(chance),
  );
  return [...known, ...random];
}

it(
  'an expression means the same after others as in a process of its own',
  { timeout: 60_000 + RUNS * 1000 },
  async () => {
    const expressions = declared();
    const afterOthers = await summaries(expressions);
    const alone: unknown[] = [];
    // Two processes at once.
    for (let index = 0; index < expressions.length; index += 2) {
      const pair = await Promise.all(expressions.slice(index, index + 2).map((one) => summaries([one])));
      alone.push(...pair.flat());
    }
    const named = (all: unknown[]): unknown[] =>
      expressions.map((expression, index) => [expression, all[index]]);
    expect(named(afterOthers)).toEqual(named(alone));
  },
);
