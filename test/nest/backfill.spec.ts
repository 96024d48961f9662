import { describe, expect, it } from 'vitest';
import { cron, every, type RunContext, type SchedulerService } from '@carillon/scheduler';
import { createApp, rejection, startApp, START } from './testing-app.js';

const startedAt = new Date(START).getTime();
const after = (ms: number): Date => new Date(startedAt + ms);
const HOUR = 3_600_000;

async function hourly() {
  const test = await startApp();
  const stoodFor: (string | null)[] = [];
  const handler = (run: RunContext): void =>
    void stoodFor.push(run.standsFor?.toISOString().slice(11, 16) ?? null);
  await test.scheduler.addJob({ id: 'report', trigger: cron('0 * * * *', { timezone: 'UTC' }), handler });
  return { ...test, stoodFor };
}

describe('backfill', () => {
  it('tells with dryRun how many runs it would make, and makes none', async () => {
    const { clock, scheduler, stoodFor } = await hourly();
    const span = { from: after(-3 * HOUR), to: after(0) };
    expect(await scheduler.backfill('report', { ...span, dryRun: true })).toEqual({ count: 4, leftOut: 0 });
    await clock.advance(1_000);
    expect(stoodFor).toEqual([]);
  });

  it('runs once for each instant, oldest first, and leaves out those that have run', async () => {
    const { clock, scheduler, stoodFor } = await hourly();
    const span = { from: after(-2 * HOUR), to: after(-1) };
    expect(await scheduler.backfill('report', span)).toEqual({ count: 2, leftOut: 0 });
    await clock.advance(1_000);
    expect(stoodFor).toEqual(['22:00', '23:00']);
    expect(await scheduler.getRuns({ jobId: 'report' })).toMatchObject([
      { scheduledAt: null, standsFor: after(-HOUR), outcome: 'succeeded' },
      { scheduledAt: null, standsFor: after(-2 * HOUR), outcome: 'succeeded' },
    ]);
    expect(await scheduler.backfill('report', { ...span, from: after(-3 * HOUR) })).toEqual({
      count: 1,
      leftOut: 2,
    });
    expect(await scheduler.backfill('report', { ...span, force: true })).toEqual({ count: 2, leftOut: 0 });
  });

  it('waits for the start, and is over with the drain; a dry run is not', async () => {
    const { app, scheduler } = await createApp();
    await scheduler.addJob({ id: 'report', trigger: cron('0 * * * *'), handler: () => {} });
    const span = { from: after(-HOUR), to: after(0) };
    const stopped = { code: 'SCHEDULER_NOT_RUNNING', statusCode: 503 };
    expect(await rejection(scheduler.backfill('report', span))).toMatchObject({
      ...stopped,
      phase: 'starting',
    });
    expect(await scheduler.backfill('report', { ...span, dryRun: true })).toEqual({ count: 2, leftOut: 0 });
    await app.init();
    await app.close();
    expect(await rejection(scheduler.backfill('report', span))).toMatchObject({
      ...stopped,
      phase: 'stopping',
    });
  });

  it('makes no run when there would be over 10,000, and says what to do', async () => {
    const { scheduler, clock } = await startApp();
    await scheduler.addJob({ id: 'second', trigger: cron('* * * * * *'), handler: () => {}, disabled: true });
    const span = { from: after(-10_000_000), to: after(0) };
    expect(await rejection(scheduler.backfill('second', span))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field: 'to',
      message: expect.stringContaining('more than 10000 instants'),
    });
    await clock.advance(1_000);
    expect(await scheduler.getRuns()).toEqual([]);
  });

  it('refuses an unknown job', async () => {
    const { scheduler } = await startApp();
    expect(await rejection(scheduler.backfill('nobody', { from: after(-1), to: after(0) }))).toMatchObject({
      code: 'JOB_NOT_FOUND',
      jobId: 'nobody',
    });
  });

  it.each<[string, Parameters<SchedulerService['backfill']>[1], string]>([
    ['from', { to: after(0) } as never, 'Give a valid Date'],
    ['to', { from: after(0), to: '2027-01-04' as never }, 'Give a valid Date'],
    ['to', { from: after(0), to: after(-1) }, 'not before from'],
    ['to', { from: after(0), to: after(1) }, 'not in the future'],
    ['dryRun', { from: after(-1), to: after(0), dryRun: 'yes' as never }, 'Give true or false'],
    ['force', { from: after(-1), to: after(0), force: 1 as never }, 'Give true or false'],
    ['most', { from: after(-1), to: after(0), most: 5 } as never, 'There is no option `most`.'],
    ['options', undefined as never, '{ from: new Date('],
  ])('refuses a bad "%s"', async (field, options, text) => {
    const { scheduler } = await startApp();
    await scheduler.addJob({ id: 'a', trigger: every('1h'), handler: () => {} });
    expect(await rejection(scheduler.backfill('a', options))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field,
      message: expect.stringContaining(text),
    });
  });
});
