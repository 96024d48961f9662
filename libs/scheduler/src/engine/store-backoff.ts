const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/** How long after so many failures before it a store that does not answer is asked again, ms. */
export function storeBackoffMs(failuresBefore: number): number {
  return Math.min(FIRST_MS * 2 ** failuresBefore, LONGEST_MS);
}
