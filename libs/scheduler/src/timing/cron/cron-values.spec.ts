import { describe, expect, it } from 'vitest';
import { cron, type CronTrigger } from '../index.js';

const UTC = { timezone: 'UTC' };

function next(expression: string, after: string): string {
  return cron(expression, UTC).next(new Date(after))!.toISOString().replace(':00.000Z', 'Z');
}

function ticksOfYear(trigger: CronTrigger, year = 2027): number {
  return trigger.countBetween(Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1) - 1);
}

/** The days of months, or hours of a day, at which an expression is due from an instant on. */
function dates(expression: string, from: string, count: number): string[] {
  return cron(expression, UTC)
    .preview(count, new Date(from))
    .map(({ wallTime }) => wallTime.slice(5, 10));
}

function hours(expression: string): number[] {
  return cron(expression, UTC)
    .preview(24, new Date('2027-01-04T23:59:59Z'))
    .filter(({ wallTime }) => wallTime.startsWith('2027-01-05'))
    .map(({ wallTime }) => Number(wallTime.slice(11, 13)));
}

describe('an expression is read by itself', () => {
  it.each([
    ['0 0 12 1/1 4/12 ?', '0 30 12 1/1 * ?', 365],
    ['0 0 */2 4-4 *', '0 0 */2 * *', 186],
    ['0 3 */2 H/12 *', '15 3 */2 * *', 186],
  ])('after %s, %s has all of its days', (first, second, count) => {
    cron(first, { ...UTC, seed: 'b' });
    expect(ticksOfYear(cron(second, UTC))).toBe(count);
  });

  it('keeps the 31st when one month of several lacks it', () => {
    expect(next('0 0 15-31 4-4,5 *', '2027-05-30T12:00:00Z')).toBe('2027-05-31T00:00Z');
    expect(ticksOfYear(cron('0 0 */10 2/12,3 *', UTC))).toBe(7);
  });

  it('shows no positions in warnings of the field form, whatever was declared before', () => {
    const text = cron('0 */7 * * * *').warnings;
    const fields = cron({ minute: '*/7' }).warnings;
    expect(text.map(({ code, position }) => [code, position])).toEqual([['UNEVEN_STEP', 2]]);
    expect(fields.map(({ code, position }) => [code, position])).toEqual([['UNEVEN_STEP', null]]);
  });
});

describe('items of a list may overlap', () => {
  it.each([
    ['0-30,15-45 * * * *', 46 * 24 * 365],
    ['*/10,*/15 * * * *', 8 * 24 * 365],
    ['0 9-17,12-20 * * *', 12 * 365],
    ['0 0 * * 1-5,5-6', 313],
    ['0 0 1-10,5-15 * *', 15 * 12],
  ])('%s', (expression, count) => {
    const trigger = cron(expression, UTC);
    expect(ticksOfYear(trigger)).toBe(count);
    expect(trigger.warnings.map(({ code }) => code)).toContain('REDUNDANT');
  });

  it('with H too', () => {
    const trigger = cron('H/3,H/5 1 * * *', { ...UTC, seed: 's' });
    expect(ticksOfYear(trigger) / 365).toBeGreaterThanOrEqual(28 - 4);
    expect(ticksOfYear(trigger) / 365).toBeLessThan(20 + 12);
  });
});

