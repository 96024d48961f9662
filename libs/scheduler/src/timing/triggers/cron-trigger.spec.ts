import { describe, expect, it } from 'vitest';
import {
  cron,
  InvalidCronError,
  InvalidTimezoneError,
  InvalidTriggerError,
  NeverFiresError,
  triggerFromJson,
} from '../index.js';

const JOB = { jobId: 'ReportsService.daily', timezone: 'Europe/Berlin', anchorAt: 0 };

function thrown(work: () => unknown): Error & Record<string, unknown> {
  try {
    work();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('nothing was thrown');
}

function nextIn(expression: string, timezone: string, after: string): string | undefined {
  return cron(expression, { timezone }).next(new Date(after))?.toISOString();
}

describe('far instants', () => {
  it('waits eight years for a leap day across 2100', () => {
    expect(nextIn('0 0 29 2 *', 'UTC', '2096-02-29T00:00:00Z')).toBe('2104-02-29T00:00:00.000Z');
    expect(nextIn('0 0 29 2 *', 'Europe/Berlin', '2096-03-01T00:00:00Z')).toBe('2104-02-28T23:00:00.000Z');
    expect(
      cron('0 0 29 2 *', { timezone: 'UTC' }).prev(new Date('2104-02-29T00:00:00Z'))?.toISOString(),
    ).toBe('2096-02-29T00:00:00.000Z');
  });

  it('waits forty days, past what one timer can wait', () => {
    expect(nextIn('0 0 31 3 *', 'UTC', '2027-02-19T00:00:00Z')).toBe('2027-03-31T00:00:00.000Z');
  });

  it('waits twenty-eight years for a fifth Friday in February', () => {
    expect(nextIn('0 0 * 2 5#5', 'Europe/Berlin', '2008-03-01T00:00:00Z')).toBe('2036-02-28T23:00:00.000Z');
  });

  it('ends with the years 1 and 9999', () => {
    const yearly = cron('@yearly', { timezone: 'UTC' });
    expect(yearly.next(new Date('9998-12-31T00:00:00Z'))?.toISOString()).toBe('9999-01-01T00:00:00.000Z');
    expect(yearly.next(new Date('9999-01-01T00:00:00Z'))).toBeNull();
    expect(yearly.prev(new Date('0001-01-01T00:00:01Z'))?.toISOString()).toBe('0001-01-01T00:00:00.000Z');
    expect(yearly.prev(new Date('0001-01-01T00:00:00Z'))).toBeNull();
    expect(yearly.nextAt(-Infinity)).toBe(Date.parse('0001-01-01T00:00:00Z'));
    expect(yearly.nextAt(Infinity)).toBeNull();
    expect(yearly.prevAt(-Infinity)).toBeNull();
  });

  it('answers about the year 9000 without building the years between', () => {
    expect(nextIn('0 12 * * *', 'Europe/Berlin', '9000-01-01T00:00:00Z')).toBe('9000-01-01T11:00:00.000Z');
  });
});

describe('counting', () => {
  it('counts three years of seconds at once, without the hours that do not exist and with those that occur twice', () => {
    const trigger = cron('* * * * * *', { timezone: 'Europe/Berlin' });
    const from = Date.UTC(2024, 0, 1);
    const to = Date.UTC(2027, 0, 1) - 1;
    expect(trigger.countBetween(from, to)).toBe((to + 1 - from) / 1000);
  });

  it('counts a made-up run once, also where it merges with a regular one', () => {
    const from = Date.parse('2027-03-28T00:00:00Z');
    const count = (expression: string): number =>
      cron(expression, { timezone: 'Europe/Berlin' }).countBetween(from, from + 2 * 3600_000);
    expect(count('30 2 * * *')).toBe(1);
    expect(count('30 2,3 * * *')).toBe(2);
    expect(count('0 2,3 * * *')).toBe(1);
  });

  it('takes both ends in and finds nothing in an empty span', () => {
    const trigger = cron('0 * * * *', { timezone: 'UTC' });
    expect(trigger.countBetween(0, 3_600_000)).toBe(2);
    expect(trigger.countBetween(1, 3_599_999)).toBe(0);
    expect(trigger.countBetween(10, 0)).toBe(0);
  });
});

describe('what can never fire', () => {
  it.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 31W 2 *', '0 0 30-31 FEB ?', '0 0 31W,31 2 *'])(
    'is refused: %s',
    (expression) => {
      const error = thrown(() => cron(expression));
      expect(error).toBeInstanceOf(NeverFiresError);
      expect(error).toMatchObject({ code: 'NEVER_FIRES', statusCode: 422, field: 'dayOfMonth', position: 4 });
      expect(error.message).toContain('"dayOfMonth"');
    },
  );

  it.each(['0 0 29 2 *', '0 0 31 2 1', '0 0 30W,28 2 *', '0 0 * 2 5#5', '0 0 31 1-2 *', '0 0 LW 2 *'])(
    'can fire: %s',
    (expression) => {
      expect(cron(expression, { timezone: 'UTC' }).next(new Date(0))).not.toBeNull();
    },
  );

  it('is found out where onGap leaves only times that no day has', () => {
    // The second Sunday of March, 02:30, is always skipped in New York.
    const always = '30 2 * 3 0#2';
    expect(thrown(() => cron(always, { timezone: 'America/New_York', onGap: 'skip' }))).toMatchObject({
      code: 'NEVER_FIRES',
    });
    expect(
      thrown(() => cron(always, { onGap: 'skip' }).bind({ ...JOB, timezone: 'America/New_York' })),
    ).toMatchObject({ code: 'NEVER_FIRES' });
    expect(cron(always, { timezone: 'America/New_York' }).next(new Date('2027-01-01'))?.toISOString()).toBe(
      '2027-03-14T07:00:00.000Z',
    );
  });
});

