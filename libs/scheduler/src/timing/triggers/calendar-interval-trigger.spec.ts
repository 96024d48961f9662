import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarInterval, type CalendarIntervalOptions, type Trigger, triggerFromJson } from '../index.js';

const BERLIN = 'Europe/Berlin';

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString().replace(':00.000Z', 'Z');
}

function walk(trigger: Trigger, from: string, most: number): (string | null)[] {
  const found: (string | null)[] = [];
  let at = trigger.nextAt(Date.parse(from));
  for (; found.length < most && at !== null; at = trigger.nextAt(at)) found.push(iso(at));
  return found;
}

describe('calendarInterval', () => {
  it.each<[string, CalendarIntervalOptions, string[]]>([
    [
      'clamps to the end of the month without drifting',
      { months: 1, at: '08:00', timezone: BERLIN, startAt: '2028-01-31T00:00:00+01:00' },
      [
        '2028-01-31T07:00Z',
        '2028-02-29T07:00Z',
        '2028-03-31T06:00Z',
        '2028-04-30T06:00Z',
        '2028-05-31T06:00Z',
      ],
    ],
    [
      'keeps a leap day for the leap years',
      { years: 1, at: '00:00', timezone: 'UTC', startAt: '2028-02-29T00:00:00Z' },
      [
        '2028-02-29T00:00Z',
        '2029-02-28T00:00Z',
        '2030-02-28T00:00Z',
        '2031-02-28T00:00Z',
        '2032-02-29T00:00Z',
      ],
    ],
    [
      'counts quarters',
      { months: 3, at: '06:30', timezone: 'UTC', startAt: '2027-11-30T00:00:00Z' },
      ['2027-11-30T06:30Z', '2028-02-29T06:30Z', '2028-05-30T06:30Z'],
    ],
    [
      'keeps the wall time over a change of offset',
      { days: 1, at: '08:00', timezone: BERLIN, startAt: '2027-03-27T00:00:00Z' },
      ['2027-03-27T07:00Z', '2027-03-28T06:00Z', '2027-03-29T06:00Z'],
    ],
    [
      'counts weeks from the start, not from Monday',
      { weeks: 2, at: '12:00', timezone: 'UTC', startAt: '2027-01-07T12:00:00Z' },
      ['2027-01-07T12:00Z', '2027-01-21T12:00Z', '2027-02-04T12:00Z'],
    ],
    [
      'adds months first, then days',
      { months: 1, days: 1, at: '00:00', timezone: 'UTC', startAt: '2027-01-31T00:00:00Z' },
      ['2027-01-31T00:00Z', '2027-03-01T00:00Z', '2027-04-02T00:00Z', '2027-05-03T00:00Z'],
    ],
    [
      'leaves out the first day when its wall time is before startAt',
      { days: 10, at: '08:00', timezone: 'UTC', startAt: '2027-01-01T08:00:01Z' },
      ['2027-01-11T08:00Z', '2027-01-21T08:00Z'],
    ],
    [
      'takes the date of startAt in its own zone',
      { months: 1, at: '08:00', timezone: 'Pacific/Auckland', startAt: '2027-01-30T12:00:00Z' },
      ['2027-01-30T19:00Z', '2027-02-27T19:00Z', '2027-03-30T19:00Z'],
    ],
    [
      'ends with endAt, inclusive',
      {
        days: 1,
        at: '08:00',
        timezone: 'UTC',
        startAt: '2027-01-01T00:00:00Z',
        endAt: '2027-01-02T08:00:00Z',
      },
      ['2027-01-01T08:00Z', '2027-01-02T08:00Z'],
    ],
  ])('%s', (_name, options, expected) => {
    const ticks = walk(
      calendarInterval(options),
      '2020-01-01T00:00:00Z',
      expected.length + (options.endAt ? 1 : 0),
    );
    expect(ticks).toEqual(expected);
  });

  it('counts from the local date of the job, and never runs at or before the anchor', () => {
    const open = calendarInterval({ months: 1, at: '08:00' });
    const late = { jobId: 'a', timezone: BERLIN, anchorAt: Date.parse('2027-01-31T07:00:00Z') };
    expect(walk(open.bind(late), '2000-01-01T00:00:00Z', 2)).toEqual([
      '2027-02-28T07:00Z',
      '2027-03-31T06:00Z',
    ]);
    const early = { ...late, anchorAt: late.anchorAt - 1 };
    expect(walk(open.bind(early), '2000-01-01T00:00:00Z', 1)).toEqual(['2027-01-31T07:00Z']);
    expect(open.bind(early).bind(late).toJSON()).toEqual(open.bind(early).toJSON());
  });

  it('counts from the instant asked about while it has no anchor, for a whole preview', () => {
    const open = calendarInterval({ months: 1, at: '08:00', timezone: 'UTC' });
    const shown = open.preview(3, new Date('2028-01-31T00:00:00Z')).map(({ at }) => iso(at.getTime()));
    expect(shown).toEqual(['2028-01-31T08:00Z', '2028-02-29T08:00Z', '2028-03-31T08:00Z']);
    expect(open.prev(new Date('2028-01-31T00:00:00Z'))).toBeNull();
  });

  it('knows far horizons', () => {
    const trigger = calendarInterval({
      months: 1,
      at: '08:00',
      timezone: 'UTC',
      startAt: '2027-01-31T00:00:00Z',
    });
    expect(iso(trigger.nextAt(Date.UTC(9000, 1, 1)))).toBe('9000-02-28T08:00Z');
    expect(trigger.nextAt(Date.UTC(9999, 11, 31, 8))).toBeNull();
    expect(iso(trigger.prevAt(Infinity))).toBe('9999-12-31T08:00Z');
    expect(trigger.countBetween(-Infinity, Infinity)).toBe((9999 - 2027) * 12 + 12);
  });

  it('resumes after its last tick when the clock is set back', () => {
    const trigger = calendarInterval({
      days: 1,
      at: '08:00',
      timezone: 'UTC',
      startAt: '2027-01-01T00:00:00Z',
    });
    const step = {
      nowAt: Date.UTC(2027, 0, 5, 7),
      stepMs: 3_600_001,
      lastTickAt: Date.UTC(2027, 0, 5, 8),
      waitingAt: null,
    };
    expect(iso(trigger.afterClockSetBack(step).nextAt)).toBe('2027-01-06T08:00Z');
    expect(iso(trigger.afterClockSetBack({ ...step, lastTickAt: null }).nextAt)).toBe('2027-01-05T08:00Z');
  });
});

