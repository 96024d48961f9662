import { Controller, Get, HttpException, Inject, Logger, Param } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  cron,
  every,
  JobNotFoundError,
  SchedulerError,
  SchedulerNotRunningError,
  SchedulerService,
} from '@carillon/scheduler';
import { startApp } from './testing-app.js';

@Controller('faults')
class Faults {
  constructor(@Inject(SchedulerService) private readonly scheduler: SchedulerService) {}

  @Get(':kind')
  async raise(@Param('kind') kind: string): Promise<unknown> {
    const handler = (): void => {};
    switch (kind) {
      case 'unknown-job':
        return this.scheduler.runNow('nobody');
      case 'taken':
        await this.scheduler.addJob({ id: 'a', trigger: every('1h'), handler });
        return this.scheduler.addJob({ id: 'a', trigger: every('1h'), handler });
      case 'option':
        return this.scheduler.addJob({ trigger: every('1h'), handler, coalesce: 'some' as never });
      case 'function':
        return this.scheduler.addJob({ trigger: every('1h'), handler, coalesce: handler as never });
      case 'expression':
        return this.scheduler.addJob({ trigger: cron('0 25 * * *'), handler });
      case 'stopping':
        throw new SchedulerNotRunningError('stopping');
      default:
        throw new Error('unheard of');
    }
  }
}

describe.each(['express', 'fastify'] as const)('on %s', (http) => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    [
      'unknown-job',
      404,
      'No job has the id "nobody". List the ids with scheduler.getJobs().',
      { code: 'JOB_NOT_FOUND', jobId: 'nobody' },
    ],
    [
      'taken',
      409,
      expect.stringContaining('A job with the id "a" exists.'),
      { code: 'JOB_ID_TAKEN', jobId: 'a', places: [] },
    ],
    [
      'option',
      400,
      expect.stringContaining('The option "coalesce" cannot be "some".'),
      { code: 'INVALID_OPTIONS', field: 'coalesce', value: 'some' },
    ],
    [
      'function',
      400,
      expect.stringContaining('The option "coalesce" cannot be a function.'),
      { code: 'INVALID_OPTIONS', field: 'coalesce' },
    ],
    [
      'expression',
      422,
      expect.stringContaining('"hour"'),
      {
        code: 'INVALID_CRON',
        reason: 'OUT_OF_RANGE',
        expression: '0 25 * * *',
        field: 'hour',
        text: '25',
        position: 2,
        expected: '0-23',
      },
    ],
    [
      'stopping',
      503,
      expect.stringContaining('shutting down'),
      { code: 'SCHEDULER_NOT_RUNNING', phase: 'stopping' },
    ],
  ])(
    '%s is answered with %i, its message, code and fields, and is no line of the log',
    async (kind, statusCode, message, fields) => {
      const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
      const { app } = await startApp({ controllers: [Faults], http });
      const answer = await get(app as NestFastifyApplication, http, `/faults/${kind}`);
      expect(answer).toEqual({ status: statusCode, body: { statusCode, message, ...fields } });
      expect(logged).not.toHaveBeenCalled();
    },
  );

  it('leaves other errors as they were', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    const { app } = await startApp({ controllers: [Faults], http });
    expect((await get(app as NestFastifyApplication, http, '/faults/other')).status).toBe(500);
    expect(logged).toHaveBeenCalledOnce();
  });
});

it('is an exception of Nest, and still a SchedulerError', async () => {
  await startApp();
  const error = new JobNotFoundError('a');
  expect(error).toBeInstanceOf(SchedulerError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toBeInstanceOf(HttpException);
  expect(error).toMatchObject({ name: 'JobNotFoundError', status: 404, statusCode: 404, expose: true });
});

async function get(
  app: NestFastifyApplication,
  http: 'express' | 'fastify',
  path: string,
): Promise<{ status: number; body: unknown }> {
  if (http === 'fastify') {
    const { statusCode, body } = await app.inject({ method: 'GET', url: path });
    return { status: statusCode, body: JSON.parse(body) };
  }
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.json() };
}
