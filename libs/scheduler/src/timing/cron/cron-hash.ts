import { CRON_FIELDS } from './cron-field.js';
import type { CronItem } from './cron-field.js';
import type { CronText } from './cron-text.js';
import { stableHash } from './stable-hash.js';

/** Whether the expression has an `H`, so that its values depend on a seed. */
export function usesHash(text: CronText): boolean {
  return text.some((field) => field.items.some((item) => item.kind === 'hash'));
}

/**
 * The expression with every `H` replaced by the seed's choice: `H` by a number, `H/15` by a range with a
 * step such as `7-59/15`. Steps stay steps, so that the class (Z1) stays and equal results share one
 * compiled expression.
 */
export function expandHash(text: CronText, seed: string): string {
  return text
    .map((field, index) =>
      field.items.map((item) => expandItem(item, seed, CRON_FIELDS[index]!.name)).join(','),
    )
    .join(' ');
}

function expandItem(item: CronItem, seed: string, fieldName: string): string {
  if (item.kind !== 'hash') return item.text;
  const { from, to, step } = item;
  // The field's name is the salt: without it, "H H * * *" would tie the minute to the hour.
  const hash = stableHash(`${seed}\n${fieldName}`);
  const size = to - from + 1;
  if (step === null) return String(from + (hash % size));
  return `${from + (hash % Math.min(step, size))}-${to}/${step}`;
}
