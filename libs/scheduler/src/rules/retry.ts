import type { AttemptResult, RetryPolicy } from '../model/index.js';
import { stableHash } from '../timing/index.js';

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
  const offMs =
    retry.jitter === 0 ? 0 : delayMs * retry.jitter * (stableHash(`${runId}\n${attempt}`) / 2 ** 32);
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
