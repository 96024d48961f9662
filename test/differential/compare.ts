import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import type { Observation } from './observer.js';
import { Player, type StoreHome } from './player.js';
import { asLines, type Script } from './script.js';

/** A store and its name; each script gets a new home. */
export interface Contender {
  readonly name: string;
  readonly home: () => StoreHome;
}

export interface Comparison {
  scripts: fc.Arbitrary<Script>;
  runs: number;
  seed: number;
  /** The command that runs these scripts again, for the message of a failure. */
  command: string;
}

/**
 * Plays random scripts on both stores, and compares all that they show after each move.
 *
 * @throws Error with the shortest script found on which they differ, and where
 */
export async function assertAlike(
  one: Contender,
  other: Contender,
  { scripts, runs, seed, command }: Comparison,
): Promise<number> {
  let played = 0;
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      played++;
      const difference = await findDifference(one, other, script);
      if (difference !== null) throw new Error(difference);
    }),
    {
      numRuns: runs,
      seed,
      reporter: ({ failed, counterexample, counterexamplePath, errorInstance, numRuns, numShrinks }) => {
        if (!failed) return;
        const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
        const lines = counterexample === null ? [] : asLines(counterexample[0]);
        throw new Error(
          `${one.name} and ${other.name} differ in script ${numRuns} of seed ${seed}, path ${counterexamplePath} ` +
            `(${numShrinks} times shorter):\n${lines.map((line) => `  ${line}`).join('\n')}\n${message}\n${command}`,
          { cause: errorInstance },
        );
      },
    },
  );
  return played;
}

/** Null when the stores are alike to the end of the script. */
export async function findDifference(
  one: Contender,
  other: Contender,
  script: Script,
): Promise<string | null> {
  const [ours, theirs] = [await Player.play(script, one.home()), await Player.play(script, other.home())];
  for (const [index, seen] of ours.entries()) {
    const differences = diff(seen, theirs[index]);
    if (differences.length > 0) return describe(seen, differences, one.name, other.name);
  }
  return null;
}

interface Difference {
  path: string;
  one: unknown;
  other: unknown;
}

function describe(
  { step, at }: Observation,
  differences: readonly Difference[],
  one: string,
  other: string,
): string {
  const lines = differences
    .slice(0, 12)
    .map(
      ({ path, ...values }) =>
        `  ${path}\n    ${one}: ${show(values.one)}\n    ${other}: ${show(values.other)}`,
    );
  return `At ${at}, after "${step}":\n${lines.join('\n')}`;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** The smallest parts of two plain values that are not equal. */
function diff(one: unknown, other: unknown, path = ''): Difference[] {
  if (isDeepStrictEqual(one, other)) return [];
  if (!isPlain(one) || !isPlain(other)) return [{ path, one, other }];
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].flatMap((key) => diff(one[key], other[key], path === '' ? key : `${path}.${key}`));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
