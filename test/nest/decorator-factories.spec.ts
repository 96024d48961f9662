import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  type DecoratorFactory,
  defineHandler,
  Interval,
  JobHandler,
  type RunContext,
  SchedulerService,
  Timeout,
} from '@carillon/scheduler';
import { IsString } from 'class-validator';
import { createApp, rejection, START, startApp } from './testing-app.js';

/** Stands for the service of @nestjs/config, or for one of the application's own. */
@Injectable()
class ConfigService {
  readonly values: Record<string, string> = { REPORT_CRON: '0 3 * * *', REPORTS: 'on' };

  get(name: string): string {
    return this.values[name]!;
  }
}

@Module({ providers: [ConfigService], exports: [ConfigService] })
class ConfigModule {}

// #region factory
@Injectable()
class ReportsService {
  @Cron({
    inject: [ConfigService],
    useFactory: (config: ConfigService) => ({
      expression: config.get('REPORT_CRON'),
      disabled: config.get('REPORTS') === 'off',
      id: 'daily-report',
      timezone: 'Europe/Berlin',
    }),
  })
  buildDaily(run: RunContext): string {
    return `the report of ${run.jobId}`;
  }
}
// #endregion

describe('a decorator made from other providers', () => {
  it('declares the job that the factory answers with', async () => {
    const { scheduler, clock } = await startApp({ imports: [ConfigModule], providers: [ReportsService] });
    expect(await scheduler.getJobs()).toMatchObject([
      { id: 'daily-report', state: 'active', nextDueAt: new Date('2027-01-04T02:00:00Z') },
    ]);
    await clock.advance(3 * 3_600_000);
    expect(await scheduler.getRuns()).toMatchObject([
      { outcome: 'succeeded', result: { value: 'the report of daily-report' } },
    ]);
  });

  it('can disable the job', async () => {
    const off = new ConfigService();
    off.values.REPORTS = 'off';
    const { scheduler, clock } = await startApp({
      providers: [ReportsService, { provide: ConfigService, useValue: off }],
    });
    await clock.advance(24 * 3_600_000);
    expect(await scheduler.getJob('daily-report')).toMatchObject({ state: 'disabled', nextDueAt: null });
    expect(await scheduler.getRuns()).toEqual([]);
  });

  it('works for each decorator, with options or the bare rule, and beside plain ones', async () => {
    @Injectable()
    class Tasks {
      @Interval({ inject: ['SECONDS'], useFactory: (seconds: number) => ({ seconds }) })
      @Interval({
        inject: ['SECONDS'],
        useFactory: (seconds: number) => ({ every: { seconds }, id: 'named' }),
      })
      @Timeout({ useFactory: () => '5s' })
      @Cron({ useFactory: () => new Date(START) })
      @Cron('* * * * *')
      tick(): void {}
    }
    const { scheduler } = await startApp({ providers: [Tasks, { provide: 'SECONDS', useValue: 90 }] });
    expect((await scheduler.getJobs()).map(({ id, trigger }) => `${id} ${trigger}`)).toEqual([
      'Tasks.tick every 1m30s',
      'named every 1m30s',
      'Tasks.tick#3 once, 5s after the start',
      expect.stringContaining('Tasks.tick#4'),
      expect.stringContaining('Tasks.tick#5'),
    ]);
  });

  it('takes the provider of its own module first, and none for an optional one', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Tasks {
      @Interval({
        inject: ['NAME', { token: 'NOBODY', optional: true }],
        useFactory: (...injected: unknown[]) => {
          seen.push(injected);
          return '1s';
        },
      })
      tick(): void {}
    }
    @Module({ providers: [{ provide: 'NAME', useValue: 'of another module' }] })
    class Other {}
    @Module({ providers: [Tasks, { provide: 'NAME', useValue: 'of its own module' }] })
    class Own {}
    await startApp({ imports: [Other, Own] });
    expect(seen).toEqual([['of its own module', undefined]]);
  });

  it('waits for providers that are still being made when the scheduler is asked early', async () => {
    let make!: (period: string) => void;
    const late = { provide: 'LATE', useFactory: () => new Promise<string>((resolve) => (make = resolve)) };
    @Injectable()
    class Early {
      constructor(@Inject(SchedulerService) scheduler: SchedulerService) {
        void scheduler.getJobs().then(() => make('3s'));
      }
    }
    @Injectable()
    class Tasks {
      @Interval({ inject: ['LATE'], useFactory: (period: string) => period })
      tick(): void {}
    }
    const { scheduler } = await startApp({ providers: [Early, Tasks, late] });
    expect((await scheduler.getJobs()).map(({ trigger }) => `${trigger}`)).toEqual(['every 3s']);
  });

  it('works in request-scoped providers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tasks {
      @Interval({ inject: [ConfigService], useFactory: () => '1s' })
      tick(): string {
        return 'done';
      }
    }
    const { scheduler, clock } = await startApp({ providers: [Tasks, ConfigService] });
    await clock.advance(1_000);
    expect(await scheduler.getRuns()).toMatchObject([{ outcome: 'succeeded' }]);
  });
});

