// The program that docs/guides/coming-from-nestjs-schedule.md starts from, on @nestjs/schedule itself: what
// the guide says of that package is what these tests saw.
import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Test } from '@nestjs/testing';
import { CronJob, CronTime } from 'cron';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Reports } from './reports.js';

// #region program
@Injectable()
export class ReportSchedule implements OnModuleInit {
  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly reports: Reports,
  ) {}

  async onModuleInit() {
    for (const { customer, expression, timeZone } of await this.reports.wishes()) {
      this.add(customer, expression, timeZone);
    }
  }

  add(customer: string, expression: string, timeZone: string) {
    const job = CronJob.from({
      cronTime: expression,
      timeZone,
      waitForCompletion: true,
      onTick: () => this.reports.send(customer),
    });
    this.registry.addCronJob(customer, job);
    job.start();
  }

  move(customer: string, expression: string, timeZone: string) {
    this.registry.getCronJob(customer).setTime(new CronTime(expression, timeZone));
  }

  pause(customer: string) {
    void this.registry.getCronJob(customer).stop();
  }

  resume(customer: string) {
    this.registry.getCronJob(customer).start();
  }

  remove(customer: string) {
    this.registry.deleteCronJob(customer);
  }

  list() {
    return [...this.registry.getCronJobs()].map(([customer, job]) => ({
      customer,
      next: job.nextDate().toJSDate(),
      last: job.lastDate(),
    }));
  }

  watch(customer: string, everyMs: number) {
    const timer = setInterval(() => this.reports.check(customer), everyMs);
    this.registry.addInterval(customer, timer);
  }

  unwatch(customer: string) {
    this.registry.deleteInterval(customer);
  }

  remind(customer: string, when: Date) {
    const timer = setTimeout(() => this.reports.remind(customer), when.getTime() - Date.now());
    this.registry.addTimeout(customer, timer);
  }
}

@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [ReportSchedule, Reports],
})
export class ReportsModule {}
// #endregion

describe('what the guide says of @nestjs/schedule', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2027-01-04T00:00:00Z') });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function start() {
    const module = await Test.createTestingModule({ imports: [ReportsModule] }).compile();
    await module.init();
    onTestFinished(async () => {
      await module.close();
    });
    return {
      module,
      schedule: module.get(ReportSchedule),
      reports: module.get(Reports),
      registry: module.get(SchedulerRegistry),
    };
  }

  it('adds, moves, stops, starts, lists and removes', async () => {
    const { schedule, reports } = await start();
    expect(schedule.list()).toEqual([
      { customer: 'ana', next: new Date('2027-01-04T08:00:00Z'), last: null },
    ]);
    await vi.advanceTimersByTimeAsync(9 * 3_600_000);
    expect(reports.done).toEqual(['report ana']);
    expect(schedule.list()[0]!.last).toEqual(new Date('2027-01-04T08:00:00Z'));

    schedule.move('ana', '0 0 10 * * *', 'Europe/Berlin');
    schedule.pause('ana');
    // A stopped job tells of a next date all the same.
    expect(schedule.list()[0]!.next).toEqual(new Date('2027-01-05T09:00:00Z'));
    await vi.advanceTimersByTimeAsync(48 * 3_600_000);
    expect(reports.done).toEqual(['report ana']);
    schedule.resume('ana');
    await vi.advanceTimersByTimeAsync(24 * 3_600_000);
    expect(reports.done).toEqual(['report ana', 'report ana']);

    schedule.remove('ana');
    await vi.advanceTimersByTimeAsync(48 * 3_600_000);
    expect(reports.done).toHaveLength(2);
    expect(() => schedule.remove('ana')).toThrow(/No Cron Job was found/);
  });

  it('never runs a job that was added and not started', async () => {
    const { registry, reports } = await start();
    registry.addCronJob('idle', new CronJob('* * * * * *', () => reports.check('idle')));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(reports.done).toEqual([]);
  });

  it('has three spaces of names, and keeps the name of a timeout that is over', async () => {
    const { schedule, reports } = await start();
    schedule.watch('ana', 60_000);
    schedule.remind('ana', new Date(Date.now() + 1_000));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(reports.done).toEqual(['remind ana']);
    expect(() => schedule.remind('ana', new Date(Date.now() + 1_000))).toThrow(/already exists/);
    schedule.unwatch('ana');
    await vi.advanceTimersByTimeAsync(120_000);
    // The timer whose name was refused had been set, and runs.
    expect(reports.done).toEqual(['remind ana', 'remind ana']);
  });

  it('lets an error of an added interval escape, which ends the process', async () => {
    const { schedule, reports } = await start();
    reports.broken = true;
    schedule.watch('ana', 60_000);
    expect(() => vi.advanceTimersByTime(60_000)).toThrow('ana has no figures');
  });

  it('runs what is added while other modules still start', async () => {
    class Slow {
      async onModuleInit(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
      }
    }
    const module = await Test.createTestingModule({ imports: [ReportsModule], providers: [Slow] }).compile();
    const reports = module.get(Reports);
    reports.wished = [{ customer: 'ana', expression: '* * * * * *', timeZone: 'UTC' }];
    const up = module.init();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(reports.done.length).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(2_000);
    await up;
    await module.close();
  });

  it('does not await on shutdown what is under way', async () => {
    const { module, schedule, reports } = await start();
    let finish!: () => void;
    reports.takes = new Promise((resolve) => (finish = resolve));
    schedule.add('ben', '0 0 9 * * *', 'UTC');
    await vi.advanceTimersByTimeAsync(9 * 3_600_000);
    await module.close();
    expect(reports.closed).toBe(true);
    expect(reports.done).not.toContain('report ben');
    finish();
  });

  it('runs an interval of over 24.8 days every millisecond', async () => {
    const { schedule, reports } = await start();
    schedule.watch('ana', 30 * 86_400_000);
    await vi.advanceTimersByTimeAsync(10);
    expect(reports.done).toHaveLength(10);
  });
});