describe('calendarInterval at changes of offset', () => {
  const daily = { days: 1, at: '02:30', timezone: BERLIN };

  function shown(options: Partial<CalendarIntervalOptions>, startAt: string, count: number): string[] {
    const ticks = calendarInterval({ ...daily, startAt, ...options }).preview(count, new Date(0));
    return ticks.map(({ wallTime, offset, effects }) =>
      [
        `${wallTime.slice(8, 16)}${offset}`,
        ...effects.map(({ kind, firstWallTime }) => `${kind} ${firstWallTime.slice(8, 16)}`),
      ].join(' '),
    );
  }

  it('runs right after a gap, or not at all', () => {
    const from = '2027-03-27T00:00:00Z';
    expect(shown({}, from, 3)).toEqual(['27T02:30+01:00', '28T03:00+02:00 moved 28T02:30', '29T02:30+02:00']);
    expect(shown({ onGap: 'skip' }, from, 2)).toEqual(['27T02:30+01:00', '29T02:30+02:00 skipped 28T02:30']);
  });

  it('runs in the first pass of an overlap, or in both', () => {
    const from = '2027-10-30T00:00:00Z';
    expect(shown({}, from, 3)).toEqual([
      '30T02:30+02:00',
      '31T02:30+02:00',
      '01T02:30+01:00 skipped 31T02:30',
    ]);
    expect(shown({ onRepeat: 'both' }, from, 4)).toEqual([
      '30T02:30+02:00',
      '31T02:30+02:00',
      '31T02:30+01:00 repeated 31T02:30',
      '01T02:30+01:00',
    ]);
  });

  it('does not make up for a day that a change of date line left out', () => {
    const ticks = walk(
      calendarInterval({
        days: 1,
        at: '09:00',
        timezone: 'Pacific/Apia',
        startAt: '2011-12-29T00:00:00-10:00',
      }),
      '2011-01-01T00:00:00Z',
      2,
    );
    expect(ticks).toEqual(['2011-12-29T19:00Z', '2011-12-30T19:00Z']);
  });

  it('tells of a tick that was left out a month before', () => {
    const ticks = shown({ days: undefined, months: 1, onGap: 'skip' }, '2027-02-28T00:00:00Z', 2);
    expect(ticks).toEqual(['28T02:30+01:00', '28T02:30+02:00 skipped 28T02:30']);
  });
});

