import { clearTimeout, setTimeout } from 'node:timers';

// The machine's time, not the scheduler's: what waits for a database is not held up by a test that steers time.

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param work never rejects */
export async function isOverWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)));
  const isOver = await Promise.race([work.then(() => true), tooLong]);
  clearTimeout(timer);
  return isOver;
}
