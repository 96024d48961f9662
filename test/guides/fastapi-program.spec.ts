// The program of docs/guides/coming-from-apscheduler.md: compiled here, and run.
import { Injectable, Logger, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cron, SCHEDULER_CLOCK, SchedulerModule, SchedulerService } from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';

class Reports {
  readonly built: Date[] = [];
  readonly digests: Date[] = [];
  clock!: ManualClock;
  failure: Error | null = null;

  async build(): Promise<void> {
    if (this.failure) throw this.failure;
    this.built.push(new Date(this.clock.now()));
  }

  async sendDigest(): Promise<void> {
    this.digests.push(new Date(this.clock.now()));
  }
}

// #region program
@Injectable()
export class ReportJobs {
  private readonly log = new Logger(ReportJobs.name);

  constructor(
    private readonly reports: Reports,
    scheduler: SchedulerService,
  ) {
    scheduler.errors$.subscribe(({ jobId, scheduledAt, error }) => {
      this.log.error(`${jobId}, due at ${scheduledAt?.toISOString()}, failed: ${String(error)}`);
    });
  }

  @Cron({ hour: 0, minute: 5 }, { id: 'daily-report', misfireGrace: { seconds: 300 } })
  async dailyReport() {
    await this.reports.build();
  }

  @Cron({ dayOfWeek: 'mon', hour: 9 }, { id: 'weekly-digest' })
  async weeklyDigest() {
    await this.reports.sendDigest();
  }
}

@Module({
  imports: [SchedulerModule.forRoot({ timezone: 'Europe/Berlin' })],
  providers: [ReportJobs, Reports],
})
export class AppModule {}
// #endregion

/** Midnight of a Thursday in Berlin, five minutes before the report. */
const MIDNIGHT = '2027-03-24T23:00:00Z';

async function start(at: string) {
  const clock = new ManualClock(at);
  const errors: string[] = [];
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(SCHEDULER_CLOCK)
    .useValue(clock)
    .setLogger({
      log: () => {},
      warn: () => {},
      error: (text: unknown, ...rest: unknown[]) => {
        if (rest.at(-1) === 'ReportJobs') errors.push(String(text));
      },
    })
    .compile();
  await module.init();
  onTestFinished(() => module.close());
  const reports = module.get(Reports);
  reports.clock = clock;
  return { clock, reports, errors, scheduler: module.get(SchedulerService) };
}

const isoOf = (instants: Date[]): string[] => instants.map((instant) => instant.toISOString());

describe('docs/guides/coming-from-apscheduler.md, the program', () => {
  it('reports each night at 00:05 in Berlin, also when the clocks change', async () => {
    const { clock, reports } = await start('2027-03-27T23:00:00Z');
    await clock.advanceTo('2027-03-28T22:30:00Z');
    expect(isoOf(reports.built)).toEqual(['2027-03-27T23:05:00.000Z', '2027-03-28T22:05:00.000Z']);
  });

  it('sends the digest on Mondays at nine', async () => {
    const { clock, reports, scheduler } = await start('2027-03-28T23:00:00Z');
    await clock.advanceTo('2027-03-29T12:00:00Z');
    expect(isoOf(reports.digests)).toEqual(['2027-03-29T07:00:00.000Z']);
    expect(await scheduler.getJob('weekly-digest')).toMatchObject({
      nextDueAt: new Date('2027-04-05T07:00:00Z'),
    });
  });

  it('runs 300 seconds late, when the machine slept until then', async () => {
    const { clock, reports, scheduler } = await start(MIDNIGHT);
    await clock.advanceTo('2027-03-24T23:04:59Z');
    clock.suspend(301_000);
    await clock.advance(0);
    expect(isoOf(reports.built)).toEqual(['2027-03-24T23:10:00.000Z']);
    expect(await scheduler.getRuns({ jobId: 'daily-report' })).toMatchObject([
      { outcome: 'succeeded', scheduledAt: new Date('2027-03-24T23:05:00Z') },
    ]);
  });

  it('is missed, and said to be, when the machine slept longer', async () => {
    const { clock, reports, scheduler } = await start(MIDNIGHT);
    await clock.advanceTo('2027-03-24T23:04:59Z');
    clock.suspend(301_001);
    await clock.advance(0);
    expect(reports.built).toEqual([]);
    expect(await scheduler.getRuns({ jobId: 'daily-report' })).toMatchObject([
      { outcome: 'missed', reason: 'misfireGrace', scheduledAt: new Date('2027-03-24T23:05:00Z') },
    ]);
    await clock.advanceTo('2027-03-25T23:30:00Z');
    expect(reports.built).toHaveLength(1);
  });

  it('tells the listener of a report that fails, and reports again the next night', async () => {
    const { clock, reports, errors } = await start(MIDNIGHT);
    reports.failure = new Error('no figures');
    await clock.advanceTo('2027-03-24T23:30:00Z');
    expect(errors).toEqual(['daily-report, due at 2027-03-24T23:05:00.000Z, failed: Error: no figures']);
    reports.failure = null;
    await clock.advanceTo('2027-03-25T23:30:00Z');
    expect(reports.built).toHaveLength(1);
    expect(errors).toHaveLength(1);
  });
});
