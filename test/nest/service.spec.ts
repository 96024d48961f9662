import { Inject, Injectable, Module } from '@nestjs/common';
import { IsEmail, IsInt, Min } from 'class-validator';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  after,
  at,
  cron,
  defineHandler,
  every,
  type FailureEvent,
  type Job,
  JobHandler,
  type RunContext,
  Interval,
  type SchedulerEvent,
  SchedulerService,
  type Store,
} from '@carillon/scheduler';
import { createApp, rejection, startApp, START } from './testing-app.js';

const startedAt = new Date(START).getTime();
const later = (ms: number): Date => new Date(startedAt + ms);

class ReminderDto {
  @IsEmail()
  to!: string;
  @IsInt()
  @Min(1)
  times!: number;
}
const sendReminder = defineHandler('send-reminder', ReminderDto);
const ping = defineHandler('ping');

@Injectable()
class Reminders {
  readonly sent: unknown[] = [];
  @JobHandler(sendReminder)
  send(run: RunContext<ReminderDto>): void {
    this.sent.push(run.payload);
  }
  @JobHandler(ping)
  ping(run: RunContext): void {
    this.sent.push(run.payload);
  }
}

describe('addJob', () => {
  it('adds a job for a function, under an id of its own or one that is made', async () => {
    const { clock, scheduler } = await startApp();
    const ticks: string[] = [];
    const handler = (run: RunContext): void => void ticks.push(run.jobId);
    const named = await scheduler.addJob({ id: 'named', trigger: every('1s'), handler });
    const made = await scheduler.addJob({ trigger: every('1s'), handler });
    const other = await scheduler.addJob({ trigger: every('1h'), handler });
    expect(named).toMatchObject({
      id: 'named',
      origin: 'added',
      state: 'active',
      handler: '(function)',
      nextDueAt: later(1_000),
    });
    expect(made.id).not.toBe(other.id);
    await clock.advance(1_000);
    expect(ticks).toEqual(['named', made.id]);
  });

  it('adds a job for a definition, whose payload reaches the handler as an instance of its class', async () => {
    const { app, clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({
      trigger: at(later(1_000)),
      handler: sendReminder,
      payload: { to: 'ana@example.org', times: 1 },
    });
    await clock.advance(1_000);
    const [payload] = app.get(Reminders).sent;
    expect(payload).toBeInstanceOf(ReminderDto);
    expect(payload).toEqual({ to: 'ana@example.org', times: 1 });
  });

  it('copies the payload, so that changing it later changes nothing', async () => {
    const { app, clock, scheduler } = await startApp({ providers: [Reminders] });
    const payload = { list: [1], at: new Date(START) };
    const job = await scheduler.addJob({ trigger: at(later(1_000)), handler: 'ping', payload });
    payload.list.push(2);
    (job.payload as unknown as typeof payload).list.push(3);
    await clock.advance(1_000);
    expect(app.get(Reminders).sent).toEqual([{ list: [1], at: START.replace('Z', '.000Z') }]);
  });

  it('runs a date in the past at once', async () => {
    const { clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'late', trigger: at(later(-60_000)), handler: ping });
    await clock.advance(0);
    expect(await scheduler.getRuns({ jobId: 'late' })).toMatchObject([
      { outcome: 'succeeded', latenessMs: 60_000 },
    ]);
  });

  it.each<[string, (scheduler: SchedulerService) => Promise<unknown>, object]>([
    [
      'a bare expression',
      (s) => s.addJob({ trigger: '0 3 * * *' as never, handler: ping }),
      { code: 'INVALID_OPTIONS', field: 'trigger', message: expect.stringContaining("Wrap it: cron('") },
    ],
    [
      'no trigger',
      (s) => s.addJob({ handler: ping } as never),
      { code: 'INVALID_OPTIONS', field: 'trigger' },
    ],
    [
      'no handler',
      (s) => s.addJob({ trigger: every('1s') } as never),
      { code: 'INVALID_OPTIONS', field: 'handler' },
    ],
    ['nothing', (s) => s.addJob(undefined as never), { code: 'INVALID_OPTIONS', field: 'options' }],
    [
      'an unknown handler',
      (s) => s.addJob({ trigger: every('1s'), handler: 'pong' }),
      {
        code: 'HANDLER_UNKNOWN',
        statusCode: 422,
        message: expect.stringContaining("Did you mean 'ping'?"),
      },
    ],
    [
      'an unknown definition',
      (s) => s.addJob({ trigger: every('1s'), handler: defineHandler('pong') }),
      { code: 'HANDLER_UNKNOWN', handler: 'pong' },
    ],
    [
      'a misspelt option',
      (s) => s.addJob({ trigger: every('1s'), handler: ping, overlaps: 'skip' } as never),
      { code: 'INVALID_OPTIONS', field: 'overlaps' },
    ],
    [
      'a bad policy',
      (s) => s.addJob({ trigger: every('1s'), handler: ping, timeout: 'soon' }),
      { code: 'INVALID_DURATION', field: 'timeout' },
    ],
    [
      'an empty id',
      (s) => s.addJob({ id: '', trigger: every('1s'), handler: ping }),
      { code: 'INVALID_OPTIONS', field: 'id' },
    ],
    [
      'a long id',
      (s) => s.addJob({ id: 'x'.repeat(256), trigger: every('1s'), handler: ping }),
      { code: 'INVALID_OPTIONS', field: 'id' },
    ],
    [
      'an id with a line break',
      (s) => s.addJob({ id: 'a\nb', trigger: every('1s'), handler: ping }),
      { code: 'INVALID_OPTIONS', field: 'id' },
    ],
    [
      'an id that was cut inside a character',
      (s) => s.addJob({ id: 'a 😀'.slice(0, 3), trigger: every('1s'), handler: ping }),
      { code: 'INVALID_OPTIONS', field: 'id' },
    ],
    [
      'a bad ifTaken',
      (s) => s.addJob({ trigger: every('1s'), handler: ping, ifTaken: 'skip' as never }),
      { code: 'INVALID_OPTIONS', field: 'ifTaken' },
    ],
    [
      'disabled in words',
      (s) => s.addJob({ trigger: every('1s'), handler: ping, disabled: 'no' as never }),
      { code: 'INVALID_OPTIONS', field: 'disabled' },
    ],
    [
      'an ended window',
      (s) => s.addJob({ trigger: every('1s', { endAt: later(-1) }), handler: ping }),
      { code: 'NEVER_FIRES', statusCode: 422 },
    ],
    [
      'a payload that is no JSON',
      (s) => s.addJob({ trigger: every('1s'), handler: ping, payload: { n: 1n } }),
      { code: 'PAYLOAD_INVALID', property: 'payload.n', statusCode: 400 },
    ],
    [
      'a payload that breaks a rule',
      (s) => s.addJob({ trigger: every('1s'), handler: sendReminder, payload: { to: 'ana', times: 1 } }),
      { code: 'PAYLOAD_INVALID', property: 'payload.to' },
    ],
    [
      'a payload with a property too many',
      (s) =>
        s.addJob({
          trigger: every('1s'),
          handler: 'send-reminder',
          payload: { to: 'a@b.org', times: 1, cc: 'x' },
        }),
      { code: 'PAYLOAD_INVALID', property: 'payload.cc' },
    ],
    [
      'no payload where a class asks for one',
      (s) => s.addJob({ trigger: every('1s'), handler: 'send-reminder' }),
      { code: 'PAYLOAD_INVALID' },
    ],
  ])('refuses %s', async (_, add, fault) => {
    const { scheduler } = await startApp({ providers: [Reminders] });
    expect(await rejection(add(scheduler))).toMatchObject(fault);
    expect(await scheduler.getJobs()).toEqual([]);
  });

  it('refuses, replaces or keeps where the id is taken', async () => {
    const { scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping });
    expect(await rejection(scheduler.addJob({ id: 'a', trigger: every('2s'), handler: ping }))).toMatchObject(
      {
        code: 'JOB_ID_TAKEN',
        statusCode: 409,
        jobId: 'a',
      },
    );
    const kept = await scheduler.addJob({ id: 'a', trigger: every('2s'), handler: ping, ifTaken: 'keep' });
    expect(kept.trigger.toString()).toBe('every 1s');
    const replaced = await scheduler.addJob({
      id: 'a',
      trigger: every('2s'),
      handler: ping,
      ifTaken: 'replace',
    });
    expect(replaced.trigger.toString()).toBe('every 2s');
  });

  it('refuses a function where the store outlives the process', async () => {
    const store = {
      durable: true,
      clustered: false,
      open() {},
      claimDue: () => ({ claims: [], recorded: [], changed: [], more: false }),
      earliestDueAt: () => null,
      close: () => [],
    };
    const { scheduler } = await startApp({ options: { store: store as unknown as Store } });
    expect(
      await rejection(scheduler.addJob({ id: 'a', trigger: every('1s'), handler: () => {} })),
    ).toMatchObject({ code: 'HANDLER_NOT_DURABLE', statusCode: 422 });
  });

  it('types the payload by the definition', async () => {
    const { scheduler } = await startApp({ providers: [Reminders] });
    expectTypeOf(sendReminder.payload).toEqualTypeOf<ReminderDto | undefined>();
    const typed = () => {
      // @ts-expect-error `times` is missing
      void scheduler.addJob({
        trigger: every('1s'),
        handler: sendReminder,
        payload: { to: 'ana@example.org' },
      });
      // @ts-expect-error the definition asks for a payload
      void scheduler.addJob({ trigger: every('1s'), handler: sendReminder });
      // @ts-expect-error a trigger is no text
      void scheduler.addJob({ trigger: '* * * * *', handler: ping });
      void scheduler.addJob({
        trigger: every('1s'),
        handler: (run) => expectTypeOf(run).toEqualTypeOf<RunContext>(),
      });
      void scheduler.addJob({
        trigger: every('1s'),
        handler: (run: RunContext<{ n: number }>) => run.payload.n,
        payload: { n: 1 },
      });
      class Wrong {
        // @ts-expect-error the payload is a ReminderDto
        @JobHandler(sendReminder)
        send(_run: RunContext<{ other: number }>): void {}
        @JobHandler(sendReminder)
        withoutRun(): void {}
        @JobHandler('any name')
        named(_run: RunContext<{ other: number }>): void {}
      }
      return Wrong;
    };
    expectTypeOf(typed).toBeFunction();
    expectTypeOf<ReturnType<typeof scheduler.addJob>>().resolves.toEqualTypeOf<Job>();
    expectTypeOf(scheduler.on('run.failed')).toHaveProperty('subscribe');
    expectTypeOf<FailureEvent['type']>().toEqualTypeOf<'run.failed' | 'run.timedOut'>();
  });

  it("takes a job that is due so long after the call, by the scheduler's own clock", async () => {
    const { clock, scheduler } = await startApp();
    const ticks: unknown[] = [];
    const handler = (run: RunContext): void => void ticks.push(run.scheduledAt);
    await clock.advance(60_000);
    const job = await scheduler.addJob({ id: 'once', trigger: after('30m'), handler });
    expect(job.trigger.toJSON()).toEqual({ type: 'date', at: later(1_860_000).toISOString() });
    await clock.advance(60_000);
    await scheduler.updateJob('once', { trigger: after('10m') });
    await clock.advance(3_600_000);
    expect(ticks).toEqual([later(720_000)]);
    expect(await scheduler.getJob('once')).toMatchObject({ state: 'finished' });
  });
});

