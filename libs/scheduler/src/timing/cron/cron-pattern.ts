import { expandHash, usesHash } from './cron-hash.js';
import { lintCron, type CronWarning } from './cron-lint.js';
import { CompiledCron } from './compiled-cron.js';
import { refuseImpossible } from './cron-satisfiable.js';
import { readCronText } from './cron-text.js';

/** A checked expression, shared by all triggers that have it. */
export interface CronPattern {
  readonly expression: string;
  readonly warnings: readonly CronWarning[];
  /** Null while an `H` has no seed. */
  readonly compiled: CompiledCron | null;
}

/** Bounds the cache: some hundred bytes each, and far more than the expressions of one application. */
const MOST_KEPT = 4096;

const patterns = new Map<string, CronPattern>();

/**
 * The pattern of an expression, cached by its source.
 * @param given the field form that `expression` was made from, for messages
 * @throws InvalidCronError when it cannot be read, NeverFiresError when it can never match
 */
export function cronPattern(expression: unknown, given?: object): CronPattern {
  // The field form has warnings of its own, without positions.
  const known = given === undefined ? patterns.get(expression as string) : undefined;
  if (known !== undefined) return known;
  const text = readCronText(expression, given);
  const written = expression as string;
  const compiled = usesHash(text) ? null : new CompiledCron(text);
  if (compiled !== null) refuseImpossible(compiled, text, written);
  const pattern = { expression: written, warnings: lintCron(text, compiled), compiled };
  if (given === undefined) keep(written, pattern);
  return pattern;
}

/** Compiles a pattern that has an `H`, with a seed. @throws NeverFiresError when the result can never match */
export function compileSeeded(pattern: CronPattern, seed: string): CompiledCron {
  const text = readCronText(pattern.expression);
  const expanded = expandHash(text, seed);
  const { compiled } = cronPattern(expanded);
  return compiled!;
}

function keep(expression: string, pattern: CronPattern): void {
  if (patterns.size >= MOST_KEPT) patterns.delete(patterns.keys().next().value!);
  patterns.set(expression, pattern);
}
