import { Controller, Global, Inject, Injectable, Module, type OnModuleInit, Scope } from '@nestjs/common';
import { LazyModuleLoader, REQUEST } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  every,
  Interval,
  JobHandler,
  JobIdTakenError,
  type RunContext,
  SchedulerService,
} from '@carillon/scheduler';
import { createApp, rejection, startApp } from './testing-app.js';

describe('what is found', () => {
  it('is in providers and controllers, also those of values and factories', async () => {
    const ticks: string[] = [];
    const note = (run: RunContext): number => ticks.push(run.jobId);
    @Injectable()
    class Provider {
      @Interval('1s')
      tick(run: RunContext): void {
        note(run);
      }
    }
    @Controller()
    class Pages {
      @Interval('1s')
      tick(run: RunContext): void {
        note(run);
      }
    }
    class Value {
      @Interval('1s')
      tick(run: RunContext): void {
        note(run);
      }
    }
    class Made {
      @Interval('1s')
      tick(run: RunContext): void {
        note(run);
      }
    }
    const { clock } = await startApp({
      providers: [
        Provider,
        { provide: 'VALUE', useValue: new Value() },
        { provide: 'MADE', useFactory: async () => new Made() },
      ],
      controllers: [Pages],
    });
    await clock.advance(1_000);
    expect(ticks.sort()).toEqual(['Made.tick', 'Pages.tick', 'Provider.tick', 'Value.tick']);
  });

  it('counts once under an alias, and when a factory hands the same object on', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s')
      tick(): void {}
    }
    const { scheduler } = await startApp({
      providers: [
        Tasks,
        { provide: 'ALIAS', useExisting: Tasks },
        { provide: 'SAME', inject: [Tasks], useFactory: (tasks: Tasks) => tasks },
      ],
    });
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(['Tasks.tick']);
  });

  it('are several jobs where a method has several decorators, numbered from top to bottom', async () => {
    const ticks: string[] = [];
    @Injectable()
    class Tasks {
      @Interval('1s')
      @Interval('2s')
      @Interval('3s', { id: 'third' })
      @Interval('4s')
      tick(run: RunContext): void {
        ticks.push(run.jobId);
      }
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });
    expect(
      (await scheduler.getJobs()).map(({ id, trigger, handler }) => [id, trigger.toString(), handler]),
    ).toEqual([
      ['Tasks.tick', 'every 1s', 'Tasks.tick'],
      ['Tasks.tick#2', 'every 2s', 'Tasks.tick'],
      ['third', 'every 3s', 'third'],
      ['Tasks.tick#4', 'every 4s', 'Tasks.tick'],
    ]);
    await clock.advance(2_000);
    expect(ticks).toEqual(['Tasks.tick', 'Tasks.tick', 'Tasks.tick#2']);
  });

  it('are the methods of base classes, under the concrete class; an override decides for itself', async () => {
    const ticks: string[] = [];
    abstract class Base {
      @Interval('1s')
      inherited(): void {
        ticks.push(`${this.constructor.name}.inherited`);
      }
      @Interval('1s')
      overridden(): void {}
      @Interval('1s')
      moved(): void {}
    }
    @Injectable()
    class North extends Base {
      override overridden(): void {}
      @Interval('5s')
      override moved(): void {}
    }
    @Injectable()
    class South extends Base {}
    const { clock, scheduler } = await startApp({ providers: [North, South] });
    expect((await scheduler.getJobs()).map(({ id, trigger }) => `${id} ${trigger}`).sort()).toEqual([
      'North.inherited every 1s',
      'North.moved every 5s',
      'South.inherited every 1s',
      'South.moved every 1s',
      'South.overridden every 1s',
    ]);
    await clock.advance(1_000);
    expect(ticks).toEqual(['North.inherited', 'South.inherited']);
  });

  it('survives another decorator that puts its own function in the place of the method', async () => {
    const ticks: string[] = [];
    const Traced: MethodDecorator = (_target, _key, descriptor) => {
      const original = descriptor.value as unknown as (...args: unknown[]) => unknown;
      descriptor.value = function traced(this: unknown, ...args: unknown[]) {
        ticks.push('traced');
        return original.apply(this, args);
      } as never;
    };
    @Injectable()
    class Tasks {
      @Traced
      @Interval('1s')
      tick(): void {
        ticks.push('tick');
      }
    }
    const { clock } = await startApp({ providers: [Tasks] });
    await clock.advance(1_000);
    expect(ticks).toEqual(['traced', 'tick']);
  });

  it('does not trigger getters', async () => {
    let triggered = 0;
    @Injectable()
    class Tasks {
      get connection(): object {
        triggered++;
        throw new Error('not connected yet');
      }
      @Interval('1s')
      tick(): void {}
    }
    await startApp({ providers: [Tasks] });
    expect(triggered).toBe(0);
  });
});

