import {
  type CanActivate,
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleInit,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { IsString } from 'class-validator';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  defineHandler,
  Interval,
  JobHandler,
  schedulerCheck,
  SchedulerModule,
  type SchedulerOptions,
  Timeout,
} from '@carillon/scheduler';

const from = new Date('2027-01-04T00:00:00Z');
const touched: string[] = [];

@Injectable()
class ConfigService {
  constructor() {
    touched.push('config');
  }
  get(name: string): string | undefined {
    return { REPORT_CRON: '5 0 * * *', ZONE: 'Europe/Berlin' }[name];
  }
}

@Module({ providers: [ConfigService], exports: [ConfigService] })
class ConfigModule {}

/** All that must not happen: it is not even made. */
@Injectable()
class Database implements OnModuleInit, OnApplicationBootstrap {
  constructor() {
    touched.push('database');
  }
  onModuleInit(): void {
    touched.push('init');
  }
  onApplicationBootstrap(): void {
    touched.push('bootstrap');
  }
  @Timeout('1s', { id: 'warm-up' })
  warmUp(): void {
    touched.push('run');
  }
}

@Injectable()
class ReportsService {
  constructor(@Inject(Database) readonly database: Database) {}

  @Cron({
    inject: [ConfigService],
    useFactory: (config: ConfigService) => ({ expression: config.get('REPORT_CRON')!, id: 'daily-report' }),
  })
  daily(): void {}

  @Interval('90m', { id: 'off', disabled: true })
  off(): void {}

  @Cron('0 9 * * 1', { id: 'twice', maxRuns: 2 })
  twice(): void {}
}

const database = { provide: 'CONNECTION', useFactory: () => touched.push('connection') };

@Module({
  imports: [
    SchedulerModule.forRootAsync({
      imports: [ConfigModule],
      inject: [ConfigService],
      useFactory: async (config: ConfigService) => ({ timezone: config.get('ZONE')! }),
    }),
    ConfigModule,
  ],
  providers: [ReportsService, Database, database],
})
class AppModule {}

describe('schedulerCheck', () => {
  it('lists the jobs of an application that it does not start', async () => {
    touched.length = 0;
    const check = await schedulerCheck(AppModule, { from });
    expect(touched).toEqual(['config']);
    expect(check).toMatchObject({ ok: true, errors: [], warnings: [] });
    expect(check.jobs).toEqual([
      {
        id: 'daily-report',
        place: 'ReportsService.daily in AppModule',
        handler: 'daily-report',
        trigger: 'cron "5 0 * * *" in Europe/Berlin',
        disabled: false,
        next: [4, 5, 6, 7, 8].map((day) => new Date(`2027-01-0${day}T23:05:00Z`)),
      },
      expect.objectContaining({ id: 'off', disabled: true, next: [] }),
      expect.objectContaining({
        id: 'twice',
        next: [new Date('2027-01-04T08:00:00Z'), new Date('2027-01-11T08:00:00Z')],
      }),
      expect.objectContaining({ id: 'warm-up', next: [new Date('2027-01-04T00:00:01Z')] }),
    ]);
  });

  it('prints them', async () => {
    const text = String(await schedulerCheck(AppModule, { from }));
    expect(text.split('\n\n')).toEqual([
      `daily-report (ReportsService.daily in AppModule)
    cron "5 0 * * *" in Europe/Berlin
    2027-01-04T23:05:00Z
    2027-01-05T23:05:00Z
    2027-01-06T23:05:00Z
    2027-01-07T23:05:00Z
    2027-01-08T23:05:00Z`,
      `off (ReportsService.off in AppModule)
    every 1h30m, disabled`,
      `twice (ReportsService.twice in AppModule)
    cron "0 9 * * 1" in Europe/Berlin
    2027-01-04T08:00:00Z
    2027-01-11T08:00:00Z`,
      `warm-up (Database.warmUp in AppModule)
    once, 1s after the start
    2027-01-04T00:00:01Z`,
      '4 jobs, 0 errors, 0 warnings; the zone is Europe/Berlin.',
    ]);
  });

  it('counts from now when it is not told otherwise', async () => {
    const check = await schedulerCheck(AppModule);
    const [next] = check.jobs[0]!.next;
    expect(next!.getTime()).toBeGreaterThan(Date.now() - 1_000);
    await expect(schedulerCheck(AppModule, { from: new Date('no') })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      field: 'from',
    });
  });
});

