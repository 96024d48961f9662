import { describe, expect, it } from 'vitest';
import { after, at, every, timeoutAfter, triggerFromJson } from './index.js';

const JOB = { jobId: 'a', timezone: 'UTC', anchorAt: 10_000 };

describe('triggerFromJson', () => {
  it.each([
    every('5m'),
    every('5m').bind(JOB),
    every('5m', { startAt: new Date(5), endAt: new Date(1e12) }),
    at(new Date(123_456_789)),
    after('30s'),
    after('30s').bind(JOB),
    timeoutAfter('30s'),
    timeoutAfter('30s').bind(JOB),
  ])('makes an equal trigger again: %s', (trigger) => {
    const json = JSON.stringify(trigger);
    const copy = triggerFromJson(JSON.parse(json) as never);
    expect(JSON.stringify(copy)).toBe(json);
    expect(copy.constructor).toBe(trigger.constructor);
    expect(copy.nextAt(777)).toBe(trigger.nextAt(777));
  });

  it.each([
    [null, 'trigger'],
    ['cron', 'trigger'],
    [[], 'trigger'],
    [{}, 'type'],
    [{ type: 'lunar' }, 'type'],
    [{ type: 'interval' }, 'everyMs'],
    [{ type: 'interval', everyMs: 0 }, 'everyMs'],
    [{ type: 'interval', everyMs: 1.5 }, 'everyMs'],
    [{ type: 'interval', everyMs: 5, anchorAt: 'x' }, 'anchorAt'],
    [{ type: 'interval', everyMs: 5, jitter: 3 }, 'jitter'],
    [
      { type: 'interval', everyMs: 5, anchorAt: '2027-01-01T00:00:00Z', startAt: '2027-01-01T00:00:00Z' },
      'anchorAt',
    ],
    [{ type: 'date' }, 'at'],
    [{ type: 'timeout', afterMs: -1 }, 'afterMs'],
    [{ type: 'after' }, 'afterMs'],
    [{ type: 'cron', expression: '* * * * *', every: 5 }, 'every'],
  ])('refuses %o, naming %s', (json, field) => {
    expect(() => triggerFromJson(json as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_TRIGGER', field }) as Error,
    );
  });
});