describe('two jobs with one id', () => {
  it('are an error that names both places: one class provided by two modules', async () => {
    @Injectable()
    class ReportsService {
      @Cron('0 3 * * *')
      daily(): void {}
    }
    @Module({ providers: [ReportsService] })
    class ReportsModule {}
    @Module({ providers: [ReportsService] })
    class BillingModule {}
    const { app } = await createApp({ imports: [ReportsModule, BillingModule] });
    const error = await rejection<JobIdTakenError>(app.init());
    expect(error).toBeInstanceOf(JobIdTakenError);
    expect(error.jobId).toBe('ReportsService.daily');
    expect(error.places).toEqual([
      'ReportsService.daily in ReportsModule',
      'ReportsService.daily in BillingModule',
    ]);
  });

  it('are an error that names both places: one id in two decorators', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'tick' })
      one(): void {}
      @Interval('1s', { id: 'tick' })
      other(): void {}
    }
    const { app } = await createApp({ providers: [Tasks] });
    expect((await rejection<JobIdTakenError>(app.init())).places).toEqual([
      'Tasks.one in RootTestModule',
      'Tasks.other in RootTestModule',
    ]);
  });

  it('are an error when two methods handle one name', async () => {
    @Injectable()
    class Tasks {
      @JobHandler('send')
      one(): void {}
      @JobHandler('send')
      other(): void {}
    }
    const { app } = await createApp({ providers: [Tasks] });
    expect(await rejection(app.init())).toMatchObject({
      code: 'JOB_ID_TAKEN',
      message: expect.stringContaining('Tasks.other'),
    });
  });
});

