import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Inject,
  Injectable,
  Logger,
  Module,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST, Reflector } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsInt } from 'class-validator';
import { concat, EMPTY, map, type Observable, of, tap } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  Cron,
  defineHandler,
  every,
  Interval,
  JobHandler,
  RUN_CONTEXT_TYPE,
  type Run,
  type RunContext,
  runOf,
  SchedulerService,
} from '@carillon/scheduler';
import { createApp, rejection, startApp, type TestApp } from './testing-app.js';

const said: string[] = [];
const say = (text: string): number => said.push(text);
/** The calls recorded since the last look. */
const heard = (): string[] => said.splice(0);

const Roles = (...roles: string[]): MethodDecorator => SetMetadata('roles', roles);

@Injectable()
class Voice {
  say(text: string): void {
    say(text);
  }
}

/** Injects like any provider: a guard that is not made by Nest would have no voice. */
@Injectable()
class RolesGuard implements CanActivate {
  constructor(
    @Inject(Voice) private readonly voice: Voice,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<string[]>('roles', [
      context.getHandler(),
      context.getClass(),
    ]);
    this.voice.say(`guard of ${context.getClass().name}.${context.getHandler().name} for ${roles}`);
    return !roles?.includes('nobody');
  }
}

@Injectable()
class Around implements NestInterceptor {
  constructor(@Inject(Voice) private readonly voice: Voice) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const run = runOf(context)!;
    this.voice.say(`before ${run.jobId} #${run.attempt}`);
    return next.handle().pipe(
      tap(() => this.voice.say('after')),
      map((result) => `<${result}>`),
    );
  }
}

@Injectable()
class Doubled implements PipeTransform {
  transform(payload: unknown, { type }: { type: string }): unknown {
    say(`pipe of a ${type}: ${JSON.stringify(payload)}`);
    return { amount: (payload as { amount: number }).amount * 2 };
  }
}

@Catch()
class Sees implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    say(`filter: ${runOf(host)!.jobId} ${error.message}`);
  }
}

@Catch(ForbiddenException)
class Forgives implements ExceptionFilter {
  catch(): string {
    return 'forgiven';
  }
}

async function lastRun({ scheduler }: TestApp, jobId: string): Promise<Run> {
  return (await scheduler.getRuns({ jobId }))[0]!;
}

// #region guard
@Injectable()
class OnWeekdays implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const run = runOf(context); // null when it stands before a route, too
    const day = run?.scheduledAt?.getUTCDay();
    return day !== 0 && day !== 6;
  }
}

@Injectable()
class Invoices {
  @Cron('0 9 * * *', { id: 'send-invoices', timezone: 'UTC' })
  @UseGuards(OnWeekdays)
  send(run: RunContext): void {
    run.log.info('sent');
  }
}
// #endregion

it('the guard of the documentation lets runs of weekdays pass', async () => {
  const { clock, scheduler } = await startApp({ providers: [Invoices] });
  await clock.advance(7 * 24 * 3_600_000);
  const runs = await scheduler.getRuns({ jobId: 'send-invoices' });
  expect(runs.map(({ outcome, scheduledAt }) => `${scheduledAt!.getUTCDay()} ${outcome}`)).toEqual([
    '0 failed',
    '6 failed',
    ...['5', '4', '3', '2', '1'].map((day) => `${day} succeeded`),
  ]);
  await scheduler.runNow('send-invoices');
  await clock.advance(0);
  expect((await scheduler.getRuns({ limit: 1 }))[0]).toMatchObject({
    outcome: 'succeeded',
    scheduledAt: null,
  });
});