describe('H', () => {
  it('keeps a job at one place and spreads many jobs out', () => {
    const minuteOf = (jobId: string): number =>
      cron('H * * * *')
        .bind({ ...JOB, jobId })
        .next(new Date(0))!
        .getUTCMinutes();
    expect(minuteOf('a')).toBe(minuteOf('a'));
    const minutes = new Map<number, number>();
    for (let job = 0; job < 6000; job++)
      minutes.set(minuteOf(`job-${job}`), (minutes.get(minuteOf(`job-${job}`)) ?? 0) + 1);
    expect(minutes.size).toBe(60);
    expect(Math.max(...minutes.values())).toBeLessThan(160);
    expect(Math.min(...minutes.values())).toBeGreaterThan(50);
  });

  it('never moves a job by an update of this library', () => {
    const next = cron('H H * * *', { timezone: 'UTC', seed: 'ReportsService.daily' }).next(new Date(0));
    expect(next?.toISOString()).toBe('1970-01-01T14:14:00.000Z');
  });

  it('hashes each field apart', () => {
    const walls = new Set<string>();
    for (let job = 0; job < 300; job++) {
      const at = cron('H H * * *', { timezone: 'UTC', seed: `${job}` }).next(new Date(0))!;
      walls.add(`${at.getUTCHours()}:${at.getUTCMinutes()}`);
    }
    expect(walls.size).toBeGreaterThan(240);
  });

  it('stays in its range, in its step, and in days that every month has', () => {
    for (let job = 0; job < 100; job++) {
      const seed = `job-${job}`;
      const at = cron('H(10-19) H/6 H * *', { timezone: 'UTC', seed }).next(new Date(0))!;
      expect(at.getUTCMinutes()).toBeGreaterThanOrEqual(10);
      expect(at.getUTCMinutes()).toBeLessThanOrEqual(19);
      expect(at.getUTCDate()).toBeLessThanOrEqual(28);
      expect(cron('0 H/6 * * *', { timezone: 'UTC', seed }).countBetween(0, 86_399_999)).toBe(4);
      expect(cron('0 0 * * H', { timezone: 'UTC', seed }).countBetween(0, 7 * 86_400_000 - 1)).toBe(1);
    }
  });

  it('is a fixed time alone, and an interval with a step', () => {
    expect(cron('H 3 * * *', { seed: 'a' }).class).toBe('F');
    expect(cron('H/20 3 * * *', { seed: 'a' }).class).toBe('I');
    expect(cron('H/20 3 * * *').bind(JOB).class).toBe('I');
    // The default at changes of offset follows the class that the seed made known.
    expect(cron('H * * * *').bind(JOB).preview(1, new Date('2027-03-28T00:59:00Z'))[0]!.effects).toEqual(
      cron('7 * * * *', { timezone: 'Europe/Berlin' })
        .preview(1, new Date('2027-03-28T00:59:00Z'))[0]!
        .effects.map((effect) => ({
          ...effect,
          firstWallTime: expect.any(String) as string,
          lastWallTime: expect.any(String) as string,
        })),
    );
  });

  it('may await its job, but not answer without a seed', () => {
    const open = cron('H * * * *');
    const asks = [
      () => open.next(new Date(0)),
      () => open.prev(new Date(0)),
      () => open.preview(1, new Date(0)),
      () => open.countBetween(0, 1),
    ];
    for (const ask of asks) {
      expect(thrown(ask)).toMatchObject({ code: 'INVALID_CRON', reason: 'SEED_REQUIRED' });
      expect(thrown(ask).message).toContain('seed');
    }
    expect(open.bind(JOB).toJSON()).toMatchObject({ expression: 'H * * * *', seed: 'ReportsService.daily' });
  });

  it('is not a word that starts with H', () => {
    expect(thrown(() => cron('H(0-60) * * * *'))).toMatchObject({ reason: 'OUT_OF_RANGE', field: 'minute' });
    expect(thrown(() => cron('H/0 * * * *'))).toMatchObject({ reason: 'BAD_STEP' });
    expect(thrown(() => cron('0 0 * * THUR'))).toMatchObject({
      reason: 'UNKNOWN_NAME',
      expected: 'three letters, here THU',
    });
  });
});

