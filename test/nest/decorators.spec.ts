import { Injectable } from '@nestjs/common';
import { CronExpression as PeerExpression } from '@nestjs/schedule';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  cron,
  CronExpression,
  defineHandler,
  Interval,
  InvalidCronError,
  InvalidDurationError,
  InvalidOptionsError,
  JobHandler,
  type RunContext,
  Timeout,
} from '@carillon/scheduler';
import { createApp, rejection, startApp, START } from './testing-app.js';

const startedAt = new Date(START).getTime();
const after = (ms: number): Date => new Date(startedAt + ms);

describe('the decorator calls of @nestjs/schedule', () => {
  it('work after changing the import', async () => {
    const ticks: string[] = [];
    @Injectable()
    class Tasks {
      @Cron(CronExpression.EVERY_10_SECONDS, {
        name: 'polling',
        timeZone: 'Europe/Berlin',
        waitForCompletion: true,
        disabled: false,
        threshold: 250,
        initialDelay: 25_000,
      })
      poll(): void {
        ticks.push('poll');
      }

      @Cron('45 * * * * *')
      handleCron(): void {
        ticks.push('cron');
      }

      @Cron(new Date(startedAt + 5_000))
      once(): void {
        ticks.push('date');
      }

      @Cron('0 0 12 * * *', { name: 'noon', utcOffset: 120 })
      noon(): void {}

      @Interval(30_000)
      handleInterval(): void {
        ticks.push('interval');
      }

      @Interval('notifications', 45_000)
      named(): void {}

      @Timeout(3000)
      handleTimeout(): void {
        ticks.push('timeout');
      }

      @Timeout('warm-up', 4000)
      warmUp(): void {}
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });

    const jobs = new Map((await scheduler.getJobs()).map((job) => [job.id, job]));
    expect([...jobs.keys()]).toEqual([
      'polling',
      'Tasks.handleCron',
      'Tasks.once',
      'noon',
      'Tasks.handleInterval',
      'notifications',
      'Tasks.handleTimeout',
      'warm-up',
    ]);
    expect(jobs.get('polling')!.policies).toMatchObject({ overlap: 'skip', misfireGraceMs: 250 });
    expect(jobs.get('noon')!.nextDueAt).toEqual(after(10 * 3_600_000));

    await clock.advance(30_000);
    expect(ticks).toEqual(['timeout', 'date', 'poll', 'interval']);
  });

  it('allow overlapping runs with waitForCompletion: false, and skip them by default', async () => {
    const began = { allowed: 0, skipped: 0 };
    @Injectable()
    class Slow {
      @Cron('* * * * * *', { waitForCompletion: false })
      allowed(): Promise<void> {
        began.allowed++;
        return new Promise(() => {});
      }
      @Cron('* * * * * *')
      skipped(): Promise<void> {
        began.skipped++;
        return new Promise(() => {});
      }
    }
    const { clock } = await startApp({ providers: [Slow] });
    await clock.advance(3000);
    expect(began).toEqual({ allowed: 3, skipped: 1 });
  });

  it('have the same CronExpression members, each of which parses and means the same', () => {
    expect(Object.keys(CronExpression)).toEqual(Object.keys(PeerExpression));
    for (const [name, expression] of Object.entries(CronExpression)) {
      expect(expression, name).toBe(PeerExpression[name as keyof typeof PeerExpression]);
      expect(cron(expression).next(new Date(START)), name).toBeInstanceOf(Date);
    }
  });

  it('ignore unrefTimeout with one warning', async () => {
    @Injectable()
    class Tasks {
      @Cron('0 3 * * *', { unrefTimeout: true })
      one(): void {}
      @Cron('0 4 * * *', { unrefTimeout: true })
      other(): void {}
    }
    const { lines } = await startApp({ providers: [Tasks] });
    expect(lines.filter(({ level, text }) => level === 'warn' && text.includes('unrefTimeout'))).toHaveLength(
      1,
    );
  });
});