describe.each(['express', 'fastify'] as const)('handlers of an application on %s', (http) => {
  it('are called through the enhancers of their method and class, made by Nest', async () => {
    @Injectable()
    @UseGuards(RolesGuard)
    class Tasks {
      @Interval('1s', { id: 'tick', payload: { amount: 21 } })
      @Roles('operator')
      @UseInterceptors(Around)
      @UsePipes(Doubled)
      tick(run: RunContext<{ amount: number }>): string {
        say(`handler ${run.payload.amount} ${SchedulerService.currentRun() === run}`);
        return 'done';
      }

      @JobHandler('send')
      @UsePipes(new Doubled())
      async send({ payload }: RunContext<{ amount: number }>): Promise<number> {
        return payload.amount;
      }
    }
    heard();
    const test = await startApp({ providers: [Tasks, Voice], http });
    await test.clock.advance(1_000);
    expect(heard()).toEqual([
      'guard of Tasks.tick for operator',
      'before tick #1',
      'pipe of a body: {"amount":21}',
      'handler 42 true',
      'after',
    ]);
    expect(await lastRun(test, 'tick')).toMatchObject({
      outcome: 'succeeded',
      result: { kept: true, value: '<done>' },
    });

    await test.scheduler.addJob({
      id: 'mail',
      trigger: every('1h'),
      handler: 'send',
      payload: { amount: 4 },
    });
    await test.scheduler.runNow('mail');
    await test.clock.advance(0);
    expect(await lastRun(test, 'mail')).toMatchObject({ result: { value: 8 } });
    expect(heard()[0]).toBe('guard of Tasks.send for undefined');
    expect((await test.scheduler.getJob('mail'))!.payload).toEqual({ amount: 4 });
  });

  it('leave global enhancers to HTTP unless these are asked for', async () => {
    @Injectable()
    class Token implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        say(`token of ${context.getType()}`);
        return runOf(context) !== null || context.switchToHttp().getRequest().headers.token === 'yes';
      }
    }
    @Controller('pages')
    class Pages {
      @Get()
      page(): string {
        return 'page';
      }
      @Interval('1s', { id: 'tick' })
      tick(): string {
        return 'done';
      }
    }
    for (const global of [false, true]) {
      heard();
      const options = { enhancers: { global } };
      const providers = [{ provide: APP_GUARD, useClass: Token }];
      const { app, clock, scheduler } = await startApp({ controllers: [Pages], providers, options, http });
      await clock.advance(1_000);
      expect(heard()).toEqual(global ? [`token of ${RUN_CONTEXT_TYPE}`] : []);
      expect(await scheduler.getRuns()).toMatchObject([{ outcome: 'succeeded' }]);
      expect(await statusOf(app as NestFastifyApplication, http, '/pages')).toBe(403);
      expect(heard()).toEqual(['token of http']);
    }
  });
});

describe('a handler without enhancers', () => {
  it('starts within the call that asks for it, and one that has some does not', async () => {
    @Injectable()
    class Plain {
      @Cron('0 0 1 1 *', { id: 'plain' })
      run(): void {
        say('plain');
      }
    }
    @Injectable()
    class Guarded {
      @Cron('0 0 1 1 *', { id: 'guarded' })
      @UseGuards({ canActivate: () => true })
      run(): void {
        say('guarded');
      }
    }
    const { scheduler, clock } = await startApp({ providers: [Plain, Guarded] });
    heard();
    // Both verbs answer at once up to the handler: no promise has had its turn yet.
    void scheduler.runNow('plain');
    void scheduler.runNow('guarded');
    expect(heard()).toEqual(['plain']);
    await clock.advance(0);
    expect(heard()).toEqual(['guarded']);
  });
});

describe('a guard that says no', () => {
  it('fails the run with a ForbiddenException that names it, without another attempt', async () => {
    class Closed implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Injectable()
    class Tasks {
      @Interval('1m', { id: 'tick', retry: 3 })
      @UseGuards(new Closed())
      tick(): void {
        say('called');
      }
    }
    heard();
    const logged = vi.spyOn(Logger.prototype, 'error');
    const test = await startApp({ providers: [Tasks] });
    const errors: unknown[] = [];
    test.scheduler.errors$.subscribe((event) => errors.push(event.error));
    await test.clock.advance(119_000);
    expect(heard()).toEqual([]);
    expect(errors).toEqual([expect.any(ForbiddenException)]);
    expect(await test.scheduler.getRuns()).toMatchObject([
      { outcome: 'failed', attempt: 1, error: { message: 'The guard Closed refused the run.' } },
    ]);
    // One line, ours: Nest's own handler of errors is not asked.
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });

  it('is tried again like any failure when it throws', async () => {
    const guard = {
      canActivate: (context: ExecutionContext): boolean => {
        if (runOf(context)!.attempt === 1) throw new Error('the directory does not answer');
        return true;
      },
    };
    @Injectable()
    class Tasks {
      @Interval('1m', { id: 'tick', retry: { attempts: 2, delay: '1s' } })
      @UseGuards(guard)
      tick(): string {
        return 'done';
      }
    }
    const test = await startApp({ providers: [Tasks] });
    await test.clock.advance(70_000);
    expect(await lastRun(test, 'tick')).toMatchObject({ outcome: 'succeeded', attempt: 2 });
  });

  it('may be a filter to decide about', async () => {
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'tick' })
      @UseGuards({ canActivate: () => Promise.resolve(false) })
      @UseFilters(Forgives)
      tick(): void {}
    }
    const test = await startApp({ providers: [Tasks] });
    await test.clock.advance(1_000);
    expect(await lastRun(test, 'tick')).toMatchObject({
      outcome: 'succeeded',
      result: { value: 'forgiven' },
    });
  });
});