describe('what calendarInterval refuses', () => {
  it.each([
    [{ at: '08:00' }, 'months'],
    [{ months: 0, at: '08:00' }, 'months'],
    [{ months: 1.5, at: '08:00' }, 'months'],
    [{ days: -1, at: '08:00' }, 'days'],
    [{ days: 1 }, 'at'],
    [{ days: 1, at: '8:00' }, 'at'],
    [{ days: 1, at: '24:00' }, 'at'],
    [{ days: 1, at: '08:00', hours: 2 }, 'hours'],
    [{ days: 1, at: '08:00', onGap: 'later' }, 'onGap'],
    [null, 'options'],
  ])('%o, naming %s', (options, field) => {
    expect(() => calendarInterval(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_TRIGGER', field }) as Error,
    );
  });

  it('a window without a tick', () => {
    const window = { startAt: '2027-01-01T09:00:00Z', endAt: '2027-01-02T07:00:00Z' };
    expect(() => calendarInterval({ days: 1, at: '08:00', timezone: 'UTC', ...window })).toThrow(
      expect.objectContaining({ code: 'NEVER_FIRES' }) as Error,
    );
  });
});

// ---- against a walk over Intl's wall clock -------------------------------------------

const ZONES = [
  'UTC',
  BERLIN,
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Havana',
  'Africa/Casablanca',
  'Asia/Kathmandu',
];
const formats = new Map(
  ZONES.map((zone) => [
    zone,
    new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      dateStyle: 'short',
      timeStyle: 'short',
    }),
  ]),
);

/** `2027-03-28 03:00` */
function wallOf(zone: string, at: number): string {
  return formats.get(zone)!.format(at).replace(',', '');
}

/** All dates `2027-03-28` of steps, by Date's own calendar, one step at a time from the first. */
function datesOfSteps(first: string, months: number, days: number, until: string): Set<string> {
  const [year, month, day] = first.split('-').map(Number) as [number, number, number];
  const dates = new Set<string>();
  for (let step = 0; ; step++) {
    const length = new Date(Date.UTC(year, month + step * months, 0)).getUTCDate();
    const date = new Date(Date.UTC(year, month - 1 + step * months, Math.min(day, length) + step * days));
    const text = date.toISOString().slice(0, 10);
    if (text > until) return dates;
    dates.add(text);
  }
}

/** Every quarter of an hour in (from, to] whose wall time is one of the steps', and the one after a gap that swallowed one. */
function naive(
  options: Required<Pick<CalendarIntervalOptions, 'at' | 'timezone' | 'onGap' | 'onRepeat'>>,
  dates: Set<string>,
  from: number,
  to: number,
): number[] {
  const found: number[] = [];
  const seen = new Set<string>();
  let before = wallOf(options.timezone, from);
  for (let at = from + 900_000; at <= to; at += 900_000) {
    const wall = wallOf(options.timezone, at);
    const wanted = [...dates].filter(
      (date) => `${date} ${options.at}` > before && `${date} ${options.at}` < wall,
    );
    const isDue = dates.has(wall.slice(0, 10)) && wall.slice(11) === options.at;
    if (isDue && (options.onRepeat === 'both' || !seen.has(wall))) found.push(at);
    else if (wanted.length > 0 && options.onGap === 'run') found.push(at);
    if (isDue) seen.add(wall);
    before = wall;
  }
  return found;
}