describe('the field form', () => {
  it.each([
    [{ hour: 0, minute: 5 }, '0 5 0 * * *'],
    [{ dayOfWeek: 'mon', hour: 9 }, '0 0 9 * * mon'],
    [{ month: 5 }, '0 0 0 1 5 *'],
    [{ dayOfMonth: 'L' }, '0 0 0 L * *'],
    [{ dayOfWeek: 'fri' }, '0 0 0 * * fri'],
    [{ minute: '*/5' }, '0 */5 * * * *'],
    [{ second: '*/10' }, '*/10 * * * * *'],
    [{ month: '1-3', hour: '9' }, '0 0 9 * 1-3 *'],
  ])('%o is %s', (fields, expression) => {
    expect(cron(fields).toJSON().expression).toBe(expression);
  });

  it.each([
    [{ hour: 24 }, 'OUT_OF_RANGE', 'hour'],
    [{ hour: undefined }, 'BAD_VALUE', 'hour'],
    [{ hour: '' }, 'BAD_VALUE', 'hour'],
    [{ hour: '1 2' }, 'BAD_VALUE', 'hour'],
    [{ minute: 1.5 }, 'BAD_VALUE', 'minute'],
    [{ minute: -1 }, 'BAD_RANGE', 'minute'],
    [{ dayOfMonth: 1, dayOfWeek: 'mon' }, 'DOM_AND_DOW', 'dayOfMonth'],
    [{ year: 2027, hour: 1 }, 'UNKNOWN_FIELD', 'year'],
    [{ week: 3 }, 'UNKNOWN_FIELD', 'week'],
    [{ hour: 1, minutes: 3 }, 'UNKNOWN_FIELD', 'minutes'],
    [{ day: 3 }, 'UNKNOWN_FIELD', 'day'],
    [{}, 'EMPTY', null],
  ])('refuses %o: %s', (fields, reason, field) => {
    expect(thrown(() => cron(fields as object))).toMatchObject({
      code: 'INVALID_CRON',
      reason,
      field,
      position: null,
    });
  });
});

describe('what is open', () => {
  it('is filled in by the job and then named', () => {
    const bound = cron('0 3 * * *').bind(JOB);
    expect(bound.toJSON()).toEqual({ type: 'cron', expression: '0 3 * * *', timezone: 'Europe/Berlin' });
    expect(bound.next(new Date('2027-01-01T00:00:00Z'))?.toISOString()).toBe('2027-01-01T02:00:00.000Z');
    expect(bound.bind({ ...JOB, timezone: 'UTC' })).toBe(bound);
  });

  it("is the process's zone outside a job", () => {
    // vitest.config.ts sets TZ to New York.
    expect(cron('0 3 * * *').next(new Date('2027-01-01T00:00:00Z'))?.toISOString()).toBe(
      '2027-01-01T08:00:00.000Z',
    );
  });
});