describe('a filter', () => {
  const failing = (filter: ExceptionFilter): new () => object => {
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'tick' })
      @UseFilters(filter)
      tick(): void {
        throw new Error('no paper');
      }
    }
    return Tasks;
  };

  it.each([
    ['answers nothing', { catch: () => undefined }],
    ['answers nothing later', { catch: async () => {} }],
    ['answers an empty stream', { catch: () => EMPTY }],
  ])('leaves the error as it is when it %s', async (_, filter) => {
    const test = await startApp({ providers: [failing(all(filter))] });
    await test.clock.advance(1_000);
    expect(await lastRun(test, 'tick')).toMatchObject({ outcome: 'failed', error: { message: 'no paper' } });
  });

  it('sees the error and the run', async () => {
    heard();
    const test = await startApp({ providers: [failing(new Sees())] });
    await test.clock.advance(1_000);
    expect(heard()).toEqual(['filter: tick no paper']);
    expect(await lastRun(test, 'tick')).toMatchObject({ outcome: 'failed' });
  });

  it('gives the result when it answers, and another error when it throws', async () => {
    const answers = await startApp({ providers: [failing(all({ catch: () => of('one', 'two') }))] });
    await answers.clock.advance(1_000);
    expect(await lastRun(answers, 'tick')).toMatchObject({ outcome: 'succeeded', result: { value: 'two' } });
    const translates = (error: Error): never => {
      throw new Error('the printer is out of order', { cause: error });
    };
    const throws = await startApp({ providers: [failing(all({ catch: translates }))] });
    await throws.clock.advance(1_000);
    expect(await lastRun(throws, 'tick')).toMatchObject({
      error: { message: 'the printer is out of order' },
    });
  });
});

/** A filter of every error. */
function all(filter: ExceptionFilter): ExceptionFilter {
  @Catch()
  class All implements ExceptionFilter {
    catch(...args: [unknown, ArgumentsHost]): unknown {
      return filter.catch(...args);
    }
  }
  return new All();
}

describe('an interceptor', () => {
  const around = (change: (results: Observable<unknown>) => Observable<unknown>): NestInterceptor => ({
    intercept: (_, next) => change(next.handle()),
  });
  it.each([
    ['the last value', around((results) => concat(results, of('last'))), 'last'],
    ['nothing of an empty stream', around(() => EMPTY), undefined],
  ])('makes %s the result', async (_, interceptor, value) => {
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'tick' })
      @UseInterceptors(interceptor)
      tick(): string {
        return 'first';
      }
    }
    const test = await startApp({ providers: [Tasks] });
    const results: unknown[] = [];
    test.scheduler.on('run.succeeded').subscribe(({ result }) => results.push(result));
    await test.clock.advance(1_000);
    expect(results).toEqual([value]);
  });

  it('is aborted and timed out with its handler, whose place is held until it settles', async () => {
    let release = (): void => {};
    const signals: AbortSignal[] = [];
    @Injectable()
    class Tasks {
      @Interval('10s', { id: 'tick', timeout: '1s' })
      @UseInterceptors(around((results) => results))
      tick({ signal }: RunContext): Promise<void> {
        signals.push(signal);
        return new Promise((resolve) => (release = resolve));
      }
    }
    const test = await startApp({ providers: [Tasks] });
    await test.clock.advance(11_000);
    expect(signals[0]!.aborted).toBe(true);
    expect(await lastRun(test, 'tick')).toMatchObject({ outcome: 'timedOut' });
    await test.clock.advance(9_000);
    expect(await lastRun(test, 'tick')).toMatchObject({ outcome: 'skipped', reason: 'overlap' });
    release();
    await test.clock.advance(10_000);
    expect(signals).toHaveLength(2);
  });
});

