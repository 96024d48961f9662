import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  cron,
  Cron,
  DEFAULT_POLICIES,
  defineHandler,
  every,
  Interval,
  JobHandler,
  SchedulerModule,
  type SchedulerOptions,
  Timeout,
} from '@carillon/scheduler';
import { LeasedMemoryStore } from '../engine/leased-memory.js';
import {
  compile,
  createApp,
  recordingLogger,
  rejection,
  startApp,
  type TestAppParts,
} from './testing-app.js';

/** The error with which the application does not start. */
async function startError(parts: TestAppParts): Promise<Error & { code: string; field?: string }> {
  const { app } = await createApp(parts);
  return rejection(app.init());
}

/** Applies a decorator where TypeScript does not let it stand. */
function apply(decorator: unknown, target: object, key?: string): void {
  const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
  (decorator as (...args: unknown[]) => void)(target, key, descriptor);
}

describe('a decorator that nothing could call', () => {
  it.each<[string, string, (tasks: { new (): object; prototype: object }) => void]>([
    ['a static method', 'shared', (tasks) => apply(Cron('* * * * *'), tasks, 'shared')],
    ['a getter', 'current', (tasks) => apply(Interval('1s'), tasks.prototype, 'current')],
    ['a property', 'arrow', (tasks) => apply(Timeout('1s'), tasks.prototype, 'arrow')],
    ['a class', 'class', (tasks) => apply(JobHandler('send'), tasks)],
  ])('is an error of the start on %s, and names it', async (what, member, decorate) => {
    class Tasks {
      static shared(): void {}
      get current(): number {
        return 1;
      }
      arrow = (): void => {};
    }
    Injectable()(Tasks);
    decorate(Tasks);
    const error = await startError({ providers: [Tasks] });
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(error.message).toMatch(
      new RegExp(`^@\\w+ on Tasks\\.?${member === 'class' ? '' : member}: .*${what}`),
    );
    expect(error.message).toMatch(/method of (an|the) instance/);
  });

  it('is found on the static method of a base class, too', async () => {
    class Base {
      static shared(): void {}
    }
    apply(Cron('* * * * *'), Base, 'shared');
    @Injectable()
    class Tasks extends Base {}
    expect((await startError({ providers: [Tasks] })).message).toMatch(/^@Cron on Tasks\.shared: /);
  });

  it('is an error at once under the standard decorators, which Nest cannot use', () => {
    const context = { kind: 'method', name: 'tick', static: false, private: false };
    expect(() => (Cron('* * * * *') as unknown as (...args: unknown[]) => void)(() => {}, context)).toThrow(
      /experimentalDecorators/,
    );
  });
});

describe('a generator as a handler', () => {
  const generators: [string, (...args: never[]) => unknown][] = [
    ['async *', async function* () {}],
    ['*', function* () {}],
  ];

  it.each(generators)('is an error of the start: %s', async (_, generator) => {
    @Injectable()
    class Tasks {}
    Object.defineProperty(Tasks.prototype, 'tick', { value: generator });
    apply(Interval('1s'), Tasks.prototype, 'tick');
    const error = await startError({ providers: [Tasks] });
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(error.message).toMatch(/^@Interval on Tasks\.tick: .*generator/);
  });

  it.each(generators)('is refused by addJob: %s', async (_, generator) => {
    const { scheduler } = await startApp();
    const error = await rejection(scheduler.addJob({ trigger: every('1s'), handler: generator as never }));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', field: 'handler' });
    expect(error.message).toContain('generator');
  });

  it('fails its attempt when it hides behind a function', async () => {
    const { clock, scheduler } = await startApp();
    let begun = 0;
    async function* hidden(): AsyncGenerator<void> {
      begun++;
      yield;
    }
    await scheduler.addJob({ trigger: every('1s'), handler: () => hidden() });
    await scheduler.addJob({ trigger: every('1s'), handler: async () => hidden() });
    await clock.advance(1_000);
    expect(begun).toBe(0);
    expect(await scheduler.getRuns()).toMatchObject(
      [1, 2].map(() => ({ outcome: 'failed', error: { message: expect.stringContaining('generator') } })),
    );
  });

  it('may be returned as an array or a stream of values', async () => {
    const { clock, scheduler } = await startApp();
    await scheduler.addJob({ trigger: every('1s'), handler: () => [1, 2] });
    await clock.advance(1_000);
    expect(await scheduler.getRuns()).toMatchObject([{ outcome: 'succeeded' }]);
  });
});

describe('decorators without SchedulerModule.forRoot()', () => {
  @Injectable()
  class Tasks {
    @Cron('* * * * *')
    tick(): void {}
    @Interval('1s')
    tock(): void {}
  }

  const boot = async (
    imports: object[] = [],
    providers: (new () => object)[] = [Tasks],
  ): Promise<string[]> => {
    const { logger, lines } = recordingLogger();
    @Module({ imports: imports as never, providers })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger });
    app.enableShutdownHooks();
    await app.close();
    return lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
  };

  it('are one warning that names a job and the remedy', async () => {
    expect(await boot()).toEqual([
      expect.stringMatching(/^@Cron on Tasks\.tick .*never run.*SchedulerModule\.forRoot\(\)/),
    ]);
  });

  it('are none with it, and none where nothing is decorated', async () => {
    class Plain {}
    expect(await boot([SchedulerModule.forRoot()])).toEqual([]);
    expect(await boot([], [Plain])).toEqual([]);
  });
});

