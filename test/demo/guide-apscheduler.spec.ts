// The examples of docs/guides/coming-from-apscheduler.md: compiled here, and run. quotes.spec.ts compares
// the regions with the guide.
import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { IsEmail, IsString } from 'class-validator';
import { afterEach, describe, expect, it } from 'vitest';
import {
  at,
  Cron,
  cron,
  defineHandler,
  every,
  Interval,
  JobHandler,
  JobIdTakenError,
  PayloadInvalidError,
  type RunContext,
  SchedulerModule,
  SchedulerService,
} from '@carillon/scheduler';
import { TimeMachine } from '@carillon/scheduler/testing';

const sent: string[] = [];

async function buildReport(): Promise<void> {}

async function deliver(to: string, message: string): Promise<void> {
  sent.push(`${to}: ${message}`);
}

// #region declared
@Injectable()
export class ReportService {
  @Cron('5 0 * * *', { id: 'daily-report' })
  async dailyReport() {
    await buildReport();
  }

  @Interval({ seconds: 30 }, { id: 'ping' })
  async ping(run: RunContext) {
    await fetch('https://example.org', { signal: run.signal });
  }
}
// #endregion

// #region handler
class SendReminderDto {
  @IsEmail()
  to!: string;

  @IsString()
  message!: string;
}

const sendReminder = defineHandler('send-reminder', SendReminderDto);

@Injectable()
class MailService {
  @JobHandler(sendReminder)
  async send({ payload }: RunContext<SendReminderDto>) {
    await deliver(payload.to, payload.message);
  }
}
// #endregion

// #region setup
@Module({
  imports: [
    SchedulerModule.forRoot({
      timezone: 'Europe/Berlin',
      defaults: { misfireGrace: '60s', coalesce: 'latest', overlap: 'skip' },
      drainTimeout: '10s',
    }),
  ],
  providers: [MailService],
})
export class AppModule {}
// #endregion

@Injectable()
class Examples {
  constructor(readonly scheduler: SchedulerService) {}

  async add() {
    const payload = { to: 'ana@example.org', message: 'Stand-up' };
    // #region add-job
    await this.scheduler.addJob({
      id: 'stand-up',
      trigger: cron({ dayOfWeek: 'mon-fri', hour: 9, minute: 30 }, { timezone: 'Europe/Berlin' }),
      handler: sendReminder,
      payload: { to: 'ana@example.org', message: 'Stand-up' },
      ifTaken: 'replace',
    });
    // #endregion
    // #region triggers
    await this.scheduler.addJob({ trigger: every({ seconds: 30 }), handler: sendReminder, payload });
    await this.scheduler.addJob({
      trigger: at(new Date('2027-03-28T09:00:00Z')),
      handler: sendReminder,
      payload,
    });
    await this.scheduler.addJob({ trigger: cron('0 9 * * MON-FRI'), handler: sendReminder, payload });
    // #endregion
  }

  async late() {
    const payload = { to: 'ana@example.org', message: 'Stand-up' };
    // #region policies
    await this.scheduler.addJob({
      id: 'sync',
      trigger: every('1m'),
      handler: sendReminder,
      payload,
      misfireGrace: '30s', // misfire_grace_time=30
      coalesce: 'latest', // coalesce=True; 'all' is coalesce=False
      overlap: 'allow', // max_instances=3; one at a time is overlap: 'skip', the default
      maxInstances: 3,
      timeout: '20s', // APScheduler has none
      retry: { attempts: 3, delay: '1s' }, // APScheduler has none
    });
    // #endregion
  }

  listen(lines: string[]) {
    // #region listeners
    this.scheduler.on('run.succeeded').subscribe(({ jobId, result }) => {
      lines.push(`${jobId} gave ${String(result)}`);
    });
    this.scheduler.on('run.missed').subscribe(({ jobId, scheduledAt }) => {
      lines.push(`${jobId} missed ${scheduledAt?.toISOString()}`);
    });
    this.scheduler.errors$.subscribe(({ jobId, error }) => {
      lines.push(`${jobId} failed: ${String(error)}`);
    });
    // #endregion
  }

  async manage() {
    // #region manage
    await this.scheduler.pauseJob('stand-up', { note: 'holidays', until: new Date('2027-01-07T00:00:00Z') });
    await this.scheduler.resumeJob('stand-up');
    await this.scheduler.updateJob('stand-up', { trigger: cron({ dayOfWeek: 'mon-fri', hour: 10 }) });
    await this.scheduler.runNow('stand-up');
    const runs = await this.scheduler.getRuns({ jobId: 'stand-up', limit: 10 });
    await this.scheduler.removeJob('stand-up');
    // #endregion
    return runs;
  }
}

describe('coming from APScheduler', () => {
  // A Sunday.
  const startAt = '2026-11-22T12:00:00Z';
  let time: TimeMachine;
  let app: TestingModule;

  async function start(): Promise<Examples> {
    sent.length = 0;
    time = new TimeMachine(startAt);
    app = await time
      .steer(Test.createTestingModule({ imports: [AppModule], providers: [Examples] }))
      .compile();
    await app.init();
    return app.get(Examples);
  }

  afterEach(async () => {
    await app.close();
  });

  it('adds the jobs of the guide, and the same id again replaces', async () => {
    const examples = await start();
    await examples.add();
    await examples.add();
    const standUp = await examples.scheduler.getJob('stand-up');
    // 0 is Sunday here, so 'mon-fri' and 1-5 are the same days as in a crontab.
    expect(standUp?.nextDueAt).toEqual(new Date('2026-11-23T08:30:00Z'));
    expect(await examples.scheduler.getJobs()).toHaveLength(7);

    await time.travelTo('2026-11-23T09:00:00Z');
    expect(sent).toContain('ana@example.org: Stand-up');
  });

  it('refuses a taken id and a payload that does not fit, unlike a pickled argument', async () => {
    const { scheduler } = await start();
    const payload = { to: 'ana@example.org', message: 'Stand-up' };
    await scheduler.addJob({ id: 'once', trigger: every('1m'), handler: sendReminder, payload });
    await expect(
      scheduler.addJob({ id: 'once', trigger: every('1m'), handler: sendReminder, payload }),
    ).rejects.toBeInstanceOf(JobIdTakenError);
    await expect(
      scheduler.addJob({ trigger: every('1m'), handler: sendReminder, payload: { ...payload, to: 'ana' } }),
    ).rejects.toBeInstanceOf(PayloadInvalidError);
  });

  it('takes the policies and tells the listeners', async () => {
    const examples = await start();
    const lines: string[] = [];
    examples.listen(lines);
    await examples.late();
    const job = await examples.scheduler.getJob('sync');
    expect(job?.policies).toMatchObject({ misfireGraceMs: 30_000, maxInstances: 3, timeoutMs: 20_000 });

    await time.advance('1m');
    expect(lines).toEqual(['sync gave undefined']);
  });

  it('pauses, resumes, changes, runs and removes', async () => {
    const examples = await start();
    await examples.add();
    const runs = await examples.manage();
    expect(runs).toHaveLength(1);
    expect(await examples.scheduler.getJob('stand-up')).toBeNull();
  });

  it('declares with decorators', async () => {
    const imports = [SchedulerModule.forRoot({ timezone: 'Europe/Berlin' })];
    const builder = Test.createTestingModule({ imports, providers: [ReportService] });
    app = await new TimeMachine(startAt).steer(builder).compile();
    await app.init();
    const jobs = await app.get(SchedulerService).getJobs();
    expect(jobs.map((job) => job.id).toSorted()).toEqual(['daily-report', 'ping']);
  });
});
