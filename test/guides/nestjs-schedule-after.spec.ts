// The program that docs/guides/coming-from-nestjs-schedule.md ends with: compiled here, and run.
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at, cron, every, SCHEDULER_CLOCK, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import { recordingLogger, rejection } from '../nest/testing-app.js';
import { Reports } from './reports.js';

// #region program
@Injectable()
export class ReportSchedule implements OnModuleInit {
  constructor(
    private readonly scheduler: SchedulerService,
    private readonly reports: Reports,
  ) {}

  async onModuleInit() {
    for (const { customer, expression, timeZone } of await this.reports.wishes()) {
      await this.add(customer, expression, timeZone);
    }
  }

  async add(customer: string, expression: string, timezone: string) {
    await this.scheduler.addJob({
      id: `report:${customer}`,
      trigger: cron(expression, { timezone }),
      handler: () => this.reports.send(customer),
    });
  }

  async move(customer: string, expression: string, timezone: string) {
    await this.scheduler.updateJob(`report:${customer}`, { trigger: cron(expression, { timezone }) });
  }

  async pause(customer: string) {
    await this.scheduler.pauseJob(`report:${customer}`);
  }

  async resume(customer: string) {
    await this.scheduler.resumeJob(`report:${customer}`);
  }

  async remove(customer: string) {
    await this.scheduler.removeJob(`report:${customer}`);
  }

  async list() {
    const jobs = await this.scheduler.getJobs();
    return jobs
      .filter(({ id }) => id.startsWith('report:'))
      .map(({ id, nextDueAt, lastTickAt }) => ({
        customer: id.slice('report:'.length),
        next: nextDueAt,
        last: lastTickAt,
      }));
  }

  async watch(customer: string, everyMs: number) {
    await this.scheduler.addJob({
      id: `watch:${customer}`,
      trigger: every(everyMs),
      handler: () => this.reports.check(customer),
    });
  }

  async unwatch(customer: string) {
    await this.scheduler.removeJob(`watch:${customer}`);
  }

  async remind(customer: string, when: Date) {
    await this.scheduler.addJob({
      id: `remind:${customer}`,
      trigger: at(when),
      ifTaken: 'replace',
      handler: () => this.reports.remind(customer),
    });
  }
}

@Module({
  imports: [SchedulerModule.forRoot()],
  providers: [ReportSchedule, Reports],
})
export class ReportsModule {}
// #endregion

const HOUR = 3_600_000;

async function start() {
  const clock = new ManualClock('2027-01-04T00:00:00Z');
  const module = await Test.createTestingModule({ imports: [ReportsModule] })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .setLogger(recordingLogger().logger)
    .compile();
  await module.init();
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= module.close());
  onTestFinished(async () => {
    void close();
    await clock.advance(60_000);
    await close();
  });
  return {
    clock,
    close,
    schedule: module.get(ReportSchedule),
    reports: module.get(Reports),
    scheduler: module.get(SchedulerService),
  };
}