describe('maxInstances without overlap: allow', () => {
  const mistake = { code: 'INVALID_OPTIONS', field: 'maxInstances', value: 3 };

  it('is an error, because one run at a time is what it would be', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s', { maxInstances: 3 })
      tick(): void {}
    }
    const error = await startError({ providers: [Tasks] });
    expect(error).toMatchObject(mistake);
    expect(error.message).toMatch(/^@Interval on Tasks\.tick: .*overlap: 'allow'/);
    const { scheduler } = await startApp();
    const job = { id: 'a', trigger: every('1s'), handler: () => {} };
    expect(await rejection(scheduler.addJob({ ...job, maxInstances: 3 }))).toMatchObject(mistake);
    expect(await rejection(scheduler.addJob({ ...job, maxInstances: 3, overlap: 'queueAll' }))).toMatchObject(
      mistake,
    );
    await scheduler.addJob(job);
    expect(await rejection(scheduler.updateJob('a', { maxInstances: 3 }))).toMatchObject(mistake);
  });

  it('is none where it says the same, and none as a default', async () => {
    const { scheduler } = await startApp({ options: { defaults: { maxInstances: 3 } } });
    const job = { trigger: every('1s'), handler: () => {} };
    await scheduler.addJob({ id: 'one', ...job, maxInstances: 1 });
    await scheduler.addJob({ id: 'any', ...job, maxInstances: null });
    await scheduler.addJob({ id: 'by default', ...job });
    await scheduler.addJob({ id: 'many', ...job, overlap: 'allow' });
    await scheduler.updateJob('many', { maxInstances: 2 });
    expect((await scheduler.getJob('many'))!.policies).toMatchObject({ overlap: 'allow', maxInstances: 2 });
  });
});

describe('a time zone that is given and undefined', () => {
  const unset = process.env['CARILLON_NO_SUCH_ZONE'];
  const mistake = { code: 'INVALID_TIMEZONE', message: expect.stringMatching(/undefined.*leave it out/) };

  it('is an error of the module, of a decorator and of a trigger', async () => {
    expect(await rejection(compile({ options: { timezone: unset } }))).toMatchObject(mistake);
    for (const name of ['timezone', 'timeZone']) {
      @Injectable()
      class Tasks {
        @Cron('0 3 * * *', { [name]: unset })
        nightly(): void {}
      }
      expect(await startError({ providers: [Tasks] })).toMatchObject(mistake);
    }
    expect(() => cron('0 3 * * *', { timezone: unset })).toThrow(/undefined.*leave it out/);
  });
});

describe('a group without a limit', () => {
  it('is an error also while no group has one', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s', { group: 'mail' })
      tick(): void {}
    }
    const mistake = { code: 'INVALID_OPTIONS', field: 'group', value: 'mail' };
    expect(await startError({ providers: [Tasks] })).toMatchObject(mistake);
    const { scheduler } = await startApp();
    const job = { trigger: every('1s'), handler: () => {}, group: 'mail' };
    expect(await rejection(scheduler.addJob(job))).toMatchObject(mistake);
    expect(await rejection(compile({ options: { defaults: { group: 'mail' } } }))).toMatchObject({
      ...mistake,
      field: 'defaults.group',
    });
  });
});

describe('a trigger that cannot do what it says', () => {
  const warningsOf = async (providers: (new () => object)[]): Promise<string[]> => {
    const { lines } = await startApp({ providers });
    return lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
  };

  it('has one warning for a jitter longer than the period', async () => {
    @Injectable()
    class Tasks {
      @Interval('1m', { jitter: '5m' })
      often(): void {}
      @Cron('0 9-17 * * *', { jitter: '2h' })
      hourly(): void {}
      @Cron('0 9-17 * * *', { jitter: '30m' })
      fine(): void {}
      @Interval('1m', { jitter: '1m' })
      full(): void {}
    }
    expect(await warningsOf([Tasks])).toEqual([
      expect.stringMatching(/^Tasks\.often in .*jitter of 5m.* 1m/),
      expect.stringMatching(/^Tasks\.hourly in .*jitter of 2h.* 1h/),
    ]);
  });

  it('has one warning for an endAt in the past', async () => {
    @Injectable()
    class Tasks {
      @Cron('0 3 * * *', { endAt: '2026-12-31T00:00:00Z' })
      over(): void {}
      @Interval('1m', { endAt: '2026-12-31T00:00:00Z' })
      past(): void {}
      @Cron('0 3 * * *', { endAt: '2027-12-31T00:00:00Z' })
      fine(): void {}
    }
    expect(await warningsOf([Tasks])).toEqual([
      expect.stringMatching(/^Tasks\.over in .*no tick any more/),
      expect.stringMatching(/^Tasks\.past in .*no tick any more/),
    ]);
  });

  it('warns of a job that is added, too', async () => {
    const { scheduler, lines } = await startApp();
    await scheduler.addJob({ id: 'a', trigger: every('1m', { jitter: '5m' }), handler: () => {} });
    expect(lines.map(({ level, text }) => `${level} ${text}`)).toContainEqual(
      expect.stringMatching(/^warn The job "a".*jitter of 5m.* 1m/),
    );
  });
});

