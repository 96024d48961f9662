import { parseDuration, type Duration } from '../time/duration.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import { stableHash } from '../cron/stable-hash.js';

export interface JitterOptions {
  /** Each tick is delayed by a steady value between 0 and this, and by less than the distance to the next tick. */
  jitter?: Duration;
  /** Seeds the delays, and `H` in cron. Default: the job's id. */
  seed?: string;
}

/** Milliseconds; 0 without jitter. @throws InvalidDurationError */
export function jitterMsOf({ jitter }: JitterOptions): number {
  return jitter === undefined ? 0 : parseDuration(jitter, 'jitter');
}

/** @throws InvalidTriggerError */
export function seedOf({ seed }: JitterOptions): string | undefined {
  if (seed === undefined || (typeof seed === 'string' && seed !== '')) return seed;
  throw new InvalidTriggerError(
    'seed',
    seed,
    'which is no string',
    'Give a string that stays the same, or leave it out.',
  );
}

/** Uniform over the whole milliseconds from 0 to `jitterMs`, short of the next tick (semantics.md T7). */
export function jitterDelay(jitterMs: number, seed: string, tickAt: number, nextAt: number | null): number {
  const longest = nextAt === null ? jitterMs : Math.min(jitterMs, nextAt - tickAt - 1);
  return Math.floor((stableHash(`${seed}\n${tickAt}`) / 2 ** 32) * (longest + 1));
}

export function jitterJson(jitterMs: number, seed: string | undefined): { jitterMs?: number; seed?: string } {
  return { ...(jitterMs === 0 ? {} : { jitterMs }), ...(seed === undefined ? {} : { seed }) };
}
