import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { SchedulerService } from '@carillon/scheduler';
import { TimeMachine } from '@carillon/scheduler/testing';
import { AppModule } from '../../apps/demo/src/app.module.js';
import { checkInput, describeApi } from '../../apps/demo/src/http.js';
import { Settings } from '../../apps/demo/src/settings.js';

export interface Answer {
  status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as they expect it
  body: any;
}

/** The demo on a free port, in a time that the test moves. */
export class DemoApp {
  private constructor(
    readonly app: INestApplication,
    readonly time: TimeMachine,
    readonly url: string,
  ) {}

  static async start(
    adapter: AbstractHttpAdapter,
    startAt = '2027-01-01T12:00:00Z',
    targets: Settings['targets'] = [],
  ) {
    const settings: Settings = { port: 0, timezone: 'Europe/Berlin', targets, store: undefined };
    // #region steer
    const time = new TimeMachine(startAt);
    const module = await time
      .steer(Test.createTestingModule({ imports: [AppModule] }))
      .overrideProvider(Settings)
      .useValue(settings)
      .compile();
    const app = module.createNestApplication(adapter, { logger: false });
    // #endregion
    checkInput(app);
    // On Fastify the page of the docs needs one more package.
    if (adapter.getType() === 'express') describeApi(app);
    await app.listen(0);
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new DemoApp(app, time, `http://127.0.0.1:${port}`);
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

  /** The results of a job's runs, as the history keeps them. */
  async resultsOf(jobId: string): Promise<unknown[]> {
    const runs = await this.time.runsOf(jobId);
    return runs.map(({ result }) => (result?.kept ? result.value : result));
  }

  /** The checks ask over HTTP, in real time: a test that travels far does without them. */
  async holdChecks(...ids: string[]): Promise<void> {
    for (const id of ids) await this.app.get(SchedulerService).pauseJob(id);
  }
}
