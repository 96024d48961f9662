import { FIRST_INSTANT_MS, LAST_INSTANT_MS } from './instant.js';

/** Ticks at firstAt + k · everyMs, k from 0, none after `lastAt`; ms. */
export interface TickGrid {
  readonly firstAt: number;
  readonly everyMs: number;
  readonly lastAt: number;
}

/** Every whole second of the years 1 to 9999. */
export const WHOLE_SECONDS: TickGrid = { firstAt: FIRST_INSTANT_MS, everyMs: 1000, lastAt: LAST_INSTANT_MS };

/** Whether all ticks are whole seconds. */
export function isOnWholeSeconds({ firstAt, everyMs }: TickGrid): boolean {
  return firstAt % 1000 === 0 && everyMs % 1000 === 0;
}

/** The first tick >= `at`; null after the last. */
export function gridFrom({ firstAt, everyMs, lastAt }: TickGrid, at: number): number | null {
  const tick = at <= firstAt ? firstAt : firstAt + Math.ceil((at - firstAt) / everyMs) * everyMs;
  return tick > lastAt ? null : tick;
}

/**
 * The ticks that two grids share: a grid again, by the Chinese remainder theorem; null when they share
 * none. BigInt, because the products exceed what a number holds.
 */
export function commonGrid(a: TickGrid, b: TickGrid): TickGrid | null {
  const [aMs, bMs] = [BigInt(a.everyMs), BigInt(b.everyMs)];
  const apart = BigInt(b.firstAt) - BigInt(a.firstAt);
  const { divisor, factor } = bezout(aMs, bMs);
  if (apart % divisor !== 0n) return null;
  const everyMs = (aMs / divisor) * bMs;
  const common = BigInt(a.firstAt) + aMs * ((factor * (apart / divisor)) % (bMs / divisor));
  const least = BigInt(Math.max(a.firstAt, b.firstAt));
  const steps = (((common - least) % everyMs) + everyMs) % everyMs;
  const lastAt = Math.min(a.lastAt, b.lastAt);
  if (least + steps > BigInt(lastAt)) return null;
  // A period longer than the years 1 to 9999 gives one tick, and so does the longest safe integer.
  const longest = BigInt(Number.MAX_SAFE_INTEGER);
  return {
    firstAt: Number(least + steps),
    everyMs: Number(everyMs > longest ? longest : everyMs),
    lastAt,
  };
}

/** Extended Euclid: `divisor` is the greatest common divisor, and a · factor ≡ divisor modulo b. */
function bezout(a: bigint, b: bigint): { divisor: bigint; factor: bigint } {
  let [rest, nextRest] = [a, b];
  let [factor, nextFactor] = [1n, 0n];
  while (nextRest !== 0n) {
    const quotient = rest / nextRest;
    [rest, nextRest] = [nextRest, rest - quotient * nextRest];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return { divisor: rest, factor };
}