describe('asking', () => {
  it('gives null for an unknown job, and filters', async () => {
    @Injectable()
    class Tasks {
      @Interval('1h')
      tick(): void {}
    }
    const { scheduler } = await startApp({ providers: [Reminders, Tasks] });
    await scheduler.addJob({ id: 'added', trigger: every('1h'), handler: ping, disabled: true });
    expect(await scheduler.getJob('nobody')).toBeNull();
    const ids = async (filter: Parameters<SchedulerService['getJobs']>[0]): Promise<string[]> =>
      (await scheduler.getJobs(filter)).map(({ id }) => id);
    expect(await ids({ origin: 'declared' })).toEqual(['Tasks.tick']);
    expect(await ids({ state: 'disabled' })).toEqual(['added']);
    expect(await ids({ handler: 'ping' })).toEqual(['added']);
    expect(await ids({ handler: undefined })).toHaveLength(2);
  });

  it('pages through the runs of a job, newest first', async () => {
    const { clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping });
    await clock.advance(5_000);
    const first = await scheduler.getRuns({ jobId: 'a', limit: 2 });
    const second = await scheduler.getRuns({ jobId: 'a', limit: 2, after: first[1].id });
    expect([...first, ...second].map(({ scheduledAt }) => scheduledAt)).toEqual(
      [5_000, 4_000, 3_000, 2_000].map(later),
    );
    expect(await scheduler.getRuns({ from: later(2_000), to: later(3_000) })).toHaveLength(2);
    expect(await scheduler.getRuns({ outcome: ['failed', 'missed'] })).toEqual([]);
  });

  it.each<[string, (scheduler: SchedulerService) => Promise<unknown>, string]>([
    ['state', (s) => s.getJobs({ state: 'idle' as never }), 'idle'],
    ['outcome', (s) => s.getRuns({ outcome: ['failed', 'done' as never] }), 'done'],
    ['limit', (s) => s.getRuns({ limit: 1_001 }), '1001'],
    ['limit', (s) => s.getRuns({ limit: 0 }), '0'],
    ['from', (s) => s.getRuns({ from: new Date('nonsense') }), 'Invalid Date'],
    ['job', (s) => s.getRuns({ job: 'a' } as never), 'There is no option `job`; did you mean `jobId`?'],
    ['until', (s) => s.pauseJob('a', { until: later(-1) }), 'in the future'],
    ['note', (s) => s.pauseJob('a', { note: 1 as never }), '1'],
  ])('refuses a bad "%s"', async (field, ask, text) => {
    const { scheduler } = await startApp();
    expect(await rejection(ask(scheduler))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field,
      message: expect.stringContaining(text),
    });
  });
});

