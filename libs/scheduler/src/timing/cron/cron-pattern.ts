import { expandHash, usesHash } from './cron-hash.js';
import { lintCron, type CronWarning } from './cron-lint.js';
import { CompiledCron } from './compiled-cron.js';
import { refuseImpossible } from './cron-satisfiable.js';
import { readCronText } from './cron-text.js';

/** An expression as it was written, checked once and shared by all triggers that have it. */
export interface CronPattern {
  readonly expression: string;
  readonly warnings: readonly CronWarning[];
  /** Null while an `H` awaits its seed. */
  readonly rule: CompiledCron | null;
}

/** Some hundred bytes each; jobs of one application have far fewer expressions than this. */
const MOST_KEPT = 4096;

const patterns = new Map<string, CronPattern>();

/**
 * The pattern of an expression, from memory when it was seen before.
 * @param given the field form it was made from, for the messages.
 * @throws InvalidCronError when it cannot be read, NeverFiresError when it can never match.
 */
export function cronPattern(expression: unknown, given?: object): CronPattern {
  const known = patterns.get(expression as string);
  if (known !== undefined) return known;
  const text = readCronText(expression, given);
  const written = expression as string;
  const rule = usesHash(text) ? null : new CompiledCron(text);
  if (rule !== null) refuseImpossible(rule, text, written);
  const pattern = { expression: written, warnings: lintCron(text, rule), rule };
  // The field form has no positions to show, so its warnings differ from the same text's.
  if (given === undefined) keep(written, pattern);
  return pattern;
}

/** The rule that a pattern with an `H` has under a seed. @throws NeverFiresError as above. */
export function seededRule(pattern: CronPattern, seed: string): CompiledCron {
  const text = readCronText(pattern.expression);
  const expanded = expandHash(text, seed);
  const { rule } = cronPattern(expanded);
  return rule!;
}

function keep(expression: string, pattern: CronPattern): void {
  if (patterns.size >= MOST_KEPT) patterns.delete(patterns.keys().next().value!);
  patterns.set(expression, pattern);
}
