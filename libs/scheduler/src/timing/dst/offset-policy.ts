import type { CronClass } from '../cron/compiled-cron.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import type { OnGap, OnRepeat } from '../triggers/trigger.js';

/**
 * A trigger's behaviour at changes of offset (DST) as bits, so that a million triggers keep it in one
 * small integer: the behaviour in force, and which of the two options were chosen (only those are stored).
 */
export const RUNS_GAPS = 1;
export const RUNS_FIRST_PASS_ONLY = 2;
const CHOSE_GAP = 4;
const CHOSE_REPEAT = 8;

/** The chosen options, else the defaults of the class (semantics.md Z2, Z3). */
export function offsetPolicy(
  cronClass: CronClass,
  onGap: OnGap | undefined,
  onRepeat: OnRepeat | undefined,
): number {
  const gap = onGap ?? (cronClass === 'E' ? 'skip' : 'run');
  const repeat = onRepeat ?? (cronClass === 'F' ? 'first' : 'both');
  return (
    (gap === 'run' ? RUNS_GAPS : 0) |
    (repeat === 'first' ? RUNS_FIRST_PASS_ONLY : 0) |
    (onGap === undefined ? 0 : CHOSE_GAP) |
    (onRepeat === undefined ? 0 : CHOSE_REPEAT)
  );
}

export function chosenOnGap(policy: number): OnGap | undefined {
  if ((policy & CHOSE_GAP) === 0) return undefined;
  return (policy & RUNS_GAPS) === 0 ? 'skip' : 'run';
}

export function chosenOnRepeat(policy: number): OnRepeat | undefined {
  if ((policy & CHOSE_REPEAT) === 0) return undefined;
  return (policy & RUNS_FIRST_PASS_ONLY) === 0 ? 'both' : 'first';
}

/** @throws InvalidTriggerError */
export function checkOffsetChoices({ onGap, onRepeat }: { onGap?: unknown; onRepeat?: unknown }): void {
  if (onGap !== undefined && onGap !== 'run' && onGap !== 'skip') {
    throw new InvalidTriggerError(
      'onGap',
      onGap,
      'which is no choice',
      `Give 'run' or 'skip', or leave it out.`,
    );
  }
  if (onRepeat !== undefined && onRepeat !== 'first' && onRepeat !== 'both') {
    throw new InvalidTriggerError(
      'onRepeat',
      onRepeat,
      'which is no choice',
      `Give 'first' or 'both', or leave it out.`,
    );
  }
}