describe('changing', () => {
  it('gives a job another trigger, handler, payload or policy and leaves the rest', async () => {
    const { clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({
      id: 'a',
      trigger: every('1h'),
      handler: ping,
      payload: { n: 1 },
      timeout: '5s',
      retry: 3,
    });
    const timed = await scheduler.updateJob('a', { trigger: every('2s') });
    expect(timed).toMatchObject({ nextDueAt: later(2_000), payload: { n: 1 }, handler: 'ping', version: 2 });
    const edited = await scheduler.updateJob('a', { timeout: null, payload: { n: 2 } });
    expect(edited).toMatchObject({
      payload: { n: 2 },
      policies: { timeoutMs: null, retry: { attempts: 3 } },
    });
    expect(await scheduler.updateJob('a', { payload: null })).toMatchObject({ payload: undefined });
    await scheduler.updateJob('a', { disabled: true });
    await clock.advance(10_000);
    expect(await scheduler.getRuns({ jobId: 'a' })).toEqual([]);
    expect(await scheduler.updateJob('a', { disabled: false })).toMatchObject({ nextDueAt: later(12_000) });
  });

  it('checks the payload that the job will have against the handler that it will have', async () => {
    const { scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: every('1h'), handler: ping, payload: { n: 1 } });
    expect(await rejection(scheduler.updateJob('a', { handler: sendReminder }))).toMatchObject({
      code: 'PAYLOAD_INVALID',
    });
    await scheduler.updateJob('a', { handler: sendReminder, payload: { to: 'ana@example.org', times: 2 } });
    expect(
      await rejection(scheduler.updateJob('a', { payload: { to: 'ana@example.org', times: 0 } })),
    ).toMatchObject({ property: 'payload.times' });
    expect(await rejection(scheduler.runNow('a', { to: 'nobody' } as never))).toMatchObject({
      code: 'INVALID_OPTIONS',
      field: 'to',
    });
    expect(await rejection(scheduler.runNow('a', { payload: { to: 'nobody', times: 1 } }))).toMatchObject({
      property: 'payload.to',
    });
    expect(await scheduler.getJob('a')).toMatchObject({
      handler: 'send-reminder',
      payload: { to: 'ana@example.org', times: 2 },
    });
  });

  it('pauses with a note, who and until, and goes on', async () => {
    const { clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping });
    expect(
      await scheduler.pauseJob('a', { note: 'moving house', by: 'ana', until: later(3_500) }),
    ).toMatchObject({
      state: 'paused',
      pause: { note: 'moving house', by: 'ana', at: later(0), until: later(3_500) },
    });
    await clock.advance(4_000);
    expect(
      (await scheduler.getRuns({ jobId: 'a' })).map(({ outcome, reason, count }) => [outcome, reason, count]),
    ).toEqual([
      ['succeeded', null, 1],
      ['skipped', 'paused', 3],
    ]);
    await scheduler.pauseJob('a');
    expect(await scheduler.resumeJob('a')).toMatchObject({
      state: 'active',
      pause: null,
      nextDueAt: later(5_000),
    });
  });

  it('removes an added job, not a declared one', async () => {
    @Injectable()
    class Tasks {
      @Interval('1h')
      tick(): void {}
    }
    const { scheduler } = await startApp({ providers: [Reminders, Tasks] });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping });
    await scheduler.removeJob('a');
    expect(await scheduler.getJob('a')).toBeNull();
    expect(await rejection(scheduler.removeJob('Tasks.tick'))).toMatchObject({
      code: 'JOB_IS_DECLARED',
      statusCode: 409,
    });
  });

  it.each<[string, (scheduler: SchedulerService) => Promise<unknown>]>([
    ['updateJob', (s) => s.updateJob('nobody', { payload: 1 })],
    ['pauseJob', (s) => s.pauseJob('nobody')],
    ['resumeJob', (s) => s.resumeJob('nobody')],
    ['removeJob', (s) => s.removeJob('nobody')],
    ['runNow', (s) => s.runNow('nobody')],
    ['runNow with a payload', (s) => s.runNow('nobody', { payload: 1 })],
  ])('%s refuses an unknown job', async (_, change) => {
    const { scheduler } = await startApp();
    expect(await rejection(change(scheduler))).toMatchObject({
      code: 'JOB_NOT_FOUND',
      statusCode: 404,
      jobId: 'nobody',
    });
  });

  it('runs now, with the payload of the job or another', async () => {
    const { app, clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: cron('0 3 * * *'), handler: ping, payload: { n: 1 } });
    const run = await scheduler.runNow('a');
    expect(run).toMatchObject({ jobId: 'a', scheduledAt: null });
    await scheduler.runNow('a', { payload: { n: 2 } });
    await clock.settle();
    expect(app.get(Reminders).sent).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await scheduler.getRuns({ jobId: 'a', outcome: 'succeeded' })).toHaveLength(2);
  });

  it('pauses and resumes all claims of this process', async () => {
    const { app, clock, scheduler } = await startApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping, payload: 1 });
    await scheduler.pause();
    await clock.advance(3_000);
    expect(app.get(Reminders).sent).toEqual([]);
    await scheduler.resume();
    await clock.advance(1);
    expect(app.get(Reminders).sent).toHaveLength(1);
  });
});

