import { Inject, Injectable } from '@nestjs/common';
import { IsEmail } from 'class-validator';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  at,
  defineHandler,
  every,
  InvalidJobsError,
  type Job,
  JobHandler,
  type RunContext,
  SchedulerService,
} from '@carillon/scheduler';
import { createApp, rejection, startApp, START } from './testing-app.js';

const startedAt = new Date(START).getTime();
const trigger = at(new Date(startedAt + 1_000));

class MailDto {
  @IsEmail()
  to!: string;
}
const sendMail = defineHandler('send-mail', MailDto);
const ping = defineHandler('ping');

@Injectable()
class Mailer {
  readonly sent: unknown[] = [];
  @JobHandler(sendMail)
  send(run: RunContext<MailDto>): void {
    this.sent.push(run.payload);
  }
  @JobHandler(ping)
  ping(run: RunContext): void {
    this.sent.push(run.jobId);
  }
}

const providers = [Mailer];

async function refused(call: Promise<unknown>): Promise<InvalidJobsError> {
  const error = await rejection(call);
  expect(error).toBeInstanceOf(InvalidJobsError);
  return error as InvalidJobsError;
}

describe('addJobs', () => {
  it('adds the jobs in one call, returns them in its order, and publishes job.added for each', async () => {
    const { app, clock, scheduler } = await startApp({ providers });
    const added: string[] = [];
    scheduler.on('job.added').subscribe(({ jobId }) => added.push(jobId));
    const jobs = await scheduler.addJobs([
      { id: 'b', trigger, handler: ping },
      { trigger, handler: 'ping', group: undefined },
      { id: 'a', trigger: every('1h'), handler: ping, payload: { n: 1 }, overlap: 'allow' },
    ]);
    const ids = jobs.map(({ id }) => id);
    expect(ids).toEqual(['b', expect.any(String), 'a']);
    expect(added).toEqual(ids);
    expect(jobs[2]).toMatchObject({ payload: { n: 1 }, policies: { overlap: 'allow' }, origin: 'added' });
    expect(jobs[2]).toEqual(await scheduler.getJob('a'));
    await clock.advance(1_000);
    expect(app.get(Mailer).sent).toEqual(['b', ids[1]]);
  });

  it('adds functions, and payloads of a class, and checks both by type', async () => {
    const { app, clock, scheduler } = await startApp({ providers });
    const ran: string[] = [];
    await scheduler.addJobs([{ id: 'f', trigger, handler: (run: RunContext) => void ran.push(run.jobId) }]);
    await scheduler.addJobs(
      ['ana@example.org', 'bo@example.org'].map((to) => ({ trigger, handler: sendMail, payload: { to } })),
    );
    await clock.advance(1_000);
    expect([ran, app.get(Mailer).sent]).toEqual([
      ['f'],
      [{ to: 'ana@example.org' }, { to: 'bo@example.org' }],
    ]);
    // @ts-expect-error the payload is no MailDto
    const wrong = scheduler.addJobs([{ trigger, handler: sendMail, payload: { too: 'x' } }]);
    expectTypeOf(wrong).toEqualTypeOf<Promise<Job[]>>();
    await refused(wrong);
  });

  it('names index and field of each wrong request, and adds none', async () => {
    const { scheduler } = await startApp({ providers });
    const added: string[] = [];
    scheduler.on('job.added').subscribe(({ jobId }) => added.push(jobId));
    const error = await refused(
      scheduler.addJobs([
        { id: 'right', trigger, handler: ping },
        { id: 'a', trigger: '0 3 * * *' as never, handler: ping },
        { id: 'b', trigger, handler: 'nobody' },
        { id: 'c', trigger, handler: sendMail, payload: { to: 'nowhere' } },
        { id: 'right', trigger, handler: ping },
        { id: 'd', trigger, handler: ping, timeout: 'soon' },
        { id: 'e', trigger: every('1h', { endAt: new Date(startedAt) }), handler: ping },
        { id: 'f', trigger, handler: ping, transaction: {} },
        { id: 'g', trigger, handler: ping, retry: { attempts: 0 } },
        { id: 'h', trigger, handler: ping, payload: { n: Number.NaN } },
        null,
      ] as never),
    );
    expect(error.errors.map(({ index, field, code }) => [index, field, code])).toEqual([
      [1, 'requests[1].trigger', 'INVALID_OPTIONS'],
      [2, 'requests[2].handler', 'HANDLER_UNKNOWN'],
      [3, 'requests[3].payload.to', 'PAYLOAD_INVALID'],
      [4, 'requests[4].id', 'INVALID_OPTIONS'],
      [5, 'requests[5].timeout', 'INVALID_DURATION'],
      [6, 'requests[6].trigger', 'NEVER_FIRES'],
      [7, 'requests[7].transaction', 'INVALID_OPTIONS'],
      [8, 'requests[8].retry.attempts', 'INVALID_OPTIONS'],
      [9, 'requests[9].payload.n', 'PAYLOAD_INVALID'],
      [10, 'requests[10]', 'INVALID_OPTIONS'],
    ]);
    expect(error).toMatchObject({ code: 'INVALID_JOBS', statusCode: 400, count: 10 });
    expect(error.errors[3]!.message).toContain('The id "right" is also that of requests[0].');
    expect(error.message).toMatch(
      /^No job was added, because 10 of 11 requests cannot be carried out\. requests\[1\]\.trigger: .+ requests\[2\]\.handler: .+ requests\[3\]\.payload\.to: .+ And 7 more\.$/,
    );
    expect([await scheduler.getJobs(), added]).toEqual([[], []]);
  });

  it('lists the first 20 wrong requests and counts all', async () => {
    const { scheduler } = await startApp({ providers });
    const requests = Array.from({ length: 30 }, () => ({ trigger, handler: 'nobody' }));
    const { errors, count, statusCode } = await refused(scheduler.addJobs(requests));
    expect([errors.length, errors.at(-1)!.index, count, statusCode]).toEqual([20, 19, 30, 422]);
  });

  it('adds none when ids are taken, unless their requests say what becomes of those', async () => {
    const { scheduler } = await startApp({ providers });
    await scheduler.addJobs(['a', 'b', 'c'].map((id) => ({ id, trigger, handler: 'ping', payload: 'old' })));
    const many = (ifTaken: 'error' | 'keep' | 'replace') =>
      ['new', 'c', 'a'].map((id) => ({ id, trigger, handler: 'ping', payload: 'new', ifTaken }));
    const error = await refused(scheduler.addJobs(many('error')));
    expect(error).toMatchObject({ statusCode: 409, count: 2 });
    expect(error.errors.map(({ field, code }) => [field, code])).toEqual([
      ['requests[1].id', 'JOB_ID_TAKEN'],
      ['requests[2].id', 'JOB_ID_TAKEN'],
    ]);
    expect(await scheduler.getJob('new')).toBeNull();
    const payloads = async (jobs: Promise<Job[]>) => (await jobs).map(({ payload }) => payload);
    expect(await payloads(scheduler.addJobs(many('keep')))).toEqual(['new', 'old', 'old']);
    const edited: string[] = [];
    scheduler.on('job.edited').subscribe(({ jobId }) => edited.push(jobId));
    expect(await payloads(scheduler.addJobs(many('replace')))).toEqual(['new', 'new', 'new']);
    expect(edited).toEqual(['c', 'a']);
  });

  it.each<[string, unknown, unknown, object]>([
    ['no list', { trigger }, undefined, { field: 'requests', message: expect.stringContaining('an array') }],
    [
      'too many',
      Array.from({ length: 10_001 }),
      undefined,
      { field: 'requests.length', value: 10_001, message: expect.stringMatching(/10000\. Split them/) },
    ],
    ['an unknown option', [], { transactoin: 1 }, { field: 'transactoin' }],
    ['a transaction in memory', [], { transaction: {} }, { field: 'transaction' }],
  ])('refuses %s', async (_, requests, options, expected) => {
    const { scheduler } = await startApp({ providers });
    const error = await rejection(scheduler.addJobs(requests as never, options as never));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', ...expected });
  });

  it('adds as many as one call may, and none at all', async () => {
    const { scheduler } = await startApp({ providers });
    const jobs = await scheduler.addJobs(
      Array.from({ length: 10_000 }, () => ({ trigger, handler: 'ping' })),
    );
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(10_000);
    expect((await scheduler.getJobs()).length).toBe(10_000);
    expect(await scheduler.addJobs([])).toEqual([]);
  });

  it('takes jobs before the start, and none from the drain on', async () => {
    @Injectable()
    class Early {
      constructor(@Inject(SchedulerService) private readonly scheduler: SchedulerService) {}
      async onModuleInit(): Promise<void> {
        await this.scheduler.addJobs([{ id: 'early', trigger, handler: 'ping' }]);
      }
    }
    const { app, scheduler } = await createApp({ providers: [Mailer, Early] });
    await app.init();
    expect(await scheduler.getJob('early')).toMatchObject({ state: 'active' });
    await app.close();
    const error = await rejection(scheduler.addJobs([{ trigger, handler: 'ping' }]));
    expect(error).toMatchObject({ code: 'SCHEDULER_NOT_RUNNING' });
  });
});
