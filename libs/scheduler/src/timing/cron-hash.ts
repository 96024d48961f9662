import { CRON_FIELDS } from './cron-field.js';
import type { CronItem } from './cron-item.js';
import type { CronText } from './cron-text.js';

/** Whether an expression has an `H`, so that its values depend on a seed. */
export function usesHash(text: CronText): boolean {
  return text.some((field) => field.items.some((item) => item.kind === 'hash'));
}

/**
 * The same expression with every `H` replaced by what the seed makes of it: `H` by a number, `H/15`
 * by `7/15`. Steps stay steps, so the class (Z1) does not change, and equal results share one
 * compiled rule.
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
  // Without the field's name as salt, "H H * * *" would tie the minute to the hour.
  const hash = fnv1a(`${seed}\n${fieldName}`);
  const size = to - from + 1;
  if (step === null) return String(from + (hash % size));
  return `${from + (hash % Math.min(step, size))}-${to}/${step}`;
}

/** FNV-1a over UTF-16 units, 32 bits, with a last mix so that low bits are as good as high ones. Never change it: jobs keep their places by it. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0;
}
