import { describe, expect, it } from 'vitest';
import { cron, type InvalidCronError } from '../index.js';

function refused(expression: string): InvalidCronError {
  try {
    cron(expression, { seed: 'a job' });
  } catch (error) {
    return error as InvalidCronError;
  }
  throw new Error(`${expression} is accepted`);
}

describe('white space around an expression is trimmed', () => {
  it.each(['0 3 * * *\n', '0 3 * * *\r\n', '\n 0 3 * * *\t \n', '@daily\n'])('%j', (expression) => {
    expect(cron(expression, { timezone: 'UTC' }).nextAt(0)).not.toBeNull();
    expect(String(cron(expression))).toBe(`cron "${expression.trim()}"`);
  });

  it.each(['0 0\n* * *', '\u00a00 3 * * *', '0 3 * * *\u2028', '\ufeff0 3 * * *'])(
    'but none inside, and no other: %j',
    (expression) => expect(refused(expression)).toMatchObject({ reason: 'BAD_CHAR' }),
  );

  it('keeps positions those of the expression as it was given', () => {
    expect(refused('\n 0 99 * * *\n')).toMatchObject({ reason: 'OUT_OF_RANGE', position: 4, text: '99' });
    expect(refused('\n')).toMatchObject({ reason: 'EMPTY' });
  });
});

describe('what other schedulers write is refused with a remedy', () => {
  it.each([
    ['0 0 12 * * ? *', 'FIELD_COUNT', 'startAt and endAt'],
    ['0 0 12 * * ? 2027', 'FIELD_COUNT', 'startAt and endAt'],
    ['@every 5m', 'UNKNOWN_ALIAS', "every('5m')"],
    ['@every 1h30m', 'UNKNOWN_ALIAS', "every('1h30m')"],
    ['@reboot', 'UNKNOWN_ALIAS', '@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly'],
    ['@Daily', 'UNKNOWN_ALIAS', '@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly'],
    ['CRON_TZ=Europe/Berlin 0 3 * * *', 'BAD_VALUE', "{ timezone: 'Europe/Berlin' }"],
    ['TZ=Asia/Tokyo 0 3 * * *', 'BAD_VALUE', "{ timezone: 'Asia/Tokyo' }"],
    ['CRON_TZ=UTC', 'BAD_VALUE', "{ timezone: 'UTC' }"],
    ['PT5M', 'BAD_VALUE', "every('5m')"],
    ['P1DT12H', 'BAD_VALUE', "every('5m')"],
    ['R/2027-01-01T00:00:00Z/PT5M', 'BAD_VALUE', "every('5m')"],
  ])('%s', (expression, reason, remedy) => {
    const error = refused(expression);
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(remedy);
  });
});

describe('H with a step beyond its range', () => {
  it.each(['H(1-5)/10', 'H(1-5)/6', 'H(0-0)/2'])('%s is refused', (item) =>
    expect(refused(`${item} * * * *`)).toMatchObject({ reason: 'BAD_HASH', text: item }),
  );

  it.each(['H(1-5)/5', 'H(1-5)/2', 'H/70'])('%s is not', (item) =>
    expect(cron(`${item} * * * *`, { seed: 'a job' }).nextAt(0)).not.toBeNull(),
  );
});
