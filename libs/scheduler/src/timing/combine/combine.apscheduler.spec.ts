import { describe, expect, it } from 'vitest';
import { allOf, anyOf, calendarInterval, cron, every, type Trigger } from '../index.js';

/*
 * The combined, interval and calendar triggers that APScheduler's documentation shows (its user guide and
 * the pages of its triggers, releases 3 and 4), and the instants that follow from it.
 */

const STOCKHOLM = { timezone: 'Europe/Stockholm' };

/** Wall times and offsets from `from` on. */
function shown(trigger: Trigger, from: string, count: number): string[] {
  return trigger
    .preview(count, new Date(from))
    .map(({ wallTime, offset }) => `${wallTime.slice(0, 16)}${offset}`);
}

describe('what APScheduler documents', () => {
  it('AndTrigger([IntervalTrigger(hours=2), CronTrigger(day_of_week="sat,sun")])', () => {
    // Meant is "every 2 hours on weekends"; the fields left out are 0 there and here, so it is midnight.
    const trigger = allOf(
      every('2h', { startAt: '2027-01-01T00:00:00Z' }),
      cron({ dayOfWeek: 'sat,sun' }, { timezone: 'UTC' }),
    );
    expect(shown(trigger, '2027-01-01T12:00:00Z', 4)).toEqual([
      '2027-01-02T00:00+00:00',
      '2027-01-03T00:00+00:00',
      '2027-01-09T00:00+00:00',
      '2027-01-10T00:00+00:00',
    ]);
  });

  it('every 2 hours on Saturdays and Sundays, as that example means', () => {
    const trigger = allOf(
      every('2h', { startAt: '2027-01-01T01:00:00Z' }),
      cron('* * * * SAT,SUN', { timezone: 'UTC' }),
    );
    expect(shown(trigger, '2027-01-03T20:00:00Z', 4)).toEqual([
      '2027-01-03T21:00+00:00',
      '2027-01-03T23:00+00:00',
      '2027-01-09T01:00+00:00',
      '2027-01-09T03:00+00:00',
    ]);
  });

  it('OrTrigger([CronTrigger(day_of_week="mon", hour=2), CronTrigger(day_of_week="tue", hour=15)])', () => {
    const trigger = anyOf(
      cron({ dayOfWeek: 'mon', hour: 2 }, STOCKHOLM),
      cron({ dayOfWeek: 'tue', hour: 15 }, STOCKHOLM),
    );
    expect(shown(trigger, '2027-01-01T00:00:00Z', 4)).toEqual([
      '2027-01-04T02:00+01:00',
      '2027-01-05T15:00+01:00',
      '2027-01-11T02:00+01:00',
      '2027-01-12T15:00+01:00',
    ]);
  });

  it('AndTrigger(CalendarIntervalTrigger(months=2, hour=10), CronTrigger(day_of_week="mon-fri", hour=10))', () => {
    const everyOtherMonth = calendarInterval({
      months: 2,
      at: '10:00',
      startAt: '2027-01-03T00:00:00+01:00',
      ...STOCKHOLM,
    });
    const trigger = allOf(everyOtherMonth, cron({ dayOfWeek: 'mon-fri', hour: 10 }, STOCKHOLM));
    // 3 January 2027 is a Sunday, as is 3 October's neighbour in step: 3 July is a Saturday.
    expect(shown(trigger, '2027-01-01T00:00:00Z', 4)).toEqual([
      '2027-03-03T10:00+01:00',
      '2027-05-03T10:00+02:00',
      '2027-09-03T10:00+02:00',
      '2027-11-03T10:00+01:00',
    ]);
  });

  it('OrTrigger(CronTrigger(day_of_week="mon-fri", hour=10), CronTrigger(day_of_week="sat-sun", hour=11))', () => {
    const trigger = anyOf(
      cron({ dayOfWeek: 'mon-fri', hour: 10 }, STOCKHOLM),
      cron({ dayOfWeek: 'sat-sun', hour: 11 }, STOCKHOLM),
    );
    expect(shown(trigger, '2027-01-07T12:00:00Z', 4)).toEqual([
      '2027-01-08T10:00+01:00',
      '2027-01-09T11:00+01:00',
      '2027-01-10T11:00+01:00',
      '2027-01-11T10:00+01:00',
    ]);
  });

  it("add_job(job_function, 'interval', hours=2, start_date='2010-10-10 09:30:00', end_date='2014-06-15 11:00:00')", () => {
    const trigger = every({ hours: 2 }, { startAt: '2010-10-10T09:30:00Z', endAt: '2014-06-15T11:00:00Z' });
    expect(shown(trigger, '2010-01-01T00:00:00Z', 2)).toEqual([
      '2010-10-10T09:30+00:00',
      '2010-10-10T11:30+00:00',
    ]);
    expect(trigger.prev(new Date('2020-01-01T00:00:00Z'))).toEqual(new Date('2014-06-15T09:30:00Z'));
  });

  it('CalendarIntervalTrigger(months=1, hour=15, minute=36): the same day each month, at the same wall time', () => {
    const trigger = calendarInterval({
      months: 1,
      at: '15:36',
      startAt: '2027-02-17T00:00:00+01:00',
      ...STOCKHOLM,
    });
    expect(shown(trigger, '2027-01-01T00:00:00Z', 3)).toEqual([
      '2027-02-17T15:36+01:00',
      '2027-03-17T15:36+01:00',
      '2027-04-17T15:36+02:00',
    ]);
  });

  it('CalendarIntervalTrigger(years=1, months=5, weeks=6, days=8): units add up', () => {
    const trigger = calendarInterval({
      years: 1,
      months: 5,
      weeks: 6,
      days: 8,
      at: '03:00',
      startAt: '2027-01-10T00:00:00Z',
      timezone: 'UTC',
    });
    // 10 January 2027, + 17 months = 10 June 2028, + 50 days = 30 July 2028.
    expect(shown(trigger, '2027-01-01T00:00:00Z', 2)).toEqual([
      '2027-01-10T03:00+00:00',
      '2028-07-30T03:00+00:00',
    ]);
  });

  it('is not followed where it leaves a month out, or a day with a gap', () => {
    // There: 31 January, 31 March; and no run on 28 March 2027.
    const endOfMonth = calendarInterval({
      months: 1,
      at: '10:00',
      startAt: '2027-01-31T00:00:00Z',
      timezone: 'UTC',
    });
    expect(shown(endOfMonth, '2027-01-01T00:00:00Z', 2)).toEqual([
      '2027-01-31T10:00+00:00',
      '2027-02-28T10:00+00:00',
    ]);
    const inTheGap = calendarInterval({
      days: 1,
      at: '02:30',
      startAt: '2027-03-28T00:00:00Z',
      ...STOCKHOLM,
    });
    expect(shown(inTheGap, '2027-03-01T00:00:00Z', 1)).toEqual(['2027-03-28T03:00+02:00']);
  });
});