describe('events', () => {
  it('of a misspelt type are an error, not a silence', async () => {
    const { scheduler } = await startApp();
    expect(() => scheduler.on('run.started', 'run.suceeded' as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', value: 'run.suceeded' }) as Error,
    );
  });

  it('of several types come in their order, once each, and contain whoever throws', async () => {
    const { scheduler, clock, app } = await startApp();
    const seen: string[] = [];
    const failedDuring: unknown[] = [];
    let completed = false;
    scheduler.on('listener.failed').subscribe(({ during }) => failedDuring.push(during));
    scheduler.on('run.succeeded', 'run.started', 'run.started').subscribe({
      next: ({ type, jobId }) => {
        seen.push(`${type} ${jobId}`);
        throw new Error('mine');
      },
      complete: () => {
        completed = true;
      },
    });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: () => {} });
    await clock.advance(2_000);
    const once = ['run.started a', 'run.succeeded a'];
    expect(seen).toEqual([...once, ...once]);
    expect(failedDuring).toEqual(['run.started', 'run.succeeded', 'run.started', 'run.succeeded']);
    await app.close();
    expect(completed).toBe(true);
  });

  it('tell of jobs and runs, all of them or by type', async () => {
    const { clock, scheduler } = await startApp({ providers: [Reminders] });
    const all: SchedulerEvent[] = [];
    const failures: FailureEvent[] = [];
    const notes: (string | null)[] = [];
    scheduler.events$.subscribe((event) => all.push(event));
    scheduler.errors$.subscribe((event) => failures.push(event));
    scheduler.on('job.paused').subscribe(({ note }) => notes.push(note));
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: () => 'fine' });
    await scheduler.addJob({
      id: 'b',
      trigger: every('1s'),
      handler: () => {
        throw new Error('broken');
      },
      maxRuns: 1,
    });
    await scheduler.updateJob('a', { payload: 1 });
    await clock.advance(1_000);
    await scheduler.pauseJob('a', { note: 'why' });
    await scheduler.resumeJob('a');
    await scheduler.resumeJob('a');
    await scheduler.removeJob('a');
    expect(all.map((event) => `${event.type} ${'jobId' in event ? event.jobId : ''}`)).toEqual([
      'job.added a',
      'job.added b',
      'job.edited a',
      'run.started a',
      'run.succeeded a',
      'job.finished b',
      'run.started b',
      'run.failed b',
      'job.paused a',
      'job.resumed a',
      'job.removed a',
    ]);
    expect(failures).toMatchObject([{ type: 'run.failed', jobId: 'b', attempt: 1, retryAt: null }]);
    expect(notes).toEqual(['why']);
  });

  it('survive a subscriber that throws, and tell of it', async () => {
    const { clock, scheduler, lines } = await startApp({ providers: [Reminders] });
    const seen: string[] = [];
    scheduler.events$.subscribe(() => {
      throw new Error('bad subscriber');
    });
    scheduler.on('run.succeeded').subscribe(({ jobId }) => seen.push(jobId));
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping });
    await clock.advance(2_000);
    expect(seen).toEqual(['a', 'a']);
    expect(lines.filter(({ level }) => level === 'error')[0].text).toBe(
      'A subscriber to "job.added" threw: bad subscriber',
    );
  });
});

