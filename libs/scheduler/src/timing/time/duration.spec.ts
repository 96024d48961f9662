import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, InvalidDurationError, parseDuration, type Duration } from '../index.js';

describe('parseDuration', () => {
  it.each<[Duration, number]>([
    [250, 250],
    [0, 0],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1h 30m', 5_400_000],
    [' 2d ', 172_800_000],
    ['250ms', 250],
    ['1w', 604_800_000],
    ['1.5h', 5_400_000],
    ['0.1s', 100],
    ['0s', 0],
    [{ minutes: 5 }, 300_000],
    [{ hours: 1, minutes: 30 }, 5_400_000],
    [{ weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, 694_861_001],
    [{ seconds: 0.5 }, 500],
    [2 ** 53, 2 ** 53],
    [1000 / 3, 333],
  ])('reads %o as %d ms', (value, ms) => expect(parseDuration(value, 'every')).toBe(ms));

  it.each([
    -1,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53 + 2,
    '',
    '  ',
    '5',
    '5 ',
    '5x',
    '5M',
    '-5m',
    's',
    '1h-30m',
    '1e3s',
    '5m5m',
    '5m30',
    'm5',
    '∞',
    '9'.repeat(400) + 's',
    {},
    { minute: 5 },
    { minutes: -5 },
    { minutes: NaN },
    { minutes: '5' },
    { weeks: 1e12 },
    null,
    undefined,
    true,
    [5],
    new Date(5),
    5n,
  ])('refuses %o, naming the option', (value) => {
    const refused = (): number => parseDuration(value as Duration, 'timeout');
    expect(refused).toThrow(InvalidDurationError);
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'INVALID_DURATION',
        statusCode: 422,
        field: 'timeout',
        value,
      }) as Error,
    );
    expect(refused).toThrow(/"timeout".*'30s'/);
  });

  it.each(['PT5S', 'P1D', ' pt1h30m'])('says of %o what it is', (text) =>
    expect(() => parseDuration(text, 'every')).toThrow(/ISO 8601.*'5m'/),
  );

  it('reads what formatDuration writes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms), 'every') === ms));
    expect(formatDuration(5_400_000)).toBe('1h30m');
    expect(formatDuration(0)).toBe('0ms');
  });
});