describe('a request-scoped provider', () => {
  it('gets a fresh instance for each run, and the run as its REQUEST', async () => {
    const seen: { instance: object; request: unknown; run: unknown }[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Context {
      constructor(@Inject(REQUEST) readonly request: unknown) {}
    }
    @Injectable()
    class Tasks {
      // Not request-scoped itself: what it injects makes it so.
      constructor(@Inject(Context) private readonly context: Context) {}
      @Interval('1s', { payload: { tenant: 'north' } })
      tick(run: RunContext): void {
        seen.push({ instance: this, request: this.context.request, run });
      }
    }
    const { clock, scheduler } = await startApp({ providers: [Context, Tasks] });
    await clock.advance(2_000);
    expect(seen).toHaveLength(2);
    expect(seen[0].instance).not.toBe(seen[1].instance);
    for (const { request, run } of seen) expect(request).toBe(run);
    expect(await scheduler.getRuns({ outcome: 'succeeded' })).toHaveLength(2);
  });

  it('is resolved in its own module, whatever other modules provide under its token', async () => {
    const ticks: string[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class North {
      @Interval('1s')
      tick(): void {
        ticks.push('north');
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class South {
      @Interval('1s')
      tick(): void {
        ticks.push('south');
      }
    }
    @Module({ providers: [{ provide: 'TASKS', useClass: North }] })
    class NorthModule {}
    @Module({ providers: [{ provide: 'TASKS', useClass: South }] })
    class SouthModule {}
    const { clock } = await startApp({ imports: [NorthModule, SouthModule] });
    await clock.advance(1_000);
    expect(ticks.sort()).toEqual(['north', 'south']);
  });

  it('may be transient, too', async () => {
    const instances = new Set<object>();
    @Injectable({ scope: Scope.TRANSIENT })
    class Tasks {
      @Interval('1s')
      tick(): void {
        instances.add(this);
      }
    }
    const { clock } = await startApp({ providers: [Tasks] });
    await clock.advance(3_000);
    expect(instances.size).toBe(3);
  });

  it('fails the run when it cannot be made', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Tasks {
      constructor() {
        throw new Error('no tenant');
      }
      @Interval('1s')
      tick(): void {}
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });
    await clock.advance(1_000);
    expect(await scheduler.getRuns()).toMatchObject([{ outcome: 'failed', error: { message: 'no tenant' } }]);
  });

  it('may be a controller', async () => {
    const requests: unknown[] = [];
    @Controller({ path: 'reports', scope: Scope.REQUEST })
    class Reports {
      constructor(@Inject(REQUEST) private readonly request: RunContext) {}
      @Interval('1s')
      tick(): void {
        requests.push(this.request.jobId);
      }
    }
    const { clock } = await startApp({ controllers: [Reports] });
    await clock.advance(1_000);
    expect(requests).toEqual(['Reports.tick']);
  });
});

describe('a lazy module', () => {
  it('has its jobs found when it loads, also after the start', async () => {
    const ticks: string[] = [];
    @Injectable()
    class LateTasks {
      @Interval('1s')
      tick(): void {
        ticks.push('late');
      }
      @JobHandler('late-handler')
      handle(): void {
        ticks.push('handled');
      }
    }
    @Module({ providers: [LateTasks] })
    class LateModule {}
    const { app, clock, scheduler } = await startApp();
    await clock.advance(10_500);
    await app.get(LazyModuleLoader).load(() => LateModule);
    await scheduler.addJob({ trigger: every('1s'), handler: 'late-handler', maxRuns: 1 });
    expect(await scheduler.getJob('LateTasks.tick')).toMatchObject({ origin: 'declared' });
    await clock.advance(1_000);
    expect(ticks.sort()).toEqual(['handled', 'late']);

    await app.get(LazyModuleLoader).load(() => LateModule);
    expect(await scheduler.getJobs({ origin: 'declared' })).toHaveLength(1);
  });

  it('is refused when a job in it is wrong', async () => {
    @Injectable()
    class LateTasks {
      @Cron('nonsense')
      tick(): void {}
    }
    @Module({ providers: [LateTasks] })
    class LateModule {}
    const { app } = await startApp();
    const error = await rejection(app.get(LazyModuleLoader).load(() => LateModule));
    expect(error).toMatchObject({
      code: 'INVALID_CRON',
      message: expect.stringContaining('@Cron on LateTasks.tick'),
    });
  });

  it('may be loaded while the application starts', async () => {
    @Injectable()
    class LateTasks {
      @Interval('1s')
      tick(): void {}
    }
    @Module({ providers: [LateTasks] })
    class LateModule {}
    @Injectable()
    class Opener implements OnModuleInit {
      constructor(
        @Inject(LazyModuleLoader) private readonly loader: LazyModuleLoader,
        @Inject(SchedulerService) private readonly scheduler: SchedulerService,
      ) {}
      async onModuleInit(): Promise<void> {
        await this.scheduler.getJobs();
        await this.loader.load(() => LateModule);
      }
    }
    const { scheduler } = await startApp({ providers: [Opener] });
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(['LateTasks.tick']);
  });
});

describe('asking before every provider is there', () => {
  it('finds the rest afterwards, with the scopes that they turn out to have', async () => {
    @Global()
    @Module({
      providers: [
        {
          provide: 'EARLY',
          inject: [SchedulerService],
          useFactory: async (scheduler: SchedulerService) => {
            await scheduler.addJob({ id: 'early', trigger: every('1s'), handler: () => {} });
            return 'early';
          },
        },
      ],
      exports: ['EARLY'],
    })
    class EarlyModule {}
    const instances = new Set<object>();
    @Injectable({ scope: Scope.REQUEST })
    class Context {}
    @Injectable()
    class Tasks {
      constructor(
        @Inject('EARLY') readonly early: string,
        @Inject(Context) readonly context: Context,
      ) {}
      @Interval('1s')
      tick(): void {
        instances.add(this);
      }
    }
    const { clock, scheduler } = await startApp({ imports: [EarlyModule], providers: [Context, Tasks] });
    expect((await scheduler.getJobs()).map(({ id }) => id).sort()).toEqual(['Tasks.tick', 'early']);
    await clock.advance(2_000);
    expect(instances.size).toBe(2);
  });
});
