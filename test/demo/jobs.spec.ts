import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DemoApp } from './demo-app.js';

let demo: DemoApp;
beforeEach(async () => {
  demo = await DemoApp.start(new ExpressAdapter());
});
afterEach(async () => {
  await demo.app.close();
});

describe.each([
  { name: 'Express', adapter: () => new ExpressAdapter() },
  { name: 'Fastify', adapter: () => new FastifyAdapter() },
])('the demo on $name', ({ adapter }) => {
  let here: DemoApp;
  beforeEach(async () => {
    here = await DemoApp.start(adapter());
  });
  afterEach(async () => {
    await here.app.close();
  });

  it('adds a job with POST /schedule and answers 409 to the same name again', async () => {
    const first = await here.post('/schedule', { task_name: 'ping', interval: 30 });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({
      id: 'ping',
      state: 'active',
      origin: 'added',
      nextDueAt: '2027-01-01T12:00:30.000Z',
    });
    const again = await here.post('/schedule', { task_name: 'ping', interval: 30 });
    expect(again).toMatchObject({
      status: 409,
      body: { statusCode: 409, message: expect.stringContaining('"ping"') },
    });
  });

  it('takes a reminder, pauses, resumes and runs it, and forgets it', async () => {
    const reminder = { id: 'certificate', cron: '0 9 * * MON-FRI', payload: { message: 'Renew it' } };
    expect((await here.post('/reminders', reminder)).status).toBe(201);
    expect((await here.post('/jobs/certificate/pause', { note: 'holidays' })).body).toMatchObject({
      state: 'paused',
      nextDueAt: null,
      pause: { note: 'holidays' },
    });
    expect((await here.post('/jobs/certificate/resume')).body).toMatchObject({
      state: 'active',
      pause: null,
    });
    expect((await here.post('/jobs/certificate/run')).status).toBe(202);
    await here.time.drain();
    expect(await here.resultsOf('certificate')).toEqual(['reminded everybody: Renew it']);
    expect((await here.get('/jobs/certificate/runs')).body).toMatchObject([
      { outcome: 'succeeded', scheduledAt: null },
    ]);
    expect(await here.delete('/jobs/certificate')).toEqual({ status: 204, body: null });
    expect((await here.get('/jobs/certificate')).status).toBe(404);
  });

  it('names the field of bad input', async () => {
    const { status, body } = await here.post('/schedule', { task_name: 'ping', interval: -1 });
    expect(status).toBe(400);
    expect(body.message).toEqual(['interval must not be less than 1']);
  });
});

describe('/docs', () => {
  it('describes every endpoint', async () => {
    expect((await fetch(`${demo.url}/docs`)).status).toBe(200);
    const { body } = await demo.get('/docs-json');
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/flaky',
      '/health',
      '/jobs',
      '/jobs/{id}',
      '/jobs/{id}/pause',
      '/jobs/{id}/resume',
      '/jobs/{id}/run',
      '/jobs/{id}/runs',
      '/reminders',
      '/reports/latest',
      '/samples',
      '/schedule',
    ]);
  });
});

describe('GET /jobs', () => {
  it('lists the declared jobs with their triggers and next due instants', async () => {
    const { status, body } = await demo.get('/jobs');
    expect(status).toBe(200);
    const byId = Object.fromEntries(body.map((job: any) => [job.id, job]));
    expect(Object.keys(byId).toSorted()).toEqual([
      'check-flaky',
      'check-targets',
      'daily-report',
      'purge-samples',
    ]);
    expect(byId['daily-report']).toMatchObject({
      trigger: 'cron "5 0 * * *" in Europe/Berlin',
      triggerJson: { type: 'cron', expression: '5 0 * * *', timezone: 'Europe/Berlin' },
      origin: 'declared',
      state: 'active',
      nextDueAt: '2027-01-01T23:05:00.000Z',
    });
  });
});

