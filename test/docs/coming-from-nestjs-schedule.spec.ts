// The examples of docs/guides/coming-from-nestjs-schedule.md: compiled here, and run. quotes.spec.ts
// compares the regions with the guide.
import { Injectable, type Type } from '@nestjs/common';
import { CronExpression as PeerExpression } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  at,
  Cron,
  cron,
  CronExpression,
  Interval,
  SCHEDULER_CLOCK,
  SchedulerModule,
  SchedulerService,
  Timeout,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { fields, read, rows, section } from './pages.js';

// #region unchanged
@Injectable()
class TasksService {
  readonly done: string[] = [];

  @Cron(CronExpression.EVERY_10_SECONDS, { name: 'sync', timeZone: 'Europe/Berlin', threshold: 250 })
  async sync() {
    this.done.push('sync');
  }

  @Interval('heartbeat', 5000)
  heartbeat() {
    this.done.push('heartbeat');
  }

  @Timeout(3000)
  warmUp() {
    this.done.push('warm-up');
  }
}
// #endregion

@Injectable()
class PollingService {
  polls = 0;

  private async fetchNews(): Promise<void> {
    this.polls++;
    await new Promise(() => {});
  }

  // #region overlap
  @Cron(CronExpression.EVERY_SECOND, { waitForCompletion: false }) // the same as overlap: 'allow'
  async poll() {
    await this.fetchNews();
  }
  // #endregion

  skipped = 0;

  @Cron(CronExpression.EVERY_SECOND)
  async pollAlone(): Promise<void> {
    this.skipped++;
    await new Promise(() => {});
  }
}

async function start(
  provider: Type,
): Promise<{ clock: ManualClock; module: TestingModule; scheduler: SchedulerService }> {
  const clock = new ManualClock('2027-01-04T00:00:00Z');
  const module = await Test.createTestingModule({
    imports: [SchedulerModule.forRoot({ log: false })],
    providers: [provider],
  })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .compile();
  await module.init();
  onTestFinished(async () => {
    const closed = module.close();
    await clock.advance(20_000);
    await closed;
  });
  return { clock, module, scheduler: module.get(SchedulerService) };
}

describe('docs/guides/coming-from-nestjs-schedule.md', () => {
  it('runs the decorators as they are', async () => {
    const { clock, module } = await start(TasksService);
    await clock.advance(10_000);
    expect(module.get(TasksService).done.toSorted()).toEqual(['heartbeat', 'heartbeat', 'sync', 'warm-up']);
  });

  it('lets runs overlap where it says so, and only there', async () => {
    const { clock, module } = await start(PollingService);
    await clock.advance(3_000);
    const { polls, skipped } = module.get(PollingService);
    expect({ polls, skipped }).toEqual({ polls: 3, skipped: 1 });
  });

  it('has what the registry did', async () => {
    const { scheduler } = await start(TasksService);
    let backups = 0;
    const backup = () => {
      backups++;
    };
    // #region registry
    await scheduler.addJob({ id: 'nightly', trigger: cron('0 3 * * *'), handler: () => backup() });
    await scheduler.updateJob('nightly', { trigger: cron('30 3 * * *') });
    await scheduler.pauseJob('nightly', { note: 'the disk is being replaced' });
    await scheduler.resumeJob('nightly');
    await scheduler.runNow('nightly');
    const [lastRun] = await scheduler.getRuns({ jobId: 'nightly', limit: 1 });
    await scheduler.removeJob('nightly');
    // #endregion
    expect(backups).toBe(1);
    expect(lastRun).toMatchObject({ outcome: 'succeeded', scheduledAt: null });
    expect(await scheduler.getJob('nightly')).toBeNull();
  });

  it('names methods that exist', async () => {
    const replacements = rows(
      section(await read('docs/guides/coming-from-nestjs-schedule.md'), 'SchedulerRegistry'),
    );
    const calls = replacements.flatMap(([, here]) =>
      [...here!.matchAll(/(\w+)\(/g)].map(([, name]) => name!),
    );
    const known = new Set([
      ...Object.getOwnPropertyNames(SchedulerService.prototype),
      'cron',
      'every',
      'at',
      'after',
      'Date',
      'preview',
    ]);
    expect(calls.filter((name) => !known.has(name))).toEqual([]);
  });

  it('tells of failed and skipped runs', async () => {
    const { clock, scheduler } = await start(PollingService);
    const reports: string[] = [];
    const report = (jobId: string, what: unknown) => void reports.push(`${jobId}: ${String(what)}`);
    // #region errors
    scheduler.errors$.subscribe(({ jobId, error }) => report(jobId, error));
    scheduler.on('run.skipped').subscribe(({ jobId, count, reason }) => {
      report(jobId, `${count} skipped: ${reason}`);
    });
    // #endregion
    await scheduler.addJob({
      id: 'broken',
      trigger: at(new Date(clock.now())),
      handler: () => Promise.reject(new Error('no')),
    });
    await clock.advance(2_000);
    expect(reports).toEqual(['broken: Error: no', 'PollingService.pollAlone: 1 skipped: overlap']);
  });

  it('steers time in a test', async () => {
    // #region test
    const clock = new ManualClock('2027-01-04T00:00:00Z');
    const module = await Test.createTestingModule({
      imports: [SchedulerModule.forRoot()],
      providers: [TasksService],
    })
      .overrideProvider(SCHEDULER_CLOCK)
      .useValue(clock)
      .compile();
    await module.init();
    await clock.advance(60_000);
    // #endregion
    expect(module.get(TasksService).done).toHaveLength(6 + 12 + 1);
    await module.close();
  });

  it('says which words of theirs are refused, and what to write', async () => {
    const text = await read('docs/guides/coming-from-nestjs-schedule.md');
    const [, words, replacements] = /and the words (.*?) \(write (.*?)\)/.exec(text)!;
    const theirs = [...words!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
    expect(theirs).toEqual(['@minutely', '@secondly', '@weekdays', '@weekends']);
    for (const word of theirs) expect(() => cron(word)).toThrow(/UNKNOWN|@yearly/);
    const ours = fields(replacements!);
    expect(ours).toHaveLength(4);
    for (const expression of ours) expect(() => cron(expression)).not.toThrow();
  });

  it('has all members of their CronExpression', () => {
    expect(Object.keys(CronExpression)).toEqual(expect.arrayContaining(Object.keys(PeerExpression)));
  });
});
