/** Ticks at firstAt + k · everyMs, k from 0, none after `lastAt`; ms. */
export interface TickGrid {
  readonly firstAt: number;
  readonly everyMs: number;
  readonly lastAt: number;
}

/** The first tick >= `at`; null after the last. */
export function gridFrom({ firstAt, everyMs, lastAt }: TickGrid, at: number): number | null {
  const tick = at <= firstAt ? firstAt : firstAt + Math.ceil((at - firstAt) / everyMs) * everyMs;
  return tick > lastAt ? null : tick;
}

/** The last tick <= `at`; null before the first. */
export function gridUpTo({ firstAt, everyMs, lastAt }: TickGrid, at: number): number | null {
  const last = Math.min(at, lastAt);
  return last < firstAt ? null : firstAt + Math.floor((last - firstAt) / everyMs) * everyMs;
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
