import type { AttemptResult, RetryPolicy } from '../model/index.js';

export interface EndedAttempt {
  readonly result: AttemptResult;
  readonly attempt: number;
  readonly retry: RetryPolicy;
  readonly endedAt: number;
  /** Seeds the jitter, so that the answer is the same wherever it is computed. */
  readonly runId: string;
}

/**
 * O3: when the next attempt is due, UTC ms; null when the result is the run's outcome. What the
 * caller's own `when` or `backoff` throws is thrown.
 */
export function planRetry({ result, attempt, retry, endedAt, runId }: EndedAttempt): number | null {
  if (result.kind !== 'failed' && result.kind !== 'timedOut') return null;
  if (attempt >= retry.attempts) return null;
  if (retry.when !== null && !retry.when(result.error)) return null;
  const delayMs = Math.min(backoffMs(retry, attempt, result.error), retry.maxDelayMs);
  const offMs = retry.jitter === 0 ? 0 : delayMs * retry.jitter * share(runId, attempt);
  return endedAt + Math.round(delayMs - offMs);
}

function backoffMs(retry: RetryPolicy, attempt: number, error: unknown): number {
  switch (retry.backoff) {
    case 'fixed':
      return retry.delayMs;
    case 'exponential':
      return retry.delayMs * 2 ** (attempt - 1);
    default: {
      const delayMs = retry.backoff(attempt, error);
      if (typeof delayMs === 'number' && delayMs >= 0) return delayMs;
      throw new TypeError(
        `retry.backoff answered ${String(delayMs)} for attempt ${attempt}; it must answer milliseconds, 0 or more.`,
      );
    }
  }
}

/** A number in [0, 1) that is spread evenly over runs and attempts (FNV-1a). */
function share(runId: string, attempt: number): number {
  let hash = 0x811c9dc5 ^ attempt;
  for (let i = 0; i < runId.length; i++) hash = Math.imul(hash ^ runId.charCodeAt(i), 0x01000193);
  // The last multiplication leaves the high bits weak for short ids: fold them down once more.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