describe('a factory of options that returns nothing', () => {
  it.each([undefined, null])('is an error of the start: %s', async (nothing) => {
    @Module({ imports: [SchedulerModule.forRootAsync({ useFactory: () => nothing as never })] })
    class App {}
    const starting = NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    expect(await rejection(starting)).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/^SchedulerModule: .*useFactory/),
    });
  });
});

describe('a job whose handler this process lacks', () => {
  const said = 'Job "other": no handler named "send" here; it waits for a replica that has one.';
  const startWithStore = async () => {
    let store: LeasedMemoryStore;
    const test = await startApp({
      options: { store: (store = new LeasedMemoryStore(() => test.clock.now())) },
    });
    return { ...test, store: store! };
  };

  it('has one line of information without a stack or a list of handlers', async () => {
    const { clock, lines, store } = await startWithStore();
    store.nextBeat = { unhandled: [{ jobId: 'other', handler: 'send' }] };
    await clock.advance(6_000);
    expect(lines.filter(({ text }) => text.includes('"other"'))).toEqual([
      { level: 'log', text: said, stack: undefined },
    ]);
  });

  it('says so when it is to run now', async () => {
    const { scheduler, lines, store } = await startWithStore();
    const policies = DEFAULT_POLICIES;
    const trigger = every('1h').bind({ jobId: 'other', anchorAt: 0 });
    const job = { id: 'other', trigger, handler: 'send', payload: undefined, policies };
    void store.putJob({ ...job, origin: 'added', disabled: false }, 'error', 0);
    await scheduler.runNow('other');
    expect(lines.at(-1)).toMatchObject({ level: 'warn', text: said });
  });
});

describe('a name that does not exist', () => {
  it.each<[string, SchedulerOptions, string]>([
    ['a near one', { timeZoen: 'UTC' } as never, 'There is no option `timeZoen`; did you mean `timezone`?'],
    [
      'a near one inside',
      { enhancers: { globl: true } } as never,
      'There is no option `enhancers.globl`; did you mean `enhancers.global`?',
    ],
    ['a distant one', { prefix: 'x' } as never, 'There is no option `prefix`.'],
  ])('is the fact that the message begins with: %s', async (_, options, message) => {
    const error = await rejection(compile({ options }));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(error.message.startsWith(`SchedulerModule: ${message}`)).toBe(true);
  });

  it('never brings the whole list of options, events or handlers along', async () => {
    @Injectable()
    class Tasks {
      @Cron('0 3 * * *', { zone: 'UTC' } as never)
      nightly(): void {}
    }
    const { message } = await startError({ providers: [Tasks] });
    expect(message).toBe('@Cron on Tasks.nightly: There is no option `zone`; did you mean `timezone`?');
    const names = Array.from({ length: 20 }, (_, index) => `handler-${index}-of-many`);
    class Handlers {}
    for (const name of names) {
      Object.defineProperty(Handlers.prototype, name, { value: () => {} });
      apply(JobHandler(name), Handlers.prototype, name);
    }
    const { scheduler } = await startApp({ providers: [Handlers] });
    expect(() => scheduler.on('run.succeded' as never)).toThrow(
      /cannot be "run.succeded"\. Did you mean 'run.succeeded'\?/,
    );
    expect(() => scheduler.on('everything' as never)).toThrow(/^[^,]*docs\/events\.md[^,]*$/);
    const unknown = scheduler.addJob({ trigger: every('1s'), handler: 'handler-7-of-manny' });
    expect((await rejection(unknown)).message).toMatch(/Did you mean 'handler-7-of-many'\? /);
    const distant = scheduler.addJob({ trigger: every('1s'), handler: defineHandler('elsewhere') });
    expect((await rejection(distant)).message).not.toContain('handler-3-of-many');
  });
});

describe('a value in a message', () => {
  it.each<[SchedulerOptions, string]>([
    [{ concurrency: Number.NaN }, '"concurrency" cannot be NaN'],
    [{ concurrency: Number.POSITIVE_INFINITY }, '"concurrency" cannot be Infinity'],
    [{ groups: { mail: Number.NaN } }, '"groups.mail" cannot be NaN'],
    [{ concurrency: new Date(Number.NaN) as never }, '"concurrency" cannot be Invalid Date'],
    [{ concurrency: { limit: Number.NaN } as never }, '"concurrency" cannot be {"limit":"NaN"}'],
  ])('is the value that was given: %o', async (options, message) => {
    expect((await rejection(compile({ options }))).message).toContain(message);
  });
});
