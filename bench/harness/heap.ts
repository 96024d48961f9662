/** Bytes alive after a forced collection, typed arrays included. Needs --expose-gc, which every case has. */
export function liveBytes(): number {
  // Twice: the first pass may leave what finalizers and weak references held.
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
