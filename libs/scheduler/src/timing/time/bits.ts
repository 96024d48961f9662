// Sets of small numbers as one or two 32-bit integers.

/** Returned for "no member". */
const NONE = 64;

export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

export function highestBit(bits: number): number {
  return 31 - Math.clz32(bits);
}

/** The smallest member >= `from` of the set (low: 0-31, high: 32-59), or `NONE`; `from` up to 60. */
export function nextBit(low: number, high: number, from: number): number {
  if (from < 32) {
    const rest = low >>> from;
    if (rest !== 0) return from + lowestBit(rest);
    return high === 0 ? NONE : 32 + lowestBit(high);
  }
  const rest = high >>> (from - 32);
  return rest === 0 ? NONE : from + lowestBit(rest);
}

/** The largest member <= `from` of the set, or -1; `from` from -1. */
export function prevBit(low: number, high: number, from: number): number {
  if (from >= 32) {
    const rest = high & (0xffffffff >>> (63 - from));
    if (rest !== 0) return 32 + highestBit(rest);
    return low === 0 ? -1 : highestBit(low);
  }
  if (from < 0) return -1;
  const rest = low & (0xffffffff >>> (31 - from));
  return rest === 0 ? -1 : highestBit(rest);
}

export function countBits(bits: number): number {
  let rest = bits - ((bits >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The number of members < `below`. */
export function countBelow(low: number, high: number, below: number): number {
  if (below <= 0) return 0;
  if (below <= 32) return countBits(low & (0xffffffff >>> (32 - below)));
  return countBits(low) + countBits(high & (0xffffffff >>> (64 - below)));
}