describe('forms', () => {
  it('take durations, names, fields and options in every order that is documented', async () => {
    @Injectable()
    class Forms {
      @Cron({ hour: 0, minute: 5 }, { timezone: 'Europe/Berlin' })
      fields(): void {}
      @Cron({ expression: '0 3 * * *', id: 'in-options', timezone: 'UTC' })
      inOptions(): void {}
      @Cron({ toJSDate: () => new Date('2027-02-01T00:00:00Z') })
      luxon(): void {}
      @Interval('5m')
      text(): void {}
      @Interval({ minutes: 5 })
      units(): void {}
      @Interval('2m', { id: 'with-options', overlap: 'allow' })
      withOptions(): void {}
      @Interval({ every: '3m', id: 'interval-in-options' })
      intervalInOptions(): void {}
      @Interval('named-units', { seconds: 90 })
      namedUnits(): void {}
      @Interval('named-text', '90s', { overlap: 'allow' })
      namedText(): void {}
      @Timeout({ after: '3s', id: 'timeout-in-options' })
      timeout(): void {}
    }
    const { scheduler } = await startApp({ providers: [Forms] });
    const shown = Object.fromEntries(
      (await scheduler.getJobs()).map((job) => [job.id, [job.trigger.toString(), job.policies.overlap]]),
    );
    expect(shown).toEqual({
      'Forms.fields': ['cron "0 5 0 * * *" in Europe/Berlin', 'skip'],
      'in-options': ['cron "0 3 * * *" in UTC', 'skip'],
      'Forms.luxon': ['once at 2027-02-01T00:00:00.000Z', 'skip'],
      'Forms.text': ['every 5m', 'skip'],
      'Forms.units': ['every 5m', 'skip'],
      'with-options': ['every 2m', 'allow'],
      'interval-in-options': ['every 3m', 'skip'],
      'named-units': ['every 1m30s', 'skip'],
      'named-text': ['every 1m30s', 'allow'],
      'timeout-in-options': ['once, 3s after the start', 'skip'],
    });
  });

  it('carry every policy, a payload, a window and what to do at changes of offset', async () => {
    @Injectable()
    class Full {
      @Cron('30 2 * * *', {
        id: 'full',
        timezone: 'Europe/Berlin',
        overlap: 'allow',
        maxInstances: 2,
        misfireGrace: '30s',
        coalesce: 'all',
        maxCatchUp: 5,
        retry: { attempts: 3, backoff: 'fixed', delay: '2s' },
        timeout: '1m',
        maxRuns: 10,
        payload: { to: 'ana', at: new Date(START) },
        startAt: '2027-02-01T00:00:00Z',
        endAt: '2027-12-01T00:00:00Z',
        onGap: 'skip',
        onRepeat: 'both',
      })
      full(): void {}
    }
    const { scheduler } = await startApp({ providers: [Full] });
    const job = (await scheduler.getJob('full'))!;
    expect(job.policies).toMatchObject({
      overlap: 'allow',
      maxInstances: 2,
      misfireGraceMs: 30_000,
      coalesce: 'all',
      maxCatchUp: 5,
      timeoutMs: 60_000,
      maxRuns: 10,
      retry: { attempts: 3, backoff: 'fixed', delayMs: 2_000 },
    });
    expect(job.payload).toEqual({ to: 'ana', at: '2027-01-04T00:00:00.000Z' });
    expect(job.trigger.toJSON()).toMatchObject({
      onGap: 'skip',
      onRepeat: 'both',
      startAt: '2027-02-01T00:00:00.000Z',
    });
    expect(job.nextDueAt).toEqual(new Date('2027-02-01T01:30:00Z'));
  });

  it('inherit the policies and the zone of the module', async () => {
    @Injectable()
    class Tasks {
      @Cron('0 12 * * *')
      noon(): void {}
      @Cron('0 12 * * *', { timezone: 'UTC', timeout: null })
      own(): void {}
    }
    const options = { timezone: 'Asia/Tokyo', defaults: { timeout: '5s', retry: 2 } };
    const { scheduler } = await startApp({ providers: [Tasks], options });
    const noon = (await scheduler.getJob('Tasks.noon'))!;
    expect(noon.nextDueAt).toEqual(new Date('2027-01-04T03:00:00Z'));
    expect(noon.policies).toMatchObject({ timeoutMs: 5_000, retry: { attempts: 2 } });
    expect((await scheduler.getJob('Tasks.own'))!.policies.timeoutMs).toBeNull();
  });

  it('make no ticks of a disabled job', async () => {
    let ticks = 0;
    @Injectable()
    class Tasks {
      @Interval('1s', { disabled: true })
      tick(): void {
        ticks++;
      }
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });
    await clock.advance(5_000);
    expect(ticks).toBe(0);
    expect(await scheduler.getJob('Tasks.tick')).toMatchObject({ state: 'disabled', nextDueAt: null });
  });

  it('keep a declared job whose window has ended, so that the application still starts', async () => {
    @Injectable()
    class Campaign {
      @Interval('1h', { startAt: '2026-12-01T00:00:00Z', endAt: '2026-12-24T00:00:00Z' })
      advertise(): void {}
    }
    const { scheduler } = await startApp({ providers: [Campaign] });
    expect(await scheduler.getJob('Campaign.advertise')).toMatchObject({ state: 'finished' });
  });

  it('warn once about an expression that probably means something else, with its place', async () => {
    @Injectable()
    class Tasks {
      @Cron('*/7 * * * *')
      uneven(): void {}
    }
    const { lines } = await startApp({ providers: [Tasks] });
    const warnings = lines.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0].text).toContain('Tasks.uneven in RootTestModule: The cron expression "*/7 * * * *"');
  });

  it('accept methods that are not public', async () => {
    const ticks: string[] = [];
    @Injectable()
    class Tasks {
      @Interval('1s')
      protected hidden(): void {
        ticks.push('hidden');
      }
    }
    const { clock } = await startApp({ providers: [Tasks] });
    await clock.advance(1_000);
    expect(ticks).toEqual(['hidden']);
  });

  it('give a handler its run', async () => {
    const runs: RunContext[] = [];
    const sendReminder = defineHandler('send-reminder');
    @Injectable()
    class Tasks {
      @Interval('1s', { payload: { n: 1 } })
      tick(run: RunContext): void {
        runs.push(run);
      }
      @JobHandler(sendReminder)
      remind(run: RunContext): void {
        runs.push(run);
      }
      @JobHandler('by-name')
      byName(): void {}
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });
    await scheduler.addJob({
      trigger: cron('* * * * * *'),
      handler: sendReminder,
      payload: { to: 'ana' },
      maxRuns: 1,
    });
    await clock.advance(1_000);
    expect(
      runs.map(({ jobId, scheduledAt, attempt, payload }) => ({ jobId, scheduledAt, attempt, payload })),
    ).toEqual([
      { jobId: 'Tasks.tick', scheduledAt: after(1_000), attempt: 1, payload: { n: 1 } },
      {
        jobId: expect.stringMatching(/^job-/),
        scheduledAt: after(1_000),
        attempt: 1,
        payload: { to: 'ana' },
      },
    ]);
    expect(runs[0].signal.aborted).toBe(false);
  });
});

