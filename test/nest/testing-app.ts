import 'reflect-metadata';
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import { onTestFinished } from 'vitest';
import {
  SCHEDULER_CLOCK,
  SchedulerModule,
  type SchedulerOptions,
  SchedulerService,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';

/** A quiet instant: midnight UTC, so that cron ticks are easy to count. */
export const START = '2027-01-04T00:00:00Z';

export interface Line {
  level: 'log' | 'warn' | 'error' | 'debug';
  text: string;
  stack: string | undefined;
}

export interface TestApp {
  app: INestApplication;
  clock: ManualClock;
  scheduler: SchedulerService;
  /** Log lines of the scheduler. */
  lines: Line[];
}

export interface TestAppParts extends Pick<ModuleMetadata, 'imports' | 'providers' | 'controllers'> {
  options?: SchedulerOptions;
  http?: 'express' | 'fastify';
}

/** A module with the scheduler on a clock that stands still, not initialised yet. */
export async function compile({
  imports = [],
  providers,
  controllers,
  options,
}: TestAppParts): Promise<{ module: TestingModule; clock: ManualClock; lines: Line[] }> {
  const clock = new ManualClock(START);
  const { logger, lines } = recordingLogger();
  const module = await Test.createTestingModule({
    imports: [SchedulerModule.forRoot(options), ...imports],
    providers,
    controllers,
  })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .setLogger(logger)
    .compile();
  return { module, clock, lines };
}

/** An application that is not initialised yet; it is closed when the test ends. */
export async function createApp(parts: TestAppParts = {}): Promise<TestApp> {
  const { module, clock, lines } = await compile(parts);
  const app =
    parts.http === 'fastify'
      ? module.createNestApplication<NestFastifyApplication>(new FastifyAdapter())
      : module.createNestApplication();
  app.enableShutdownHooks();
  onTestFinished(async () => {
    const closed = app.close();
    // Handlers that never settle are given up after the drain.
    await clock.advance(20_000);
    await closed;
  });
  return { app, clock, scheduler: app.get(SchedulerService), lines };
}

/** A running application on Express, or on Fastify. */
export async function startApp(parts: TestAppParts = {}): Promise<TestApp> {
  const started = await createApp(parts);
  await started.app.init();
  return started;
}

export function recordingLogger(): { logger: LoggerService; lines: Line[] } {
  const lines: Line[] = [];
  const record =
    (level: Line['level']) =>
    (text: unknown, ...rest: unknown[]): void => {
      if (rest.at(-1) !== 'Scheduler') return;
      lines.push({
        level,
        text: String(text),
        stack: rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined,
      });
    };
  return {
    logger: { log: record('log'), warn: record('warn'), error: record('error'), debug: record('debug') },
    lines,
  };
}

/** The error that a promise is rejected with. */
export async function rejection<E = Error & { code: string; statusCode: number }>(
  promise: Promise<unknown>,
): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error('The promise was not rejected.');
}