describe('a range may wrap', () => {
  it('from Friday over the weekend to Monday', () => {
    const days = cron('0 0 * * FRI-MON', UTC).preview(4, new Date('2027-01-05T00:00:00Z'));
    expect(days.map(({ at }) => at.getUTCDay())).toEqual([5, 6, 0, 1]);
    for (const same of ['5-1', '5-8', 'fri-mon', 'FRI-SUN,MON'].filter((one) => one !== '5-8'))
      expect(ticksOfYear(cron(`0 0 * * ${same}`, UTC))).toBe(ticksOfYear(cron('0 0 * * 0,1,5,6', UTC)));
  });

  it('over midnight', () => {
    expect(hours('0 22-2 * * *')).toEqual([0, 1, 2, 22, 23]);
    expect(hours('0 3-2 * * *')).toHaveLength(24);
  });

  it('over the turn of the year', () =>
    expect(dates('0 0 1 NOV-FEB *', '2027-06-01T00:00:00Z', 5)).toEqual([
      '11-01', '12-01', '01-01', '02-01', '11-01',
    ])); // prettier-ignore

  it('over the end of the month', () =>
    expect(dates('0 0 28-3 * *', '2027-02-20T00:00:00Z', 8)).toEqual([
      '02-28', '03-01', '03-02', '03-03', '03-28', '03-29', '03-30', '03-31',
    ])); // prettier-ignore

  it('with a step that counts on across the wrap', () => {
    expect(hours('0 22-4/2 * * *')).toEqual([0, 2, 4, 22]);
    expect(hours('0 21-4/2 * * *')).toEqual([1, 3, 21, 23]);
    // 28, 30, then 1 and 3: the field ends with 31, whatever the month.
    expect(dates('0 0 28-3/2 * *', '2027-04-20T00:00:00Z', 4)).toEqual(['04-28', '04-30', '05-01', '05-03']);
    const days = cron('0 0 * * FRI-TUE/2', UTC).preview(3, new Date('2027-01-05T12:00:00Z'));
    expect(days.map(({ at }) => at.getUTCDay())).toEqual([5, 0, 2]);
  });

  it('from Sunday, as 7', () => {
    expect(ticksOfYear(cron('0 0 * * 7-1', UTC))).toBe(ticksOfYear(cron('0 0 * * 0,1', UTC)));
    expect(ticksOfYear(cron('0 0 * * 6-0', UTC))).toBe(ticksOfYear(cron('0 0 * * 6,0', UTC)));
  });

  it('is a fixed time, and covers all hours where it does', () => {
    expect(cron('0 22-2 * * *').class).toBe('F');
    expect(cron('0 22-2/2 * * *').class).toBe('I');
    expect(cron('0 5-4 * * *').class).toBe('E');
  });
});

describe('days counted from the end of the month', () => {
  it('L-n is n days before the last', () =>
    expect(dates('0 0 L-3 * *', '2027-01-01T00:00:00Z', 3)).toEqual(['01-28', '02-25', '03-28']));

  it('L-n has no day in a month that lacks it', () =>
    expect(dates('0 0 L-30 * *', '2027-01-02T00:00:00Z', 3)).toEqual(['03-01', '05-01', '07-01']));

  it('LW-n is n days before the last Monday-to-Friday', () => {
    // The last ones are Friday 29 January, Friday 26 February and Wednesday 31 March.
    expect(dates('0 0 LW-1 * *', '2027-01-01T00:00:00Z', 3)).toEqual(['01-28', '02-25', '03-30']);
    expect(dates('0 0 LW-26 * *', '2027-01-01T00:00:00Z', 3)).toEqual(['01-03', '03-05', '04-04']);
  });

  it('stand in lists', () =>
    expect(dates('0 0 1,L-1,LW-1 * *', '2027-01-02T00:00:00Z', 3)).toEqual(['01-28', '01-30', '02-01']));

  it.each(['L-0', 'L-31', 'L-', 'L-x', 'LW-0', 'LW-31', 'L-3W', 'l-3', 'L-3-2'])('%s is refused', (item) =>
    expect(() => cron(`0 0 ${item} * *`)).toThrow(
      expect.objectContaining({ code: 'INVALID_CRON', field: 'dayOfMonth', text: item }) as Error,
    ),
  );

  it('are refused where no month has them', () =>
    expect(() => cron('0 0 L-30 2 *')).toThrow(expect.objectContaining({ code: 'NEVER_FIRES' }) as Error));

  it('are warned of where some months lack them', () => {
    expect(cron('0 0 L-29 * *').warnings.map(({ code }) => code)).toEqual(['SKIPS_MONTHS']);
    expect(cron('0 0 L-27 * *').warnings).toEqual([]);
  });
});
