import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  type Engine,
  every,
  InvalidOptionsError,
  SCHEDULER_CLOCK,
  type SchedulerAsyncOptions,
  SchedulerModule,
  type SchedulerOptions,
  type SchedulerOptionsFactory,
  SchedulerService,
  type Store,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { compile, rejection, startApp, START } from './testing-app.js';

describe('forRoot', () => {
  it('defaults to the zone of the process', async () => {
    @Injectable()
    class Tasks {
      @Cron('0 12 * * *')
      noon(): void {}
    }
    const { scheduler } = await startApp({ providers: [Tasks] });
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(zone).toBe('America/New_York');
    expect(await scheduler.getJob('Tasks.noon')).toMatchObject({
      nextDueAt: new Date('2027-01-04T17:00:00Z'),
    });
  });

  it('bounds the history', async () => {
    const { clock, scheduler } = await startApp({ options: { history: { perJob: 2, total: 3 } } });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: () => {} });
    await scheduler.addJob({ id: 'b', trigger: every('1s'), handler: () => {} });
    await clock.advance(5_000);
    expect(await scheduler.getRuns({ jobId: 'b' })).toHaveLength(2);
    expect(await scheduler.getRuns()).toHaveLength(3);
  });

  it('takes options that are set to undefined as left out, but for the time zone', async () => {
    const options = {
      drainTimeout: undefined,
      history: { perJob: undefined },
      log: undefined,
    };
    const { scheduler } = await startApp({ options });
    expect(await scheduler.getJobs()).toEqual([]);
  });

  it('says nothing in the log when told so', async () => {
    const { clock, lines, scheduler } = await startApp({ options: { log: false } });
    await scheduler.addJob({
      trigger: every('1s'),
      handler: ({ log }) => {
        log.info('but handlers do');
        throw new Error('not logged');
      },
    });
    await clock.advance(1_000);
    expect(lines.map(({ text }) => text)).toEqual([expect.stringContaining('but handlers do')]);
  });

  const store = { claimDue() {} } as unknown as Store;
  const engine = { putJob() {} } as unknown as Engine;
  it.each<[string, unknown, string, string]>([
    [
      'an unknown name',
      { timeZone: 'UTC' },
      'INVALID_OPTIONS',
      'There is no option `timeZone`; did you mean `timezone`?',
    ],
    ['an unknown zone', { timezone: 'Europe/Berlni' }, 'INVALID_TIMEZONE', 'Europe/Berlin'],
    ['an empty zone', { timezone: '' }, 'INVALID_TIMEZONE', '""'],
    ['a duration in no unit', { drainTimeout: '10' }, 'INVALID_DURATION', '"drainTimeout" is "10"'],
    ['a negative duration', { abortGrace: -1 }, 'INVALID_DURATION', '"abortGrace" is -1'],
    ['no sleep at all', { maxSleep: 0 }, 'INVALID_OPTIONS', '"maxSleep" cannot be 0'],
    ['a sleep that overflows', { maxSleep: '25d' }, 'INVALID_OPTIONS', '"maxSleep" cannot be "25d"'],
    ['a history of nothing', { history: { perJob: 0 } }, 'INVALID_OPTIONS', '"history.perJob" cannot be 0'],
    [
      'a misspelt history',
      { history: { perJobs: 1 } },
      'INVALID_OPTIONS',
      '`history.perJobs`; did you mean `history.perJob`?',
    ],
    ['a history beside a store', { history: { perJob: 1 }, store }, 'INVALID_OPTIONS', '"history"'],
    ['a log level', { log: 'debug' }, 'INVALID_OPTIONS', '"log" cannot be "debug"'],
    ['a store that is none', { store: 'jobs.db' }, 'INVALID_OPTIONS', '"store" cannot be "jobs.db"'],
    ['an engine that is none', { engine: {} }, 'INVALID_OPTIONS', '"engine"'],
    ['a store and an engine', { store, engine }, 'INVALID_OPTIONS', '"store"'],
    [
      'an unknown policy',
      { defaults: { overlaps: 'skip' } },
      'INVALID_OPTIONS',
      '`defaults.overlaps`; did you mean `defaults.overlap`?',
    ],
    [
      'a bad policy',
      { defaults: { retry: { attempts: 0 } } },
      'INVALID_OPTIONS',
      '"retry.attempts" cannot be 0',
    ],
    ['no object', 'UTC', 'INVALID_OPTIONS', '"options" cannot be "UTC"'],
  ])('refuses %s at the start', async (_, options, code, message) => {
    const error = await rejection(compile({ options: options as SchedulerOptions }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.message).toMatch(/^SchedulerModule: /);
  });
});

describe('importing just the class', () => {
  it('is an error that names forRoot, because nothing would ever run', async () => {
    const building = Test.createTestingModule({ imports: [SchedulerModule] }).compile();
    expect(await rejection(building)).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('SchedulerModule.forRoot()'),
    });
  });

  it('does no harm beside forRoot', async () => {
    @Module({ imports: [SchedulerModule] })
    class FeatureModule {}
    const { scheduler } = await startApp({ imports: [FeatureModule] });
    expect(await scheduler.getJobs()).toEqual([]);
  });
});

describe('forRootAsync', () => {
  @Injectable()
  class Config {
    readonly zone = 'Asia/Tokyo';
  }
  @Module({ providers: [Config], exports: [Config] })
  class ConfigModule {}
  @Injectable()
  class Tasks {
    @Cron('0 12 * * *')
    noon(): void {}
  }
  @Injectable()
  class OptionsFactory implements SchedulerOptionsFactory {
    async createSchedulerOptions(): Promise<SchedulerOptions> {
      return { timezone: 'Asia/Tokyo' };
    }
  }
  @Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
  class FactoryModule {}

  it.each<[string, SchedulerAsyncOptions]>([
    [
      'useFactory',
      {
        imports: [ConfigModule],
        inject: [Config],
        useFactory: async ({ zone }: Config) => ({ timezone: zone }),
      },
    ],
    ['useClass', { useClass: OptionsFactory }],
    ['useExisting', { imports: [FactoryModule], useExisting: OptionsFactory }],
  ])('takes options from %s', async (_, options) => {
    const module = await Test.createTestingModule({
      imports: [SchedulerModule.forRootAsync(options)],
      providers: [Tasks],
    })
      .overrideProvider(SCHEDULER_CLOCK)
      .useValue(new ManualClock(START))
      .compile();
    await module.init();
    const job = await module.get(SchedulerService).getJob('Tasks.noon');
    expect(job).toMatchObject({ nextDueAt: new Date('2027-01-04T03:00:00Z') });
    await module.close();
  });

  it('wants exactly one way', () => {
    expect(() => SchedulerModule.forRootAsync({})).toThrow(InvalidOptionsError);
    expect(() => SchedulerModule.forRootAsync({ useClass: OptionsFactory, useFactory: () => ({}) })).toThrow(
      'Give one of useFactory',
    );
  });

  it('makes the options of a factory that fails the error of the start', async () => {
    const useFactory = (): SchedulerOptions => ({ timezone: 'Nowhere/Land' });
    const building = Test.createTestingModule({
      imports: [SchedulerModule.forRootAsync({ useFactory })],
    }).compile();
    expect(await rejection(building)).toMatchObject({ code: 'INVALID_TIMEZONE' });
  });
});