describe('currentRun', () => {
  it('is the run of the calling code, also behind awaits and in other providers', async () => {
    const seen: (string | null)[] = [];
    @Injectable()
    class Deep {
      async work(): Promise<void> {
        await Promise.resolve();
        seen.push(SchedulerService.currentRun()?.jobId ?? null);
      }
    }
    @Injectable()
    class Tasks {
      constructor(@Inject(Deep) private readonly deep: Deep) {}
      @Interval('1s')
      async first(): Promise<void> {
        await this.deep.work();
      }
      @Interval('1s')
      async second(): Promise<void> {
        await this.deep.work();
      }
    }
    @Module({ providers: [Deep, Tasks] })
    class TasksModule {}
    const { clock } = await startApp({ imports: [TasksModule] });
    await clock.advance(1_000);
    expect(seen).toEqual(['Tasks.first', 'Tasks.second']);
    expect(SchedulerService.currentRun()).toBeNull();
  });
});

describe('without init', () => {
  it('the service answers, and nothing ticks', async () => {
    const { clock, scheduler } = await createApp({ providers: [Reminders] });
    await scheduler.addJob({ id: 'a', trigger: every('1s'), handler: ping });
    await clock.advance(5_000);
    expect(await scheduler.getJobs()).toHaveLength(1);
    expect(await scheduler.getRuns()).toEqual([]);
  });
});

it('two edits at once both come into force, down to the parts of retry', async () => {
  const { scheduler } = await startApp();
  await scheduler.addJob({ id: 'job', trigger: every('1h'), handler: () => {}, retry: { jitter: 0.5 } });
  await Promise.all([
    scheduler.updateJob('job', { timeout: '5s', retry: { attempts: 3 } }),
    scheduler.updateJob('job', { overlap: 'allow', retry: { delay: '2s' } }),
    scheduler.updateJob('job', { disabled: true }),
  ]);
  expect(await scheduler.getJob('job')).toMatchObject({
    state: 'disabled',
    policies: {
      timeoutMs: 5_000,
      overlap: 'allow',
      retry: { attempts: 3, delayMs: 2_000, jitter: 0.5, backoff: 'exponential' },
    },
  });
});
