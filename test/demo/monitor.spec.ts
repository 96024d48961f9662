import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExpressAdapter } from '@nestjs/platform-express';
import { afterEach, describe, expect, it } from 'vitest';
import { SamplesRepository } from '../../apps/demo/src/samples/samples.repository.js';
import { DemoApp } from './demo-app.js';

let demo: DemoApp;
let server: Server | null = null;
afterEach(async () => {
  await demo.app.close();
  server?.close();
  server = null;
});

describe('the checks', () => {
  it('find the demo itself and the configured targets up or down', async () => {
    server = createServer((_request, response) => response.writeHead(500).end()).listen(0);
    const { port } = server.address() as AddressInfo;
    demo = await DemoApp.start(new ExpressAdapter(), '2027-01-01T12:00:00Z', [
      { name: 'broken', url: `http://127.0.0.1:${port}` },
      { name: 'nobody', url: 'http://127.0.0.1:1' },
    ]);
    await demo.time.advance('5s');
    const { body } = await demo.get('/samples');
    expect(Object.fromEntries(body.map((sample: any) => [sample.target, sample]))).toMatchObject({
      health: { up: true, status: 200, at: '2027-01-01T12:00:05.000Z', attempt: 1, error: null },
      broken: { up: false, status: 500, error: null },
      nobody: { up: false, status: null, error: expect.any(String) },
    });
    expect((await demo.get('/samples?target=broken&limit=1')).body).toHaveLength(1);
    expect((await demo.get('/samples?limit=none')).body.message.join()).toContain('limit');
  });

  it('try the flaky target again after a failure, and give it up when it is too slow', async () => {
    demo = await DemoApp.start(new ExpressAdapter());
    await demo.holdChecks('check-targets');
    // #region retry
    await demo.time.advance('14s');
    const [first, second] = await demo.time.runsOf('check-flaky');
    expect(first).toMatchObject({ outcome: 'succeeded', attempt: 1 });
    // It failed at 12:00:14, and waits for its second attempt half a second later.
    expect(second).toMatchObject({ outcome: null, state: 'waiting', attempt: 1 });

    await demo.time.advance('500ms');
    const [, retried] = await demo.time.runsOf('check-flaky');
    expect(retried).toMatchObject({
      outcome: 'succeeded',
      attempts: [
        { result: 'failed', error: { message: expect.stringContaining('503') } },
        { result: 'succeeded', startedAt: new Date('2027-01-01T12:00:14.500Z') },
      ],
    });
    // #endregion

    // The next answer would take longer than the two seconds that the check has.
    await demo.time.advance('8500ms');
    const [, , third] = await demo.time.runsOf('check-flaky');
    expect(third).toMatchObject({
      state: 'waiting',
      attempts: [{ result: 'timedOut', endedAt: new Date('2027-01-01T12:00:23Z') }],
    });
  });

  it('say how the demo is', async () => {
    demo = await DemoApp.start(new ExpressAdapter());
    expect(await demo.get('/health')).toEqual({
      status: 200,
      body: {
        status: 'ok',
        uptime: expect.any(Number),
        scheduler: { healthy: true, phase: 'running', paused: false, storeDownSince: null },
      },
    });
  });
});

describe('the daily report', () => {
  const sample = { up: true, status: 200, attempt: 1, error: null };

  it('is built at 00:05 in the configured zone, for the day that has ended', async () => {
    // The Sunday on which Berlin's clocks go forward, so that it has 23 hours: 27 March, 23:00Z to 28 March, 22:00Z.
    demo = await DemoApp.start(new ExpressAdapter(), '2027-03-28T21:59:00Z');
    await demo.holdChecks('check-targets', 'check-flaky');
    const samples = demo.app.get(SamplesRepository);
    samples.add({ ...sample, target: 'docs', at: new Date('2027-03-27T22:59:59Z'), durationMs: 900 });
    samples.add({ ...sample, target: 'docs', at: new Date('2027-03-27T23:00:00Z'), durationMs: 10 });
    samples.add({
      ...sample,
      target: 'docs',
      at: new Date('2027-03-28T21:59:59Z'),
      durationMs: 20,
      up: false,
    });
    samples.add({ ...sample, target: 'docs', at: new Date('2027-03-28T22:00:00Z'), durationMs: 900 });

    // #region travel
    await demo.time.travelTo('2027-03-28T22:04:59Z');
    expect((await demo.get('/reports/latest')).status).toBe(404);
    await demo.time.travelTo('2027-03-28T22:05:00Z');
    expect((await demo.get('/reports/latest')).body).toEqual({
      day: '2027-03-28',
      timezone: 'Europe/Berlin',
      targets: [{ target: 'docs', checks: 2, upPercent: 50, meanMs: 15 }],
    });
    // #endregion
  });

  it('is built once a day, the whole year', async () => {
    demo = await DemoApp.start(new ExpressAdapter(), '2027-01-01T00:00:00Z');
    await demo.holdChecks('check-targets', 'check-flaky');
    // #region year
    await demo.time.travelTo('2028-01-01T00:00:00Z');
    const ticks = await demo.time.ticksOf('daily-report');
    expect(ticks).toHaveLength(365);
    expect(ticks.at(0)).toEqual(new Date('2027-01-01T23:05:00Z')); // winter: 00:05 at +01:00
    expect(ticks.at(180)).toEqual(new Date('2027-06-30T22:05:00Z')); // summer: 00:05 at +02:00
    // #endregion
  });

  it('and the purge are all that would run in an hour of the night without checks', async () => {
    demo = await DemoApp.start(new ExpressAdapter());
    await demo.holdChecks('check-targets', 'check-flaky');
    // #region would-run
    expect(await demo.time.wouldRun('2027-03-28T22:00:00Z', '2027-03-28T22:59:59Z')).toEqual([
      { jobId: 'purge-samples', scheduledAt: new Date('2027-03-28T22:00:00Z') },
      { jobId: 'daily-report', scheduledAt: new Date('2027-03-28T22:05:00Z') },
    ]);
    // #endregion
  });

  it('covers the day so far when it is asked for by hand', async () => {
    demo = await DemoApp.start(new ExpressAdapter());
    demo.app.get(SamplesRepository).add({ ...sample, target: 'docs', at: new Date(), durationMs: 10 });
    // #region perform-now
    const answer = await demo.time.performNow<string>('daily-report');
    expect(answer).toContain('in Europe/Berlin: 1 targets');
    // #endregion
    expect((await demo.get('/reports/latest')).body.targets).toMatchObject([{ target: 'docs', checks: 1 }]);
  });
});

describe('the purge', () => {
  it('forgets samples older than two days, each hour', async () => {
    demo = await DemoApp.start(new ExpressAdapter(), '2027-01-03T11:59:59Z');
    const samples = demo.app.get(SamplesRepository);
    for (const at of ['2027-01-01T11:59:59Z', '2027-01-01T12:00:00Z', '2027-01-03T11:00:00Z']) {
      samples.add({
        target: 'docs',
        at: new Date(at),
        up: true,
        status: 200,
        durationMs: 1,
        attempt: 1,
        error: null,
      });
    }
    await demo.time.advance('1s');
    expect(await demo.resultsOf('purge-samples')).toEqual(['1 samples purged']);
    expect(samples.all().map(({ at }) => at.toISOString())).toEqual([
      '2027-01-01T12:00:00.000Z',
      '2027-01-03T11:00:00.000Z',
    ]);
  });
});
