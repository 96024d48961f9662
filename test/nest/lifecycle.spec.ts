import {
  Inject,
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  at,
  every,
  Interval,
  type RunContext,
  SCHEDULER_CLOCK,
  SchedulerExistsError,
  SchedulerModule,
  SchedulerService,
  Timeout,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { compile, createApp, recordingLogger, rejection, startApp, START } from './testing-app.js';

const startedAt = new Date(START).getTime();
const after = (ms: number): Date => new Date(startedAt + ms);

/** A promise that the test resolves. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('the start', () => {
  it('comes after every module has bootstrapped: nothing ticks before', async () => {
    const steps: string[] = [];
    const bootstrapped = gate();
    @Injectable()
    class Tasks implements OnApplicationBootstrap {
      @Interval('1s')
      tick(): void {
        steps.push('tick');
      }
      async onApplicationBootstrap(): Promise<void> {
        await bootstrapped.opened;
        steps.push('bootstrapped');
      }
    }
    const { app, clock } = await createApp({ providers: [Tasks] });
    const ready = app.init();
    await clock.advance(5_500);
    expect(steps).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
    bootstrapped.open();
    await ready;
    await clock.advance(999);
    expect(steps).toEqual(['bootstrapped']);
    await clock.advance(1);
    expect(steps).toEqual(['bootstrapped', 'tick']);
  });

  it('is what intervals and timeouts count from, however long the modules took; no tick before it has an outcome', async () => {
    const ticks: (Date | null)[] = [];
    @Injectable()
    class Tasks implements OnModuleInit {
      constructor(
        @Inject(SchedulerService) private readonly scheduler: SchedulerService,
        @Inject(SCHEDULER_CLOCK) private readonly clock: ManualClock,
      ) {}
      @Interval('2s')
      tick(run: RunContext): void {
        ticks.push(run.scheduledAt);
      }
      @Timeout('3s')
      once(run: RunContext): void {
        ticks.push(run.scheduledAt);
      }
      @Interval('1h', { startAt: after(2_500) })
      chosenInstant(run: RunContext): void {
        ticks.push(run.scheduledAt);
      }
      @Interval('4s')
      pausedMeanwhile(): void {}
      @Interval('4s')
      editedMeanwhile(): void {}
      async onModuleInit(): Promise<void> {
        expect((await this.scheduler.getJobs()).map(({ state }) => state)).toEqual(Array(5).fill('active'));
        await this.scheduler.pauseJob('Tasks.pausedMeanwhile', { note: 'not yet' });
        await this.scheduler.updateJob('Tasks.editedMeanwhile', { trigger: every('1h') });
        await this.clock.advance(5_000);
      }
    }
    const { clock, scheduler } = await startApp({ providers: [Tasks] });
    await clock.advance(3_000);
    expect(ticks).toEqual([after(2_500), after(7_000), after(8_000)]);
    expect(await scheduler.getRuns()).toHaveLength(3);
    expect(await scheduler.getJob('Tasks.pausedMeanwhile')).toMatchObject({
      state: 'paused',
      pause: { note: 'not yet' },
    });
    expect(await scheduler.getJob('Tasks.editedMeanwhile')).toMatchObject({ nextDueAt: after(3_600_000) });
    await scheduler.resumeJob('Tasks.pausedMeanwhile');
    expect(await scheduler.getJob('Tasks.pausedMeanwhile')).toMatchObject({ nextDueAt: after(9_000) });
  });

  it("keeps a tick of a job added in a user's onModuleInit late, not lost", async () => {
    const runs: { scheduledAt: Date | null; at: number }[] = [];
    @Injectable()
    class Starter implements OnModuleInit {
      constructor(
        @Inject(SchedulerService) private readonly scheduler: SchedulerService,
        @Inject(SCHEDULER_CLOCK) private readonly clock: ManualClock,
      ) {}
      async onModuleInit(): Promise<void> {
        const handler = (run: RunContext): void =>
          void runs.push({ scheduledAt: run.scheduledAt, at: this.clock.now() });
        await this.scheduler.addJob({ id: 'added', trigger: every('2s'), handler });
        expect(await rejection(this.scheduler.runNow('added'))).toMatchObject({
          code: 'SCHEDULER_NOT_RUNNING',
          phase: 'starting',
          statusCode: 503,
        });
        await this.clock.advance(3_000);
      }
    }
    const { clock } = await startApp({ providers: [Starter] });
    await clock.advance(1_000);
    expect(runs).toEqual([
      { scheduledAt: after(2_000), at: startedAt + 3_000 },
      { scheduledAt: after(4_000), at: startedAt + 4_000 },
    ]);
  });

  it('leaves no timer behind when the bootstrap fails', async () => {
    @Injectable()
    class Broken implements OnApplicationBootstrap {
      @Interval('1s')
      tick(): void {}
      onApplicationBootstrap(): void {
        throw new Error('the database is down');
      }
    }
    const { app, clock } = await createApp({ providers: [Broken] });
    expect(await rejection(app.init())).toMatchObject({ message: 'the database is down' });
    expect(clock.pendingTimers).toBe(0);
    await app.close();
  });

  it('is logged with the number of declared jobs and the time zone data in use', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s')
      tick(): void {}
    }
    const { lines } = await startApp({ providers: [Tasks], options: { zoneinfo: 'runtime' } });
    expect(lines.filter(({ level }) => level === 'log').map(({ text }) => text)).toEqual([
      `Started with 1 declared job, kept in memory; time zone data ${process.versions.tz} of the runtime.`,
    ]);
  });
});

describe('the shutdown', () => {
  it("awaits running handlers before any user's provider is destroyed", async () => {
    const steps: string[] = [];
    const work = gate();
    @Injectable()
    class Database implements OnModuleDestroy {
      onModuleDestroy(): void {
        steps.push('database closed');
      }
    }
    @Module({ providers: [Database], exports: [Database] })
    class DatabaseModule {}
    @Injectable()
    class Tasks {
      constructor(@Inject(Database) readonly database: Database) {}
      @Interval('1s')
      async tick(): Promise<void> {
        await work.opened;
        steps.push('handler ended');
      }
    }
    const { app, clock, scheduler, lines } = await startApp({
      imports: [DatabaseModule],
      providers: [Tasks],
    });
    await clock.advance(1_000);
    const closed = app.close();
    await clock.advance(3_000);
    expect(steps).toEqual([]);
    expect(await rejection(scheduler.addJob({ trigger: every('1s'), handler: () => {} }))).toMatchObject({
      code: 'SCHEDULER_NOT_RUNNING',
      phase: 'stopping',
      statusCode: 503,
    });
    expect(await rejection(scheduler.runNow('Tasks.tick'))).toMatchObject({
      code: 'SCHEDULER_NOT_RUNNING',
      phase: 'stopping',
    });
    work.open();
    await closed;
    expect(steps).toEqual(['handler ended', 'database closed']);
    expect(clock.pendingTimers).toBe(0);
    const texts = lines.map(({ text }) => text);
    expect(texts).toContain('Shutting down: waiting for 1 run.');
    expect(texts.at(-1)).toBe('Stopped.');
  });

  it('aborts what the drain did not see end, and abandons what does not heed that', async () => {
    const aborted: unknown[] = [];
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'heeds' })
      heeds(run: RunContext): Promise<void> {
        return new Promise((_, reject) => {
          run.signal.addEventListener('abort', () => {
            aborted.push((run.signal.reason as Error).name);
            reject(run.signal.reason as Error);
          });
        });
      }
      @Interval('1s', { id: 'deaf' })
      deaf(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const { app, clock, scheduler, lines } = await startApp({
      providers: [Tasks],
      options: { drainTimeout: '5s', abortGrace: '2s' },
    });
    await clock.advance(1_000);
    const closed = app.close();
    await clock.advance(4_999);
    expect(aborted).toEqual([]);
    await clock.advance(1);
    expect(aborted).toEqual(['SchedulerStoppingError']);
    await clock.advance(2_000);
    await closed;
    expect(clock.pendingTimers).toBe(0);
    const runs = await scheduler.getRuns({ outcome: 'abandoned' });
    expect(runs.map(({ jobId }) => jobId).sort()).toEqual(['deaf', 'heeds']);
    expect(
      lines.filter(({ level, text }) => level === 'warn' && text.includes('abandoned')),
    ).not.toHaveLength(0);
  });

  it('may be asked for twice', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s')
      tick(): void {}
    }
    const { app, clock } = await startApp({ providers: [Tasks] });
    await clock.advance(1_500);
    await Promise.all([app.close(), app.close()]);
    await app.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('may come during the bootstrap', async () => {
    const initialised = gate();
    let ticks = 0;
    @Injectable()
    class Slow implements OnModuleInit {
      @Interval('1s')
      tick(): void {
        ticks++;
      }
      async onModuleInit(): Promise<void> {
        await initialised.opened;
      }
    }
    const { app, clock } = await createApp({ providers: [Slow] });
    const ready = app.init();
    await clock.settle();
    const closed = app.close();
    await clock.settle();
    initialised.open();
    await ready;
    await closed;
    await clock.advance(5_000);
    expect(ticks).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('may come before any start', async () => {
    const { module } = await compile({});
    await module.close();
    expect(await rejection(module.get(SchedulerService).getJobs())).toMatchObject({
      code: 'SCHEDULER_NOT_RUNNING',
    });
  });

  it('completes the streams of events and leaves the history readable', async () => {
    @Injectable()
    class Tasks implements OnApplicationShutdown {
      runs = 0;
      constructor(@Inject(SchedulerService) private readonly scheduler: SchedulerService) {}
      @Interval('1s')
      tick(): void {}
      async onApplicationShutdown(): Promise<void> {
        this.runs = (await this.scheduler.getRuns()).length;
      }
    }
    const { app, clock, scheduler } = await startApp({ providers: [Tasks] });
    let completed = false;
    scheduler.events$.subscribe({ complete: () => (completed = true) });
    await clock.advance(2_000);
    await app.close();
    expect(completed).toBe(true);
    expect(app.get(Tasks).runs).toBe(2);
  });
});

describe('shutdown hooks', () => {
  const warnings = async (use: (app: { enableShutdownHooks(): unknown }) => void): Promise<string[]> => {
    const { logger, lines } = recordingLogger();
    @Module({ imports: [SchedulerModule.forRoot()] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger });
    use(app);
    await new Promise((resolve) => setImmediate(resolve));
    await app.close();
    return lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
  };

  it('are missed with one warning', async () => {
    const missed = await warnings(() => {});
    expect(missed).toHaveLength(1);
    expect(missed[0]).toContain('app.enableShutdownHooks()');
  });

  it('are not missed when they are enabled right after the context is there', async () => {
    expect(await warnings((app) => app.enableShutdownHooks())).toEqual([]);
  });

  it('are not missed where the application closes itself on a signal', async () => {
    const apps: { close(): void }[] = [];
    const onSignal = (): void => apps[0]?.close();
    process.on('SIGTERM', onSignal);
    try {
      expect(await warnings(() => {})).toEqual([]);
    } finally {
      process.off('SIGTERM', onSignal);
    }
  });
});

describe('a second forRoot', () => {
  it('is an error that names who imports it', async () => {
    @Module({ imports: [SchedulerModule.forRoot()] })
    class BillingModule {}
    const building = Test.createTestingModule({
      imports: [SchedulerModule.forRoot(), BillingModule],
    }).compile();
    const error = await rejection<SchedulerExistsError>(building);
    expect(error).toBeInstanceOf(SchedulerExistsError);
    expect(error.importedBy.toSorted()).toEqual(['BillingModule', 'RootTestModule']);
    expect(error.message).toContain('Import it once, in the root module');
  });

  it('is none when one dynamic module is imported in two places', async () => {
    const scheduler = SchedulerModule.forRoot();
    @Module({ imports: [scheduler] })
    class BillingModule {}
    const module = await Test.createTestingModule({ imports: [scheduler, BillingModule] }).compile();
    expect(module.get(SchedulerService)).toBeInstanceOf(SchedulerService);
    await module.close();
  });
});

describe('the system clock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is steered by fake timers', async () => {
    vi.useFakeTimers({ now: new Date(START) });
    const ticks: (Date | null)[] = [];
    @Injectable()
    class Tasks {
      @Interval('1m')
      tick(run: RunContext): void {
        ticks.push(run.scheduledAt);
      }
    }
    @Module({ imports: [SchedulerModule.forRoot()], providers: [Tasks] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    app.enableShutdownHooks();
    vi.advanceTimersByTime(120_000);
    // At once, in the timer's callback: no promise was awaited.
    expect(ticks).toEqual([after(60_000), after(120_000)]);
    await app
      .get(SchedulerService)
      .addJob({ trigger: at(after(150_000)), handler: (run) => ticks.push(run.scheduledAt) });
    vi.advanceTimersByTime(30_000);
    expect(ticks).toHaveLength(3);
    await app.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