describe('zones', () => {
  it('may be fixed offsets, which Intl of Node 20 does not know', () => {
    expect(nextIn('0 3 * * *', '+02:00', '2027-07-01T00:00:00Z')).toBe('2027-07-01T01:00:00.000Z');
    expect(nextIn('0 3 * * *', '-05:30', '2027-07-01T00:00:00Z')).toBe('2027-07-01T08:30:00.000Z');
  });

  it.each(['Europe/Berln', 'Mars/Olympus', '', '+25:00', '+2', ' UTC', 5, null])('refuses %o', (timezone) => {
    const error = thrown(() => cron('0 3 * * *', { timezone: timezone as string }));
    expect(error).toBeInstanceOf(InvalidTimezoneError);
    expect(error).toMatchObject({ code: 'INVALID_TIMEZONE', statusCode: 422, value: timezone });
  });

  it('suggests what was probably meant', () => {
    expect(thrown(() => cron('0 3 * * *', { timezone: 'Europe/Berln' })).message).toContain(
      'Did you mean "Europe/Berlin"?',
    );
    expect(thrown(() => cron('0 3 * * *', { timezone: 'America/Berlin' }))['suggestions']).toContain(
      'Europe/Berlin',
    );
  });

  it('knows changes that undo each other within ten days, and offsets of odd seconds', () => {
    // Vienna, 1945: summer time from 2 to 12 April.
    const vienna = cron('0 12 * * *', { timezone: 'Europe/Vienna' });
    const noons = vienna.preview(12, new Date('1945-04-01T11:30:00Z')).map(({ offset }) => offset);
    expect(new Set(noons)).toEqual(new Set(['+02:00', '+01:00']));
    expect(
      cron('0 12 * * *', { timezone: 'Europe/Amsterdam' }).preview(1, new Date('1850-01-01T00:00:00Z'))[0]!
        .offset,
    ).toMatch(/^\+00:\d\d:\d\d$/);
  });
});

describe('startAt and endAt', () => {
  const hourly = cron('0 * * * *', {
    timezone: 'UTC',
    startAt: '2027-01-01T10:00:00Z',
    endAt: new Date('2027-01-01T12:00:00Z'),
  });

  it('are inclusive, in both directions and in counts', () => {
    expect(hourly.preview(10, new Date(0)).map(({ at }) => at.getUTCHours())).toEqual([10, 11, 12]);
    expect(hourly.prev(new Date('2028-01-01'))?.getUTCHours()).toBe(12);
    expect(hourly.prev(new Date('2027-01-01T10:00:00Z'))).toBeNull();
    expect(hourly.next(new Date('2027-01-01T12:00:00Z'))).toBeNull();
    expect(hourly.countBetween(0, Date.UTC(2030, 0))).toBe(3);
  });

  it.each([
    [{ startAt: '2027-01-01T10:00:00' }, 'startAt', 'End it with "Z" or an offset'],
    [{ startAt: '2027-01-01' }, 'startAt', 'End it with "Z" or an offset'],
    [{ endAt: '2027-02-30T00:00:00Z' }, 'endAt', 'does not exist'],
    [{ endAt: 'tomorrow' }, 'endAt', 'ISO 8601'],
    [{ endAt: new Date(NaN) }, 'endAt', 'Invalid Date'],
    [{ startAt: 5 }, 'startAt', 'not a Date'],
    [{ startAt: new Date(1), endAt: new Date(0) }, 'endAt', 'before startAt'],
    [{ onGap: 'never' }, 'onGap', "'run' or 'skip'"],
    [{ onRepeat: 'twice' }, 'onRepeat', "'first' or 'both'"],
    [{ seed: '' }, 'seed', 'leave it out'],
    [{ timeZone: 'UTC' }, 'timeZone', 'timezone'],
  ])('refuses %o', (options, field, remedy) => {
    const error = thrown(() => cron('0 * * * *', options as object));
    expect(error).toBeInstanceOf(InvalidTriggerError);
    expect(error).toMatchObject({ code: 'INVALID_TRIGGER', statusCode: 422, field });
    expect(error.message).toContain(remedy);
  });
});

describe('after the clock was set back', () => {
  const nowAt = Date.parse('2027-01-01T03:10:00Z');
  const lastTickAt = Date.parse('2027-01-01T03:30:00Z');
  const nextAfter = (expression: string): string => {
    const { nextAt } = cron(expression, { timezone: 'UTC' }).afterClockSetBack({
      nowAt,
      stepMs: 1_800_000,
      lastTickAt,
      waitingAt: null,
    });
    return new Date(nextAt!).toISOString();
  };

  it('goes on at once with what runs all day', () =>
    expect(nextAfter('*/10 * * * *')).toBe('2027-01-01T03:20:00.000Z'));
  it('does not repeat a fixed time', () => expect(nextAfter('30 3 * * *')).toBe('2027-01-02T03:30:00.000Z'));
  it('does not repeat within hours of the day', () =>
    expect(nextAfter('*/10 3 * * *')).toBe('2027-01-01T03:40:00.000Z'));
});