describe('docs/guides/coming-from-nestjs-schedule.md, the program', () => {
  it('adds, moves, pauses, resumes, lists and removes', async () => {
    const { clock, schedule, reports } = await start();
    expect(await schedule.list()).toEqual([
      { customer: 'ana', next: new Date('2027-01-04T08:00:00Z'), last: null },
    ]);
    await clock.advance(9 * HOUR);
    expect(reports.done).toEqual(['report ana']);
    expect((await schedule.list())[0]!.last).toEqual(new Date('2027-01-04T08:00:00Z'));

    await schedule.move('ana', '0 0 10 * * *', 'Europe/Berlin');
    await schedule.pause('ana');
    // A paused job has no next instant; there a stopped one tells of one all the same.
    expect((await schedule.list())[0]!.next).toBeNull();
    await clock.advance(48 * HOUR);
    expect(reports.done).toEqual(['report ana']);
    await schedule.resume('ana');
    await clock.advance(24 * HOUR);
    expect(reports.done).toEqual(['report ana', 'report ana']);

    await schedule.remove('ana');
    await clock.advance(48 * HOUR);
    expect(reports.done).toHaveLength(2);
    expect((await rejection(schedule.remove('ana'))).code).toBe('JOB_NOT_FOUND');
  });

  it('stays paused when it is moved meanwhile', async () => {
    const { clock, schedule, reports } = await start();
    await schedule.pause('ana');
    await schedule.move('ana', '0 0 10 * * *', 'Europe/Berlin');
    await clock.advance(24 * HOUR);
    expect(reports.done).toEqual([]);
  });

  it('reminds once, and again when it is asked again', async () => {
    const { clock, schedule, reports } = await start();
    await schedule.remind('ana', new Date('2027-01-04T00:00:01Z'));
    await clock.advance(5_000);
    expect(reports.done).toEqual(['remind ana']);
    await schedule.remind('ana', new Date('2027-01-04T00:00:06Z'));
    await clock.advance(5_000);
    expect(reports.done).toEqual(['remind ana', 'remind ana']);
  });

  it('takes the latest of two reminders', async () => {
    const { clock, schedule, reports } = await start();
    await schedule.remind('ana', new Date('2027-01-04T00:00:10Z'));
    await schedule.remind('ana', new Date('2027-01-04T00:00:15Z'));
    await clock.advance(14_999);
    expect(reports.done).toEqual([]);
    await clock.advance(1);
    expect(reports.done).toEqual(['remind ana']);
  });

  it('keeps an error of an added interval with its run, and goes on', async () => {
    const { clock, schedule, reports, scheduler } = await start();
    reports.broken = true;
    await schedule.watch('ana', 60_000);
    await clock.advance(60_000);
    reports.broken = false;
    await clock.advance(60_000);
    expect(await scheduler.getRuns({ jobId: 'watch:ana' })).toMatchObject([
      { outcome: 'succeeded' },
      { outcome: 'failed', attempts: [{ error: { message: 'ana has no figures' } }] },
    ]);
    await schedule.unwatch('ana');
    await clock.advance(60_000);
    expect(reports.done).toEqual(['check ana']);
  });

  it('runs what is added early when all modules are up', async () => {
    const clock = new ManualClock('2027-01-04T00:00:00Z');
    class Slow {
      async onModuleInit(): Promise<void> {
        await new Promise<void>((resolve) => void clock.setTimer(resolve, 5_000));
      }
    }
    const module = await Test.createTestingModule({ imports: [ReportsModule], providers: [Slow] })
      .overrideProvider(SCHEDULER_CLOCK)
      .useValue(clock)
      .setLogger(recordingLogger().logger)
      .compile();
    const reports = module.get(Reports);
    reports.wished = [{ customer: 'ana', expression: '* * * * * *', timeZone: 'UTC' }];
    const up = module.init();
    await clock.advance(4_999);
    expect(reports.done).toEqual([]);
    await clock.advance(1);
    await up;
    await clock.advance(0);
    // One run for the ticks that fell due meanwhile.
    expect(reports.done).toEqual(['report ana']);
    await module.close();
  });

  it('awaits on shutdown what is under way, while providers are open', async () => {
    const { clock, schedule, reports, close } = await start();
    let finish!: () => void;
    reports.takes = new Promise((resolve) => (finish = resolve));
    await schedule.add('ben', '0 0 9 * * *', 'UTC');
    await clock.advance(9 * HOUR);
    const closed = close();
    await clock.advance(1_000);
    expect(reports.closed).toBe(false);
    finish();
    await clock.settle();
    await closed;
    expect(reports.done).toContain('report ben');
  });

  it('keeps to an interval of over 24.8 days', async () => {
    const { clock, schedule, reports, scheduler } = await start();
    await schedule.watch('ana', 30 * 24 * HOUR);
    await clock.advance(HOUR);
    expect(reports.done).toEqual([]);
    expect(await scheduler.getJob('watch:ana')).toMatchObject({
      nextDueAt: new Date('2027-02-03T00:00:00Z'),
    });
  });

  it('refuses an id that is taken', async () => {
    const { schedule } = await start();
    expect((await rejection(schedule.add('ana', '0 0 9 * * *', 'UTC'))).code).toBe('JOB_ID_TAKEN');
  });
});