describe('a mistake in it is the error of the start, with its place', () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {}

  it.each<[string, DecoratorFactory<any>, object]>([
    [
      'an unset variable',
      { inject: [ConfigService], useFactory: (config: ConfigService) => config.get('NO_SUCH') },
      { code: 'INVALID_CRON', reason: 'EMPTY' },
    ],
    ['a wrong expression', { useFactory: () => '61 * * * *' }, { code: 'INVALID_CRON', field: 'minute' }],
    [
      'an unknown option',
      { useFactory: () => ({ expression: '* * * * *', zone: 'UTC' }) },
      { code: 'INVALID_OPTIONS', field: 'zone' },
    ],
    [
      'a provider that nobody provides',
      { inject: ['NOBODY'], useFactory: () => '* * * * *' },
      { code: 'INVALID_OPTIONS', field: 'inject', value: 'NOBODY' },
    ],
    [
      'a provider that is made for each request',
      { inject: [PerRequest], useFactory: () => '* * * * *' },
      { code: 'INVALID_OPTIONS', field: 'inject', value: 'PerRequest' },
    ],
    [
      'a class that is not there yet',
      { inject: [undefined as never], useFactory: () => '* * * * *' },
      { code: 'INVALID_OPTIONS', field: 'inject' },
    ],
    ['a promise', { useFactory: async () => '* * * * *' }, { code: 'INVALID_OPTIONS', field: 'useFactory' }],
    ['no function', { useFactory: '* * * * *' as never }, { code: 'INVALID_OPTIONS', field: 'useFactory' }],
    ['tokens in no list', { inject: 'X' as never, useFactory: () => '' }, { field: 'inject' }],
    ['another name', { imports: [], useFactory: () => '' } as never, { field: 'imports' }],
    [
      'what the factory throws',
      {
        useFactory: () => {
          throw new RangeError('REPORT_CRON is not set');
        },
      },
      { name: 'RangeError', message: '@Cron on Tasks.tick: REPORT_CRON is not set' },
    ],
  ])('for %s', async (_, factory, expected) => {
    @Injectable()
    class Tasks {
      @Cron(factory)
      tick(): void {}
    }
    const { app } = await createApp({ providers: [Tasks, ConfigService, PerRequest] });
    const error = await rejection(app.init());
    expect(error).toMatchObject(expected);
    expect(error.message).toMatch(/^@Cron on Tasks\.tick: /);
  });

  it('for options beside it', async () => {
    @Injectable()
    class Tasks {
      // @ts-expect-error A factory is the only argument.
      @Cron({ useFactory: () => '* * * * *' }, { id: 'tick' })
      tick(): void {}
    }
    const { app } = await createApp({ providers: [Tasks] });
    expect(await rejection(app.init())).toMatchObject({ code: 'INVALID_OPTIONS', field: 'options' });
  });
});

describe('one method with a job and a handler of one name', () => {
  class Mail {
    @IsString()
    to!: string;
  }
  const mail = defineHandler('mail', Mail);

  it('is the handler of both', async () => {
    @Injectable()
    class Mails {
      @Cron('0 3 * * *', { id: 'mail', payload: { to: 'everybody' } })
      @JobHandler(mail)
      send({ payload }: RunContext<Mail>): string {
        return `${payload instanceof Mail} ${payload.to}`;
      }
    }
    const { scheduler, clock } = await startApp({ providers: [Mails] });
    await scheduler.addJob({
      id: 'other',
      trigger: (await scheduler.getJob('mail'))!.trigger,
      handler: mail,
      payload: { to: 'you' },
    });
    await clock.advance(24 * 3_600_000);
    await clock.settle();
    const results = (await scheduler.getRuns()).map(({ result }) => result);
    expect(results).toEqual(expect.arrayContaining([{ kept: true, value: 'true everybody' }]));
    expect(results).toEqual(expect.arrayContaining([{ kept: true, value: 'true you' }]));
  });

  it('has its payload checked when it starts', async () => {
    @Injectable()
    class Mails {
      @JobHandler(mail)
      @Cron('0 3 * * *', { id: 'mail' })
      send(): void {}
    }
    const { app } = await createApp({ providers: [Mails] });
    expect(await rejection(app.init())).toMatchObject({
      code: 'PAYLOAD_INVALID',
      message: expect.stringMatching(/^Mails\.send in RootTestModule: /),
    });
  });

  it('is an error when the names are of two methods, or two jobs have one id', async () => {
    @Injectable()
    class Mails {
      @Cron('0 3 * * *', { id: 'mail' })
      daily(): void {}
      @JobHandler('mail')
      send(): void {}
    }
    @Injectable()
    class Twice {
      @Cron('0 3 * * *', { id: 'twice' })
      @Cron('0 4 * * *', { id: 'twice' })
      tick(): void {}
    }
    const names = await createApp({ providers: [Mails] });
    expect((await rejection(names.app.init())).message).toBe(
      'The handler name "mail" is declared by Mails.daily in RootTestModule and by Mails.send in RootTestModule. ' +
        'Give one of them its own name (the id of a decorated job is the name of its handler, too), ' +
        'or provide the class in one module and export it.',
    );
    const twice = await createApp({ providers: [Twice] });
    expect((await rejection(twice.app.init())).message).toMatch(
      /^The job id "twice" is declared twice by Twice\.tick in RootTestModule\. /,
    );
  });
});