describe('POST /schedule', () => {
  it('runs the job each interval', async () => {
    await demo.holdChecks('check-targets', 'check-flaky');
    await demo.post('/schedule', { task_name: 'ping', interval: 30 });
    await demo.time.advance('1m');
    expect(await demo.resultsOf('ping')).toEqual(['ping done', 'ping done']);
    const { body } = await demo.get('/jobs/ping');
    expect(body).toMatchObject({ runsStarted: 2, nextDueAt: '2027-01-01T12:01:30.000Z' });
  });

  it.each([
    ['task_name', { interval: 30 }],
    ['task_name', { task_name: '', interval: 30 }],
    ['task_name', { task_name: 7, interval: 30 }],
    ['interval', { task_name: 'ping' }],
    ['interval', { task_name: 'ping', interval: 0 }],
    ['interval', { task_name: 'ping', interval: '30' }],
    ['interval', { task_name: 'ping', interval: 1e300 }],
    ['colour', { task_name: 'ping', interval: 30, colour: 'red' }],
  ])('names %s in its 400 to %o', async (field, body) => {
    const answer = await demo.post('/schedule', body);
    expect(answer.status).toBe(400);
    expect(answer.body.message.join('\n')).toContain(field);
    expect((await demo.get('/jobs/ping')).status).toBe(404);
  });
});

describe('POST /reminders', () => {
  const payload = { message: 'Stand-up', to: 'ops@example.org' };

  it.each([
    [{ cron: '0 9 * * MON-FRI' }, '2027-01-04T08:00:00.000Z'],
    [{ cron: '0 9 * * MON-FRI', timezone: 'America/New_York' }, '2027-01-01T14:00:00.000Z'],
    [{ interval: '15m' }, '2027-01-01T12:15:00.000Z'],
    [{ interval: 90, cron: null }, '2027-01-01T12:01:30.000Z'],
    [{ date: '2027-03-28T09:00:00+02:00' }, '2027-03-28T07:00:00.000Z'],
  ])('takes %o', async (when, nextDueAt) => {
    const { status, body } = await demo.post('/reminders', { ...when, payload });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: expect.any(String), nextDueAt, payload, handler: 'send-reminder' });
  });

  it('sends a reminder whose date has passed at once', async () => {
    await demo.post('/reminders', { id: 'late', date: '2026-12-24T18:00:00Z', payload });
    await demo.time.drain();
    expect(await demo.resultsOf('late')).toEqual(['reminded ops@example.org: Stand-up']);
    expect((await demo.get('/jobs/late')).body).toMatchObject({ state: 'finished', nextDueAt: null });
  });

  it.each([
    [400, 'exactly one of cron, interval and date', { payload }],
    [400, 'cron and interval', { cron: '* * * * *', interval: '5m', payload }],
    [400, 'timezone', { interval: '5m', timezone: 'Europe/Berlin', payload }],
    [400, 'cron', { cron: 5, payload }],
    [400, 'interval', { interval: 'soon', payload }],
    [400, 'interval', { interval: -5, payload }],
    [400, 'interval', { interval: true, payload }],
    [400, 'interval', { interval: 0, payload }],
    [400, 'interval', { interval: '5m5m', payload }],
    [400, 'date', { date: 'tomorrow', payload }],
    [400, 'date', { date: '2027-03-28T09:00:00', payload }],
    [400, 'date', { date: '2027-W12', payload }],
    [400, 'date', { date: 5, payload }],
    [400, 'date', { date: '2027-02-30T09:00:00Z', payload }],
    [400, 'payload', { interval: '5m' }],
    [400, 'payload', { interval: '5m', payload: 'Stand-up' }],
    [400, 'payload.message', { interval: '5m', payload: {} }],
    [400, 'payload.to', { interval: '5m', payload: { message: 'Stand-up', to: 'ops' } }],
    [400, 'cc', { interval: '5m', payload: { message: 'Stand-up', cc: 'x' } }],
    [422, 'minute', { cron: '99 * * * *', payload }],
    [422, 'cron', { cron: '', payload }],
    [422, 'day', { cron: '0 0 30 2 *', payload }],
    [422, 'timezone', { cron: '* * * * *', timezone: 'Europe/Nowhere', payload }],
    [409, 'check-flaky', { id: 'check-flaky', interval: '5m', payload }],
  ])('answers %i and names %s', async (status, named, body) => {
    const before = (await demo.get('/jobs')).body.length;
    const answer = await demo.post('/reminders', body);
    expect(answer.status).toBe(status);
    expect([answer.body.message].flat().join('\n')).toContain(named);
    expect((await demo.get('/jobs')).body).toHaveLength(before);
  });
});