describe('against a walk over the wall clock', () => {
  it('gives the same ticks forwards, backwards and counted', () => {
    const changes = [
      '2027-03-28',
      '2027-03-14',
      '2027-10-31',
      '2027-11-07',
      '2027-04-04',
      '2027-10-03',
      '2027-02-07',
      '2027-06-15',
    ];
    let ticks = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.constantFrom(...changes),
        fc.integer({ min: 0, max: 40 }),
        fc.constantFrom([0, 1], [0, 2], [1, 0], [1, 1], [0, 7]),
        fc.constantFrom('00:00', '00:30', '01:30', '02:00', '02:15', '02:30', '03:00', '12:00'),
        fc.constantFrom<'run' | 'skip'>('run', 'skip'),
        fc.constantFrom<'first' | 'both'>('first', 'both'),
        (timezone, near, daysBefore, [months, days], at, onGap, onRepeat) => {
          const startAt = new Date(Date.parse(`${near}T12:00:00Z`) - daysBefore * 86_400_000);
          const trigger = calendarInterval({ months, days, at, timezone, onGap, onRepeat, startAt });
          const from = Date.parse(`${near}T00:00:00Z`) - 2 * 86_400_000;
          const to = from + 4 * 86_400_000;
          const dates = datesOfSteps(
            wallOf(timezone, startAt.getTime()).slice(0, 10),
            months!,
            days!,
            '2028-01-01',
          );
          const expected = naive({ at, timezone, onGap, onRepeat }, dates, from, to).filter(
            (tick) => tick >= startAt.getTime(),
          );
          ticks += expected.length;
          const forward: number[] = [];
          for (let tick = trigger.nextAt(from); tick !== null && tick <= to; tick = trigger.nextAt(tick))
            forward.push(tick);
          const back: number[] = [];
          for (let tick = trigger.prevAt(to + 1); tick !== null && tick > from; tick = trigger.prevAt(tick))
            back.unshift(tick);
          expect(forward).toEqual(expected);
          expect(back).toEqual(expected);
          expect(trigger.countBetween(from + 1, to)).toBe(expected.length);
        },
      ),
      { seed: 20_270_328, numRuns: 150 },
    );
    expect(ticks).toBeGreaterThan(150);
  });

  it('counts years as walking does, and goes back as it came', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 20 }),
        fc.constantFrom('00:30', '02:30', '12:00'),
        fc.constantFrom<'run' | 'skip'>('run', 'skip'),
        fc.constantFrom<'first' | 'both'>('first', 'both'),
        fc.integer({ min: 0, max: 4000 }),
        (timezone, months, extra, at, onGap, onRepeat, span) => {
          const days = months === 0 ? extra + 1 : extra;
          const trigger = calendarInterval({
            months,
            days,
            at,
            timezone,
            onGap,
            onRepeat,
            startAt: '2019-10-31T05:17:00Z',
          });
          const [from, to] = [Date.UTC(2018, 0, 1), Date.UTC(2020, 0, 1) + span * 86_400_000];
          const forward: number[] = [];
          for (let tick = trigger.nextAt(from); tick !== null && tick <= to; tick = trigger.nextAt(tick))
            forward.push(tick);
          const back: number[] = [];
          for (let tick = trigger.prevAt(to + 1); tick !== null; tick = trigger.prevAt(tick))
            back.unshift(tick);
          expect(back).toEqual(forward);
          expect(trigger.countBetween(from, to)).toBe(forward.length);
          const copy = triggerFromJson(JSON.parse(JSON.stringify(trigger)) as never);
          expect(copy.toJSON()).toEqual(trigger.toJSON());
          expect(copy.nextAt(to)).toBe(trigger.nextAt(to));
        },
      ),
      { seed: 20_270_328, numRuns: 100 },
    );
  });
});