describe('JSON', () => {
  it.each([
    cron('0 3 * * *'),
    cron('@daily', { timezone: 'Europe/Berlin', onGap: 'skip', onRepeat: 'both' }),
    cron('H/15 * * * *', { seed: 'a', timezone: '+02:00' }),
    cron({ hour: 3 }, { startAt: '2027-01-01T10:00:00+02:00', endAt: new Date('2028-01-01') }),
    cron('H H * * *'),
  ])('makes an equal trigger again: %s', (trigger) => {
    const json = JSON.stringify(trigger);
    const copy = triggerFromJson(JSON.parse(json) as never);
    expect(JSON.stringify(copy)).toBe(json);
    const seeded = [trigger, copy].map((one) => one.bind(JOB).preview(5, new Date('2027-03-27T00:00:00Z')));
    expect(seeded[0]).toEqual(seeded[1]);
  });
});

describe('the public edge', () => {
  const hourly = cron('0 * * * *', { timezone: 'UTC' });

  it.each([
    [() => hourly.next(new Date(NaN)), 'after'],
    [() => hourly.prev(new Date(NaN)), 'before'],
    [() => hourly.next(5 as never), 'after'],
    [() => hourly.preview(1, new Date(NaN)), 'from'],
    [() => hourly.preview(0, new Date(0)), 'count'],
    [() => hourly.preview(10_001, new Date(0)), 'count'],
    [() => hourly.preview(1.5, new Date(0)), 'count'],
  ])('names the argument at fault: %s', (work, field) => {
    expect(thrown(work)).toMatchObject({ code: 'INVALID_TRIGGER', field });
  });

  it('reads as a sentence', () => {
    expect(String(cron('0 3 * * *', { timezone: 'Europe/Berlin' }))).toBe(
      'cron "0 3 * * *" in Europe/Berlin',
    );
    expect(String(cron('0 3 * * *'))).toBe('cron "0 3 * * *"');
  });

  it('says what is wrong, where, and what to write', () => {
    expect(thrown(() => cron('60 * * * *')).message).toBe(
      'The cron expression "60 * * * *": the field "minute", "60" at position 0, has 60 outside 0-59. Expected 0-59.',
    );
    expect(thrown(() => cron('0 0 * *')).message).toBe(
      'The cron expression "0 0 * *" has 4 fields. Expected 5 fields (minute hour dayOfMonth month dayOfWeek), or 6 with the second first.',
    );
    expect(thrown(() => cron(' @Daily ')).message).toMatch(
      /^The cron expression " @Daily " is not a known macro\. Expected one of @yearly, /,
    );
    expect(thrown(() => cron('0 0\n* * *')).message).toMatch(
      /^The cron expression .*: " " at position 3 is not an ASCII character of cron \(U\+000A\)\. /,
    );
    expect(thrown(() => cron(undefined as never)).message).toContain('check that the variable is set');
    expect(thrown(() => cron('every 5 minutes')).message).toContain("every('5m')");
    expect(thrown(() => cron('0 0 * * fri-'))).toMatchObject({
      reason: 'BAD_RANGE',
      position: 8,
      text: 'fri-',
    });
    expect(thrown(() => cron('0 0 * * mon-fri#2x'))).toMatchObject({ reason: 'BAD_NTH', text: 'mon-fri#2x' });
    expect(thrown(() => cron('0 0 * * 5/2'))).toMatchObject({ reason: 'BAD_STEP' });
    expect(thrown(() => cron('0 0 1,99 * *'))).toMatchObject({
      reason: 'OUT_OF_RANGE',
      position: 6,
      text: '99',
    });
    expect(thrown(() => cron('0 0\n* * *'))).toMatchObject({ reason: 'BAD_CHAR', position: 3 });
    expect(thrown(() => cron('0 0 * *'))).toBeInstanceOf(InvalidCronError);
  });

  it('allows lists that repeat themselves beyond all need', () => {
    const many = Array.from({ length: 30 }, (_, index) => `${index % 3}-59`).join(',');
    expect(cron(`${many} * * * *`, { timezone: 'UTC' }).countBetween(0, 3_599_999)).toBe(60);
  });
});