describe('pipes', () => {
  class Order {
    @IsInt()
    amount!: number;
  }
  it('get the payload that its class has checked, and fail the attempt when they throw', async () => {
    const seen: unknown[] = [];
    const definition = defineHandler('order', Order);
    const small: PipeTransform = {
      transform: (order: Order) => {
        seen.push(order);
        if (order.amount > 9) throw new Error('too many');
        return order;
      },
    };
    @Injectable()
    class Orders {
      @JobHandler(definition)
      @UsePipes(new ValidationPipe(), small)
      take({ payload }: RunContext<Order>): number {
        return payload.amount;
      }
    }
    const test = await startApp({ providers: [Orders] });
    const job = { trigger: every('1h'), handler: definition };
    await test.scheduler.addJob({ ...job, id: 'small', payload: { amount: 1 } });
    await test.scheduler.addJob({ ...job, id: 'large', payload: { amount: 10 } });
    await test.clock.advance(3_600_000);
    await test.clock.settle();
    expect(seen).toEqual([expect.any(Order), expect.any(Order)]);
    expect(await lastRun(test, 'small')).toMatchObject({ outcome: 'succeeded', result: { value: 1 } });
    expect(await lastRun(test, 'large')).toMatchObject({ outcome: 'failed', error: { message: 'too many' } });
  });

  it('stand before parameters made by createParamDecorator, too', async () => {
    const Attempt = createParamDecorator((_: unknown, context: ExecutionContext) => runOf(context)!.attempt);
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'with-run' })
      withRun(run: RunContext, @Attempt() attempt: number): string {
        return `${run.jobId} ${attempt}`;
      }
      @Interval('1s', { id: 'without' })
      without(@Attempt({ transform: (attempt: number) => attempt + 1 }) attempt: number): number {
        return attempt;
      }
    }
    const test = await startApp({ providers: [Tasks] });
    await test.clock.advance(1_000);
    expect(await lastRun(test, 'with-run')).toMatchObject({ result: { value: 'with-run 1' } });
    expect(await lastRun(test, 'without')).toMatchObject({ result: { value: 2 } });
  });
});

describe('scopes', () => {
  it('a request-scoped enhancer is made for each run, with the run as its REQUEST', async () => {
    const made: object[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class PerRun implements CanActivate {
      constructor(
        @Inject(REQUEST) private readonly request: RunContext,
        @Inject(Voice) private readonly voice: Voice,
      ) {
        made.push(this);
      }
      canActivate(context: ExecutionContext): boolean {
        this.voice.say(`guard of ${this.request.jobId} ${this.request === runOf(context)}`);
        return true;
      }
    }
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'tick' })
      @UseGuards(PerRun)
      tick(run: RunContext): void {
        say(`handler ${run.jobId} ${this instanceof Tasks}`);
      }
    }
    heard();
    const test = await startApp({ providers: [Tasks, Voice] });
    await test.clock.advance(1_000);
    await test.clock.advance(1_000);
    expect((await lastRun(test, 'tick')).error).toBeNull();
    expect(heard()).toEqual([
      'guard of tick true',
      'handler tick true',
      'guard of tick true',
      'handler tick true',
    ]);
    expect(made).toHaveLength(2);
  });

  it.each([
    ['a transient enhancer', Scope.TRANSIENT, Scope.DEFAULT],
    ['an enhancer of a request-scoped provider', Scope.DEFAULT, Scope.REQUEST],
    ['a transient enhancer of a request-scoped provider', Scope.TRANSIENT, Scope.REQUEST],
    ['an enhancer of a transient provider', Scope.DEFAULT, Scope.TRANSIENT],
  ])('%s is made before it is called', async (_, scope, ofProvider) => {
    @Injectable({ scope })
    class Guard implements CanActivate {
      constructor(@Inject(Voice) private readonly voice: Voice) {}
      canActivate(): boolean {
        this.voice.say('guard');
        return true;
      }
    }
    @Injectable({ scope: ofProvider })
    class Tasks {
      @Interval('1s', { id: 'tick' })
      @UseGuards(Guard)
      tick(): void {
        say('handler');
      }
    }
    heard();
    const test = await startApp({ providers: [Tasks, Voice] });
    await test.clock.advance(1_000);
    expect((await lastRun(test, 'tick')).error).toBeNull();
    expect(heard()).toEqual(['guard', 'handler']);
  });

  it('of one class in two modules each has its own enhancers, controllers too', async () => {
    const guardOf = (token: string): new () => CanActivate => {
      @Injectable()
      class Guard implements CanActivate {
        @Inject('NAME') readonly name!: string;
        canActivate(): boolean {
          say(`${token} ${this.name}`);
          return true;
        }
      }
      return Guard;
    };
    const Guard = guardOf('guard');
    @Controller()
    class Pages {
      @Interval('1s', { id: 'page' })
      @UseGuards(Guard)
      tick(): void {}
    }
    @Injectable()
    class Tasks {
      @Interval('1s', { id: 'task' })
      @UseGuards(Guard)
      tick(): void {}
    }
    @Module({ controllers: [Pages], providers: [{ provide: 'NAME', useValue: 'of pages' }] })
    class PagesModule {}
    @Module({ providers: [Tasks, { provide: 'NAME', useValue: 'of tasks' }] })
    class TasksModule {}
    heard();
    const { clock } = await startApp({ imports: [PagesModule, TasksModule] });
    await clock.advance(1_000);
    expect(heard().sort()).toEqual(['guard of pages', 'guard of tasks']);
  });
});

