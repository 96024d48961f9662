import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICIES, type RetryPolicy } from '../model/index.js';
import { planRetry } from './retry.js';

function next(
  retry: Partial<RetryPolicy>,
  attempt = 1,
  kind: 'failed' | 'timedOut' = 'failed',
  runId = 'run-1',
) {
  return planRetry({
    result: { kind, error: new Error('no') },
    attempt,
    retry: { ...DEFAULT_POLICIES.retry, attempts: 10, delayMs: 100, ...retry },
    endedAt: 1_000,
    runId,
  });
}

describe('planRetry', () => {
  it('waits the same each time, or twice as long each time, up to the longest', () => {
    expect([1, 2, 3].map((attempt) => next({ backoff: 'fixed' }, attempt))).toEqual([1_100, 1_100, 1_100]);
    expect([1, 2, 3].map((attempt) => next({ backoff: 'exponential' }, attempt))).toEqual([
      1_100, 1_200, 1_400,
    ]);
    expect(next({ backoff: 'exponential', maxDelayMs: 250 }, 3)).toBe(1_250);
  });

  it('asks the function, which must answer milliseconds', () => {
    expect(next({ backoff: (attempt) => attempt * 7 }, 3)).toBe(1_021);
    expect(() => next({ backoff: () => Number.NaN })).toThrow(/backoff answered NaN/);
  });

  it('takes at most its share off as jitter, the same wherever it is computed', () => {
    const at = Array.from({ length: 50 }, (_, i) =>
      next({ backoff: 'fixed', delayMs: 1_000, jitter: 0.5 }, 1, 'failed', `run-${i}`)!,
    );
    expect(at.every((instant) => instant >= 1_500 && instant <= 2_000)).toBe(true);
    expect(new Set(at).size).toBeGreaterThan(40);
    expect(next({ jitter: 0.5, delayMs: 1_000 })).toBe(next({ jitter: 0.5, delayMs: 1_000 }));
  });

  it('is for failed and timed-out attempts, while there are attempts left and `when` agrees', () => {
    expect(next({}, 1, 'timedOut')).not.toBeNull();
    expect(next({ attempts: 3 }, 3)).toBeNull();
    expect(next({ when: () => false })).toBeNull();
    expect(
      planRetry({
        result: { kind: 'succeeded', value: 1 },
        attempt: 1,
        retry: DEFAULT_POLICIES.retry,
        endedAt: 0,
        runId: 'r',
      }),
    ).toBeNull();
  });
});
