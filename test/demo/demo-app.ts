import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { filter, firstValueFrom } from 'rxjs';
import {
  SCHEDULER_CLOCK,
  SchedulerService,
  type SchedulerEventOf,
  type SchedulerEventType,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { AppModule } from '../../apps/demo/src/app.module.js';
import { checkInput, describeApi } from '../../apps/demo/src/http.js';
import { Settings } from '../../apps/demo/src/settings.js';

export interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they expect it
  body: any;
}

/** The demo on a free port, with a clock that the test moves. */
export class DemoApp {
  private constructor(
    readonly app: INestApplication,
    readonly clock: ManualClock,
    readonly url: string,
  ) {}

  static async start(
    adapter: AbstractHttpAdapter,
    startAt = '2027-01-01T12:00:00Z',
    targets: Settings['targets'] = [],
  ) {
    const clock = new ManualClock(startAt);
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(Settings)
      .useValue({ port: 0, timezone: 'Europe/Berlin', targets })
      .overrideProvider(SCHEDULER_CLOCK)
      .useValue(clock)
      .compile();
    const app = module.createNestApplication(adapter, { logger: false });
    checkInput(app);
    // On Fastify the page of the docs needs one more package.
    if (adapter.getType() === 'express') describeApi(app);
    await app.listen(0);
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new DemoApp(app, clock, `http://127.0.0.1:${port}`);
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const sent =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(this.url + path, { method, ...sent });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.request('POST', path, body);
  }

  delete(path: string): Promise<Answer> {
    return this.request('DELETE', path);
  }

  /** The next event of this type about the job. Ask before what causes it. */
  next<T extends SchedulerEventType>(type: T, jobId: string): Promise<SchedulerEventOf<T>> {
    const events = this.app.get(SchedulerService).on(type);
    return firstValueFrom(events.pipe(filter((event) => 'jobId' in event && event.jobId === jobId)));
  }

  /** Moves the clock, and waits for the event that this leads to. */
  async advanceTo<T extends SchedulerEventType>(
    ms: number,
    type: T,
    jobId: string,
  ): Promise<SchedulerEventOf<T>> {
    const event = this.next(type, jobId);
    await this.clock.advance(ms);
    return event;
  }

  /** Asks for a run by hand, and waits for the event that this leads to. */
  async run<T extends SchedulerEventType>(
    jobId: string,
    type: T,
    body?: unknown,
  ): Promise<SchedulerEventOf<T>> {
    const event = this.next(type, jobId);
    const { status } = await this.post(`/jobs/${jobId}/run`, body);
    if (status !== 202) throw new Error(`The run of ${jobId} was answered with ${status}.`);
    await this.clock.advance(1);
    return event;
  }

  /** Checks answer in real time, so a test that moves the clock far holds them. */
  async holdChecks(...ids: string[]): Promise<void> {
    for (const id of ids) await this.app.get(SchedulerService).pauseJob(id);
  }
}
