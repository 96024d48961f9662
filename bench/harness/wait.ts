export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function sleepUntil(at: number): Promise<void> {
  return sleep(Math.max(0, at - Date.now()));
}

/** A cron job's second and minute recur; the first instant from `from` on that is `offset` into a `period`. UTC ms. */
export function nextInstant(from: number, periodMs: number, offsetMs: number): number {
  return Math.ceil((from - offsetMs) / periodMs) * periodMs + offsetMs;
}