describe('/jobs/:id', () => {
  it.each([
    ['GET', '/jobs/nobody'],
    ['GET', '/jobs/nobody/runs'],
    ['POST', '/jobs/nobody/pause'],
    ['POST', '/jobs/nobody/resume'],
    ['POST', '/jobs/nobody/run'],
    ['DELETE', '/jobs/nobody'],
  ])('%s %s of an unknown id is a 404 that names it', async (method, path) => {
    const { status, body } = await demo.request(method, path);
    expect(status).toBe(404);
    expect(body.message).toContain('"nobody"');
  });

  it('does not delete a declared job, and says what to do', async () => {
    const { status, body } = await demo.delete('/jobs/daily-report');
    expect(status).toBe(409);
    expect(body.message).toContain('Pause it');
    expect((await demo.get('/jobs/daily-report')).status).toBe(200);
  });

  it('skips the ticks of a pause and goes on when it ends', async () => {
    await demo.holdChecks('check-targets', 'check-flaky');
    await demo.post('/schedule', { task_name: 'ping', interval: 30 });
    const until = '2027-01-01T12:02:10.000Z';
    const paused = await demo.post('/jobs/ping/pause', { note: 'the target moves', by: 'ana', until });
    expect(paused.body.pause).toEqual({
      note: 'the target moves',
      by: 'ana',
      at: '2027-01-01T12:00:00.000Z',
      until,
    });
    await demo.time.advance('150s');
    const runs = (await demo.get('/jobs/ping/runs')).body;
    expect(runs.map(({ outcome, reason, count }: any) => ({ outcome, reason, count }))).toEqual([
      { outcome: 'succeeded', reason: null, count: 1 },
      { outcome: 'skipped', reason: 'paused', count: 4 },
    ]);
  });

  it.each([
    ['until', { until: 'soon' }],
    ['until', { until: '2020-01-01T00:00:00Z' }],
    ['note', { note: 5 }],
    ['why', { why: 'because' }],
  ])('names %s in its 400 to a pause with %o', async (field, body) => {
    const answer = await demo.post('/jobs/daily-report/pause', body);
    expect(answer.status).toBe(400);
    expect([answer.body.message].flat().join('\n')).toContain(field);
  });

  it('runs with another payload, which is checked', async () => {
    await demo.post('/reminders', { id: 'r', interval: '1h', payload: { message: 'Stand-up' } });
    expect((await demo.post('/jobs/r/run', { payload: { message: 'Now' } })).status).toBe(202);
    await demo.time.drain();
    expect(await demo.resultsOf('r')).toEqual(['reminded everybody: Now']);
    const refused = await demo.post('/jobs/r/run', { payload: { message: 5 } });
    expect(refused.status).toBe(400);
    expect(refused.body.message).toContain('payload.message');
  });
});

describe('GET /jobs/:id/runs', () => {
  beforeEach(async () => {
    await demo.holdChecks('check-targets', 'check-flaky');
    await demo.post('/schedule', { task_name: 'ping', interval: 30 });
    await demo.time.advance('150s');
  });

  it('pages, newest first', async () => {
    const all = (await demo.get('/jobs/ping/runs')).body;
    expect(all.map((run: any) => run.scheduledAt)).toEqual([
      '2027-01-01T12:02:30.000Z',
      '2027-01-01T12:02:00.000Z',
      '2027-01-01T12:01:30.000Z',
      '2027-01-01T12:01:00.000Z',
      '2027-01-01T12:00:30.000Z',
    ]);
    const first = (await demo.get('/jobs/ping/runs?limit=2')).body;
    const second = (await demo.get(`/jobs/ping/runs?limit=2&after=${first[1].id}`)).body;
    const third = (await demo.get(`/jobs/ping/runs?limit=2&after=${second[1].id}`)).body;
    expect([...first, ...second, ...third]).toEqual(all);
  });

  it('selects by outcome', async () => {
    expect((await demo.get('/jobs/ping/runs?outcome=succeeded')).body).toHaveLength(5);
    expect((await demo.get('/jobs/ping/runs?outcome=failed')).body).toEqual([]);
  });

  it.each([
    ['limit', 'limit=0'],
    ['limit', 'limit=many'],
    ['outcome', 'outcome=good'],
    ['page', 'page=2'],
    ['after', 'after=nothing'],
  ])('names %s in its 400 to ?%s', async (field, query) => {
    const { status, body } = await demo.get(`/jobs/ping/runs?${query}`);
    expect(status).toBe(400);
    expect([body.message].flat().join('\n')).toContain(field);
  });
});