describe('what it finds', () => {
  class Mail {
    @IsString()
    to!: string;
  }
  @Injectable()
  class Guard implements CanActivate {
    canActivate(): boolean {
      return true;
    }
  }
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest extends Guard {}

  /** As `code place` each, sorted. */
  async function findings(
    providers: object[],
    options?: SchedulerOptions,
  ): Promise<Record<string, string[]>> {
    @Module({ imports: [SchedulerModule.forRoot(options)], providers: providers as never })
    class Root {}
    const { ok, errors, warnings, jobs } = await schedulerCheck(Root, { from });
    const short = (found: typeof errors): string[] => found.map(({ code, place }) => `${code} ${place}`);
    expect(ok).toBe(errors.length === 0);
    return { errors: short(errors), warnings: short(warnings), jobs: jobs.map(({ id }) => id) };
  }

  it('is every mistake, not the first one only, each with its place', async () => {
    @Injectable()
    class Tasks {
      @Cron('61 * * * *')
      wrong(): void {}
      @Cron(undefined as never)
      unset(): void {}
      @Cron('0 0 30 2 *')
      never(): void {}
      @Interval('1s', { overlap: 'maybe' as never })
      @Interval('2s')
      one(): void {}
      @Cron({ inject: ['NOBODY'], useFactory: () => '* * * * *' })
      nobody(): void {}
      @Cron({ inject: [PerRequest], useFactory: () => '* * * * *' })
      perRequest(): void {}
      @Cron({ inject: ['BROKEN'], useFactory: () => '* * * * *' })
      broken(): void {}
      @Cron({ inject: [{ token: 'NOBODY', optional: true }], useFactory: () => '* * * * *' })
      optional(): void {}
      @JobHandler(defineHandler('mail', Mail))
      @Cron('* * * * *', { id: 'mail' })
      mail(): void {}
      @JobHandler('mail')
      other(): void {}
      @Cron('* * * * *', { id: 'a' })
      @Cron('* * * * *', { id: 'a' })
      twice(): void {}
    }
    const broken = {
      provide: 'BROKEN',
      useFactory: () => {
        throw new Error('REPORT_CRON is not set');
      },
    };
    expect(await findings([Tasks, PerRequest, broken])).toEqual({
      errors: [
        'INVALID_CRON Tasks.wrong in Root',
        'INVALID_CRON Tasks.unset in Root',
        'NEVER_FIRES Tasks.never in Root',
        'INVALID_OPTIONS Tasks.one in Root',
        'INVALID_OPTIONS Tasks.nobody in Root',
        'INVALID_OPTIONS Tasks.perRequest in Root',
        'null Tasks.broken in Root',
        'PAYLOAD_INVALID Tasks.mail in Root',
        'JOB_ID_TAKEN Tasks.other in Root',
        'JOB_ID_TAKEN Tasks.twice in Root',
      ],
      warnings: [],
      jobs: ['Tasks.one#2', 'Tasks.optional', 'a'],
    });
  });

  it('is what probably means something else', async () => {
    @Injectable()
    class Tasks {
      @Cron('* 3 * * *', { id: 'every-minute' })
      suspicious(): void {}
      @Cron('0 3 * * *', { id: 'over', endAt: '2020-01-01T00:00:00Z', unrefTimeout: true })
      over(): void {}
    }
    expect(await findings([Tasks])).toMatchObject({
      errors: [],
      warnings: [
        expect.stringContaining('Tasks.suspicious in Root'),
        'FINISHED Tasks.over in Root',
        'UNREF_IGNORED Tasks.over in Root',
      ],
    });
  });

  it('is a class in two modules, an enhancer that would not be called, and what is wrong with the module', async () => {
    class Made {
      @Interval('1s')
      @UseGuards(Guard)
      tick(): void {}
    }
    @Injectable()
    class Shared {
      @Interval('1s')
      tick(): void {}
    }
    @Module({ providers: [Shared] })
    class North {}
    @Module({ providers: [Shared], imports: [North] })
    class South {}
    @Module({
      imports: [South, SchedulerModule.forRoot()],
      providers: [{ provide: 'MADE', useValue: new Made() }],
    })
    class Root {}
    const check = await schedulerCheck(Root, { from });
    expect(check.errors.map(({ code, place }) => `${code} ${place}`).sort()).toEqual([
      'INVALID_OPTIONS Made.tick in Root',
      expect.stringMatching(/^JOB_ID_TAKEN Shared\.tick in (North|South)$/),
    ]);
    expect(String(check)).toContain('\n\nerror: @Interval on Made.tick: The option "UseGuards"');

    const wrong = { timezone: 'Mars/Olympus' };
    expect(await findings([], wrong)).toMatchObject({ errors: ['INVALID_TIMEZONE SchedulerModule'] });
    const global = { enhancers: { global: true } };
    expect(await findings([{ provide: APP_GUARD, useClass: PerRequest }], global)).toMatchObject({
      errors: ['INVALID_OPTIONS SchedulerModule'],
    });
    @Module({ imports: [SchedulerModule.forRoot(), South] })
    class Inner {}
    @Module({ imports: [SchedulerModule.forRoot({ log: false }), Inner] })
    class Two {}
    expect((await schedulerCheck(Two)).errors[0]).toMatchObject({ code: 'SCHEDULER_EXISTS' });
    expect((await schedulerCheck(South)).errors[0]).toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('is nothing that Nest cannot read: that is its own error', async () => {
    @Module({ imports: [undefined as never] })
    class Broken {}
    await expect(schedulerCheck(Broken)).rejects.toThrow(/import/);
  });
});