describe('a mistake in a decorator is the error of the start, with its place', () => {
  const failingStart = async (
    decorator: MethodDecorator,
  ): Promise<Error & { code: string; field?: string }> => {
    @Injectable()
    class ReportsService {
      daily(): void {}
    }
    decorator(
      ReportsService.prototype,
      'daily',
      Object.getOwnPropertyDescriptor(ReportsService.prototype, 'daily')!,
    );
    const { app, clock } = await createApp({ providers: [ReportsService] });
    const error = await rejection<Error & { code: string }>(app.init());
    expect(clock.pendingTimers).toBe(0);
    return error;
  };

  it('for a wrong expression', async () => {
    const error = await failingStart(Cron('0 25 * * *'));
    expect(error).toBeInstanceOf(InvalidCronError);
    expect(error.message).toMatch(/^@Cron on ReportsService\.daily: .*"hour".*25/);
  });

  it('for an unset environment variable', async () => {
    const error = await failingStart(Cron(process.env.NO_SUCH_VARIABLE!));
    expect(error).toBeInstanceOf(InvalidCronError);
    expect(error.message).toMatch(/^@Cron on ReportsService\.daily: /);
  });

  it.each([
    [
      'an interval of nothing',
      Interval(0),
      InvalidDurationError,
      /^@Interval on ReportsService\.daily: .*"every" is 0/,
    ],
    [
      'a timeout in words of another library',
      Timeout('PT5S'),
      InvalidDurationError,
      /^@Timeout on ReportsService\.daily: .*"after" is "PT5S", which is an ISO 8601 duration/,
    ],
    [
      'what Spring writes for never',
      Cron('-'),
      InvalidCronError,
      /^@Cron on ReportsService\.daily: .*Expected disabled: true among/,
    ],
    ['an interval that is not a number', Interval('name', Number.NaN), InvalidDurationError, /not a number/],
    [
      'an unset interval',
      Interval(undefined as never),
      InvalidDurationError,
      /^@Interval on ReportsService\.daily/,
    ],
    ['a timeout in no unit', Timeout('3000'), InvalidDurationError, /^@Timeout on ReportsService\.daily/],
    [
      'an unknown option',
      Cron('* * * * *', { overlaps: 'skip' } as never),
      InvalidOptionsError,
      /There is no option `overlaps`; did you mean `overlap`\?/,
    ],
    [
      'an unknown option of an interval',
      Interval('1s', { timezone: 'UTC' } as never),
      InvalidOptionsError,
      /There is no option `timezone`\./,
    ],
    [
      'a bad value',
      Cron('* * * * *', { overlap: 'maybe' as never }),
      InvalidOptionsError,
      /"overlap" cannot be "maybe"/,
    ],
    [
      'a zone and an offset',
      Cron('* * * * *', { timezone: 'UTC', utcOffset: 60 }),
      InvalidOptionsError,
      /"utcOffset"/,
    ],
    [
      'two zones',
      Cron('* * * * *', { timezone: 'UTC', timeZone: 'Asia/Tokyo' }),
      InvalidOptionsError,
      /"timeZone"/,
    ],
    [
      'an offset that no zone has',
      Cron('* * * * *', { utcOffset: 900 }),
      InvalidOptionsError,
      /"utcOffset" cannot be 900/,
    ],
    [
      'an offset in words',
      Cron('* * * * *', { utcOffset: 'two' }),
      InvalidOptionsError,
      /"utcOffset" cannot be "two"/,
    ],
    [
      'two words for overlap',
      Cron('* * * * *', { overlap: 'skip', waitForCompletion: true }),
      InvalidOptionsError,
      /"waitForCompletion"/,
    ],
    [
      'two words for grace',
      Cron('* * * * *', { misfireGrace: 1, threshold: 1 }),
      InvalidOptionsError,
      /"threshold"/,
    ],
    ['two names', Cron('* * * * *', { id: 'a', name: 'b' }), InvalidOptionsError, /"name" cannot be "b"/],
    ['an empty id', Cron('* * * * *', { id: '' }), InvalidOptionsError, /"id" cannot be ""/],
    ['an id with a line break', Cron('* * * * *', { id: 'a\nb' }), InvalidOptionsError, /"id"/],
    [
      'disabled in words',
      Cron('* * * * *', { disabled: 'false' as never }),
      InvalidOptionsError,
      /"disabled" cannot be "false"/,
    ],
    [
      'options that are none',
      Cron('* * * * *', 'UTC' as never),
      InvalidOptionsError,
      /"options" cannot be "UTC"/,
    ],
    [
      'a handler without a name',
      JobHandler(''),
      InvalidOptionsError,
      /^@JobHandler on ReportsService\.daily/,
    ],
  ])('for %s', async (_, decorator, type, message) => {
    const error = await failingStart(decorator as MethodDecorator);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
  });

  it.each([
    { timezone: 'UTC' },
    { timeZone: 'UTC' },
    { utcOffset: 60 },
    { initialDelay: '1s' },
    { startAt: START },
    { jitter: '1s' },
  ])('for a date with %o', async (options) => {
    const error = await failingStart(Cron(new Date(START), options));
    const [field] = Object.keys(options);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field });
    expect(error.message).toMatch(/^@Cron on ReportsService\.daily: .*runs once, at a date/);
  });

  it('for a payload that JSON cannot hold', async () => {
    const error = await failingStart(Cron('* * * * *', { payload: { n: Number.NaN } }));
    expect(error).toMatchObject({ code: 'PAYLOAD_INVALID', property: 'payload.n' });
  });

  it('for an unknown time zone', async () => {
    const error = await failingStart(Cron('* * * * *', { timezone: 'Europe/Berlni' }));
    expect(error).toMatchObject({
      code: 'INVALID_TIMEZONE',
      message: expect.stringContaining('Europe/Berlin'),
    });
  });

  it('for a job that never fires', async () => {
    const error = await failingStart(Cron('0 0 30 2 *'));
    expect(error).toMatchObject({
      code: 'NEVER_FIRES',
      message: expect.stringMatching(/^@Cron on ReportsService\.daily/),
    });
  });
});