describe('enhancers that could not be called are an error of the start', () => {
  it('by class, on an object that Nest did not make', async () => {
    class Tasks {
      @Interval('1s')
      @UseGuards(RolesGuard)
      tick(): void {}
    }
    const { app } = await createApp({ providers: [Voice, { provide: 'TASKS', useValue: new Tasks() }] });
    expect(await rejection(app.init())).toMatchObject({
      code: 'INVALID_OPTIONS',
      message:
        '@Interval on Tasks.tick: The option "UseGuards" cannot be "RolesGuard". Nest makes it only for classes that ' +
        'are provided as such: provide the class of the job itself, or give an instance, @UseGuards(new RolesGuard()).',
    });
  });

  it('of all requests, when one is made for each', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest implements CanActivate {
      canActivate(): boolean {
        return true;
      }
    }
    const providers = [{ provide: APP_GUARD, useClass: PerRequest }];
    const { app } = await createApp({ providers, options: { enhancers: { global: true } } });
    expect(await rejection(app.init())).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringMatching(/^SchedulerModule: .*PerRequest is request-scoped/),
    });
    await startApp({ providers });
  });

  it.each([
    ['enhancers', { enhancers: true }],
    ['enhancers.global', { enhancers: { global: 'yes' } }],
    ['enhancers.local', { enhancers: { local: true } }],
  ])('and so is %s that cannot be', async (field, options) => {
    expect(await rejection(startApp({ options: options as never }))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field,
    });
  });
});

it('global interceptors, pipes and filters stand before handlers too, when asked for', async () => {
  @Injectable()
  class Tasks {
    @Interval('1s', { id: 'fails', payload: { amount: 1 } })
    fails({ payload }: RunContext<{ amount: number }>): never {
      throw new Error(`no ${payload.amount}`);
    }
  }
  heard();
  const test = await createApp({
    providers: [
      Tasks,
      Voice,
      { provide: APP_INTERCEPTOR, useClass: Around },
      { provide: APP_PIPE, useClass: Doubled },
      { provide: APP_FILTER, useClass: Sees },
    ],
    options: { enhancers: { global: true } },
  });
  // Added as late as Nest allows.
  test.app.useGlobalGuards({ canActivate: () => say('guard') > 0 });
  await test.app.init();
  await test.clock.advance(1_000);
  expect(heard()).toEqual(['guard', 'before fails #1', 'pipe of a body: {"amount":1}', 'filter: fails no 2']);
});

async function statusOf(
  app: NestFastifyApplication,
  http: 'express' | 'fastify',
  path: string,
): Promise<number> {
  if (http === 'fastify') return (await app.inject({ method: 'GET', url: path })).statusCode;
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}
