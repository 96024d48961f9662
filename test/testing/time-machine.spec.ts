import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { setTimeout as realWait } from 'node:timers/promises';
import { type CanActivate, type ExecutionContext, Injectable, Scope, UseGuards } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { IsString } from 'class-validator';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Clock,
  Cron,
  cron,
  defineHandler,
  type Engine,
  every,
  type HandlerFunction,
  Interval,
  JobHandler,
  SCHEDULER_CLOCK,
  SchedulerModule,
  type SchedulerOptions,
  SchedulerService,
  type Store,
} from '@carillon/scheduler';
import { TimeMachine, TimeTravelError } from '@carillon/scheduler/testing';
import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import { LeasedMemoryStore } from '../engine/leased-memory.js';

const START = '2027-01-04T00:00Z';
const running: TestingModule[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const app of running.splice(0)) await app.close();
});

interface Started {
  time: TimeMachine;
  app: TestingModule;
  scheduler: SchedulerService;
}

async function start({
  at = START,
  options,
  providers = [],
  time = new TimeMachine(at),
  keepStore,
}: {
  at?: string;
  keepStore?: boolean;
  options?: SchedulerOptions;
  providers?: (new (...args: never[]) => unknown)[];
  time?: TimeMachine;
} = {}): Promise<Started> {
  const imports = [SchedulerModule.forRoot({ timezone: 'Europe/Berlin', log: false, ...options })];
  const app = await time.steer(Test.createTestingModule({ imports, providers }), { keepStore }).compile();
  running.push(app);
  await app.init();
  return { time, app, scheduler: app.get(SchedulerService) };
}

const iso = (dates: Date[]) => dates.map((date) => date.toISOString());
const outcomes = async (time: TimeMachine, jobId: string) =>
  (await time.runsOf(jobId)).map(({ outcome, reason, state, count }) =>
    [outcome ?? state, reason, count > 1 ? `x${count}` : null].filter((part) => part !== null).join(' '),
  );
/** An engine each of whose verbs throws. */
const ASKED_FOR_NOTHING = new Proxy({} as Engine, {
  get: (_target, name) => () => {
    throw new Error(`asked for ${String(name)}`);
  },
});
const never: HandlerFunction = () => new Promise(() => {});

describe('time that travels', () => {
  it('stands at each tick while its handler runs, in the order of all jobs', async () => {
    const { time, scheduler } = await start();
    const seen: string[] = [];
    const handler: HandlerFunction = ({ jobId, scheduledAt }) => {
      expect(scheduledAt).toEqual(time.now());
      seen.push(`${jobId} ${time.now().toISOString().slice(11, 19)}`);
    };
    await scheduler.addJob({ id: 'third', trigger: every('20m'), handler });
    await scheduler.addJob({ id: 'half', trigger: every('30m'), handler });
    await time.travelTo('2027-01-04T01:00Z');
    expect(seen).toEqual([
      'third 00:20:00',
      'half 00:30:00',
      'third 00:40:00',
      'third 01:00:00',
      'half 01:00:00',
    ]);
    expect(time.now()).toEqual(new Date('2027-01-04T01:00Z'));
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'promises',
      async () => {
        for (let step = 0; step < 1_000; step++) await Promise.resolve();
      },
    ],
    ['timers of its own', () => realWait(30)],
    ['files', () => readFile(import.meta.filename)],
  ])('waits for a handler that awaits %s', async (_what, work) => {
    const { time, scheduler } = await start();
    const settled: string[] = [];
    const handler: HandlerFunction = async () => {
      await work();
      settled.push(time.now().toISOString());
    };
    await scheduler.addJob({ id: 'slow', trigger: every('1h'), handler });
    await time.advance('3h');
    expect(settled).toEqual(iso(await time.ticksOf('slow')));
    expect(await outcomes(time, 'slow')).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('passes a year of a daily job, with both changes of offset, in under a second', async () => {
    @Injectable()
    class Nightly {
      runs = 0;

      @Cron('30 2 * * *', { id: 'nightly' })
      async run() {
        this.runs += await Promise.resolve(1);
      }
    }
    const { time, app } = await start({ at: '2027-01-01T00:00Z', providers: [Nightly] });
    const began = performance.now();
    await time.travelTo('2028-01-01T00:00Z');
    expect(performance.now() - began).toBeLessThan(1_000);

    const ticks = iso(await time.ticksOf('nightly'));
    expect(ticks).toHaveLength(365);
    expect(app.get(Nightly).runs).toBe(365);
    // 02:30 does not exist on 28 March, and comes twice on 31 October.
    expect(ticks.filter((tick) => tick.startsWith('2027-03-28'))).toEqual(['2027-03-28T01:00:00.000Z']);
    expect(ticks.filter((tick) => tick.startsWith('2027-10-31'))).toEqual(['2027-10-31T00:30:00.000Z']);
  });

  it('makes retries at their instants', async () => {
    const { time, scheduler } = await start();
    const attempts: string[] = [];
    await scheduler.addJob({
      id: 'flaky',
      trigger: every('1h'),
      retry: { attempts: 3, delay: '10s', backoff: 'fixed' },
      handler: async ({ attempt }) => {
        attempts.push(time.now().toISOString().slice(11, 19));
        await realWait(2);
        if (attempt < 3) throw new Error('not yet');
      },
    });
    await time.advance('1h');
    expect(attempts).toEqual(['01:00:00']);
    await time.advance('1m');
    expect(attempts).toEqual(['01:00:00', '01:00:10', '01:00:20']);
    expect(await outcomes(time, 'flaky')).toEqual(['succeeded']);
  });

  it('times a handler out that waits for ever, and waits for what it does then', async () => {
    const time = new TimeMachine(START, { patience: '30ms' });
    const { scheduler } = await start({ time });
    const cleanedAt: Date[] = [];
    await scheduler.addJob({
      id: 'stuck',
      trigger: every('1h'),
      timeout: '2s',
      handler: async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await realWait(10);
        cleanedAt.push(time.now());
      },
    });
    await time.advance('2h 1m');
    expect(await outcomes(time, 'stuck')).toEqual(['timedOut', 'timedOut']);
    expect(iso(cleanedAt)).toEqual(['2027-01-04T01:00:02.000Z', '2027-01-04T02:00:02.000Z']);
  });

  it('goes on without a handler that hangs, once', async () => {
    const time = new TimeMachine(START, { patience: '30ms' });
    const { scheduler } = await start({ time });
    await scheduler.addJob({ id: 'hung', trigger: every('1m'), handler: never });
    const began = performance.now();
    await time.advance('1d');
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await outcomes(time, 'hung')).toEqual(['running', 'skipped overlap x1439']);
    expect(await time.ticksOf('hung')).toHaveLength(1);
  });

  it('runs what is due at the very instant that it stands at', async () => {
    const { time, scheduler } = await start();
    await scheduler.addJob({ id: 'start', trigger: every('1h', { runOnStart: true }), handler: () => {} });
    await time.advance(0);
    expect(iso(await time.ticksOf('start'))).toEqual(['2027-01-04T00:00:00.000Z']);
  });

  it('waits for what is made for each run', async () => {
    const seen: string[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      @Interval('1h', { id: 'scoped' })
      async run() {
        await realWait(2);
        seen.push('ran');
      }
    }
    const { time } = await start({ providers: [Scoped] });
    await time.advance('2h');
    expect(seen).toEqual(['ran', 'ran']);
  });

  it('needs no fake timers and does not mind them', async () => {
    const { time, scheduler } = await start();
    vi.useFakeTimers();
    await scheduler.addJob({
      id: 'hourly',
      trigger: every('1h'),
      handler: () => readFile(import.meta.filename),
    });
    await time.advance('1d');
    expect(await time.ticksOf('hourly')).toHaveLength(24);
    expect(await outcomes(time, 'hourly')).toEqual(Array(24).fill('succeeded'));
  });

  it('goes on without a handler that waits for the clock, and gives it what it waits for', async () => {
    const time = new TimeMachine(START, { patience: '30ms' });
    const { app, scheduler } = await start({ time });
    const clock: Clock = app.get(SCHEDULER_CLOCK);
    const woken: Date[] = [];
    await scheduler.addJob({
      id: 'sleeper',
      trigger: every('1h'),
      handler: async () => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, 600_000));
        woken.push(time.now());
      },
    });
    await time.advance('2h');
    expect(iso(woken)).toEqual(['2027-01-04T01:10:00.000Z']);
    expect(await outcomes(time, 'sleeper')).toEqual(['succeeded', 'running']);
  });

  it('is the time of whoever injects the clock', async () => {
    const { time, app } = await start();
    await time.advance('90m');
    expect(app.get(SCHEDULER_CLOCK).now()).toBe(Date.parse('2027-01-04T01:30Z'));
  });

  it('keeps the whole history and asks no engine but its own, whatever the options say', async () => {
    const { time, scheduler } = await start({ options: { history: { perJob: 2, total: 2 } } });
    await scheduler.addJob({ id: 'minutely', trigger: every('1m'), handler: () => {} });
    await time.advance('1d');
    expect(await time.ticksOf('minutely')).toHaveLength(1_440);
    expect(await time.runsOf('minutely')).toHaveLength(1_440);

    const other = await start({ options: { engine: ASKED_FOR_NOTHING } });
    await other.scheduler.addJob({ id: 'hourly', trigger: every('1h'), handler: () => {} });
    await other.time.advance('2h');
    expect(await other.time.ticksOf('hourly')).toHaveLength(2);
  });
});

describe('a store that takes its time', () => {
  /** Answers each verb with a promise, after some real time. */
  function slow(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          await realWait(1);
          return Reflect.apply(member, target, args) as unknown;
        };
      },
    });
  }

  it('is waited for, too', async () => {
    const limits = { runsPerJob: 100, runsTotal: 1_000, concurrency: { whole: null, groups: {} } };
    const store = slow(new MemoryStore(limits as ConstructorParameters<typeof MemoryStore>[0]));
    const { time, scheduler } = await start({ options: { store }, keepStore: true });
    let ran = 0;
    const lateMs: number[] = [];
    await scheduler.addJob({
      id: 'hourly',
      trigger: every('1h'),
      retry: { attempts: 2, delay: '1s' },
      handler: ({ attempt, scheduledAt }) => {
        lateMs.push(time.now().getTime() - (scheduledAt ?? time.now()).getTime());
        if (attempt === 1) throw new Error('once more');
        ran++;
      },
    });
    await time.advance('6h 1m');
    expect(ran).toBe(6);
    expect(lateMs).toEqual([0, 0, 0, 0, 0, 0].flatMap(() => [0, 1_000]));
    expect(await outcomes(time, 'hourly')).toEqual(Array(6).fill('succeeded'));
    expect(await time.performNow('hourly').catch((error: Error) => error.message)).toBe('once more');
  });
});

describe('a store that outlives the process', () => {
  const work = defineHandler('work');
  const hang = defineHandler('hang');

  @Injectable()
  class Workers {
    @JobHandler(work)
    work() {
      return Promise.resolve('done');
    }

    @JobHandler(hang)
    hang() {
      return new Promise(() => {});
    }
  }

  async function withStore() {
    const time = new TimeMachine('2027-01-01T00:00Z', { patience: '30ms' });
    const store = new LeasedMemoryStore(() => {
      throw new Error('A steered clock is not set by a store.');
    });
    const started = await start({ time, options: { store }, providers: [Workers], keepStore: true });
    return { ...started, store };
  }

  it('is travelled with as fast', async () => {
    const { time, scheduler } = await withStore();
    await scheduler.addJob({ id: 'daily', trigger: cron('30 2 * * *'), handler: work });
    const began = performance.now();
    await time.travelTo('2027-04-01T00:00Z');
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await time.ticksOf('daily')).toHaveLength(90);
    expect(await time.performNow('daily')).toBe('done');
  });

  it('keeps each tick of a year, though the store forgets its runs', async () => {
    const { time, scheduler, store } = await withStore();
    await scheduler.addJob({ id: 'daily', trigger: cron('30 2 * * *'), handler: work });
    await time.travelTo('2028-01-01T00:00Z');
    expect((await time.runsOf('daily')).length).toBeLessThan(365);
    expect(await time.ticksOf('daily')).toHaveLength(365);
    expect(store.claims.length).toBe(365);
  });

  it('is not opened unless it is kept: the jobs live in memory', async () => {
    const store = new Proxy(new LeasedMemoryStore(() => 0), {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return () => {
          throw new Error(`asked for ${String(name)}`);
        };
      },
    });
    const { time, scheduler } = await start({ options: { store }, providers: [Workers] });
    await scheduler.addJob({ id: 'daily', trigger: cron('30 2 * * *'), handler: work });
    await time.advance('365d');
    expect(await time.ticksOf('daily')).toHaveLength(365);
  });

  it('is refused when a live replica uses it, and is closed again', async () => {
    const store = new LeasedMemoryStore(() => Date.now());
    store.others = ['web-1'];
    const closed = vi.spyOn(store, 'close');
    const started = start({ options: { store }, providers: [Workers], keepStore: true });
    await expect(started).rejects.toThrow(/in use by web-1.*keepStore/);
    await expect(started).rejects.toBeInstanceOf(TimeTravelError);
    expect(closed).toHaveBeenCalledOnce();
    expect(store.beats).toBe(0);
  });

  it('renews the lease of a handler that hangs', async () => {
    const { time, scheduler, store } = await withStore();
    await scheduler.addJob({ id: 'hung', trigger: every('1h'), handler: hang });
    await time.advance('61m');
    expect(store.renewed.length).toBe(6);
    expect(await outcomes(time, 'hung')).toEqual(['running']);
  });
});

describe('performNow', () => {
  class Mail {
    @IsString()
    to!: string;
  }
  const mail = defineHandler('mail', Mail);

  @Injectable()
  class Mailer {
    @JobHandler(mail)
    async send({ payload }: { payload: Mail }) {
      await realWait(2);
      if (payload.to === 'nobody') throw new TypeError('Nobody is there.');
      return {
        sentTo: payload.to,
        isMail: payload instanceof Mail,
        by: SchedulerService.currentRun()?.jobId,
      };
    }
  }

  async function withMail() {
    const started = await start({ providers: [Mailer], time: new TimeMachine(START, { patience: '50ms' }) });
    await started.scheduler.addJob({
      id: 'mail',
      trigger: every('1h'),
      handler: mail,
      payload: { to: 'ana' },
    });
    return started;
  }

  it('answers what the handler returned, and time stands still', async () => {
    const { time } = await withMail();
    expect(await time.performNow('mail')).toEqual({ sentTo: 'ana', isMail: true, by: 'mail' });
    expect(await time.performNow('mail', { to: 'ben' })).toMatchObject({ sentTo: 'ben' });
    expect(time.now()).toEqual(new Date(START));
    expect(await outcomes(time, 'mail')).toEqual(['succeeded', 'succeeded']);
    expect(await time.ticksOf('mail')).toEqual([]);
  });

  it('goes through what stands before the handler', async () => {
    const passed: string[] = [];
    class Doorman implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        passed.push(context.getHandler().name);
        return passed.length === 1;
      }
    }
    @Injectable()
    class Guarded {
      @UseGuards(Doorman)
      @Cron('0 3 * * *', { id: 'guarded' })
      guarded() {
        return 'let in';
      }
    }
    const { time } = await start({ providers: [Guarded] });
    expect(await time.performNow('guarded')).toBe('let in');
    await expect(time.performNow('guarded')).rejects.toThrow('The guard Doorman refused the run.');
    expect(passed).toEqual(['guarded', 'guarded']);
  });

  it('throws what the handler threw, and what is wrong with the payload', async () => {
    const { time } = await withMail();
    await expect(time.performNow('mail', { to: 'nobody' })).rejects.toThrow(
      new TypeError('Nobody is there.'),
    );
    await expect(time.performNow('mail', { to: 5 })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
    await expect(time.performNow('mail', { to: 5n })).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' });
    await expect(time.performNow('letter')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND', jobId: 'letter' });
  });

  it('makes one attempt, and leaves the retry to its instant', async () => {
    const { time, scheduler } = await start();
    await scheduler.addJob({
      id: 'flaky',
      trigger: every('1d'),
      retry: { attempts: 2, delay: '10s' },
      handler: ({ attempt }) => {
        if (attempt === 1) throw new Error('once');
      },
    });
    await expect(time.performNow('flaky')).rejects.toThrow('once');
    expect(await outcomes(time, 'flaky')).toEqual(['waiting']);
    await time.advance('1m');
    expect(await outcomes(time, 'flaky')).toEqual(['succeeded']);
  });

  it('says why a run does not begin, or does not end', async () => {
    const { time, scheduler } = await withMail();
    await scheduler.addJob({ id: 'hung', trigger: every('1h'), handler: never });
    await expect(time.performNow('hung')).rejects.toThrow('Still at work after 50ms of real time: "hung".');
    await expect(time.performNow('hung')).rejects.toThrow('did not begin: it is skipped (overlap)');
    await scheduler.pause();
    await expect(time.performNow('mail')).rejects.toThrow('did not begin: it is waiting');
  });
});

describe('drain', () => {
  it('waits for runs that were asked for and not awaited', async () => {
    const { time, scheduler } = await start();
    const ended: string[] = [];
    const handler: HandlerFunction = async ({ id }) => {
      await realWait(10);
      ended.push(id);
    };
    await scheduler.addJob({ id: 'job', trigger: every('1h'), overlap: 'queueAll', handler });
    const first = await scheduler.runNow('job');
    const second = await scheduler.runNow('job');
    expect(ended).toEqual([]);
    await time.drain();
    expect(ended).toEqual([first.id, second.id]);
    expect(time.now()).toEqual(new Date(START));
  });

  it('says whose handler does not end', async () => {
    const time = new TimeMachine(START, { patience: 20 });
    const { scheduler } = await start({ time });
    await scheduler.addJob({ id: 'hung', trigger: every('1h'), handler: never });
    await time.advance('1h');
    await expect(time.drain()).rejects.toThrow('"hung"');
  });
});

describe('wouldRun', () => {
  @Injectable()
  class Reports {
    built = 0;

    @Cron('5 0 * * *', { id: 'daily' })
    daily() {
      this.built++;
    }

    @Cron('0 9 * * MON', { id: 'weekly', jitter: '10m' })
    weekly() {
      this.built++;
    }
  }

  it('tells the ticks of all jobs, or of one, and runs nothing', async () => {
    const { time, app } = await start({ providers: [Reports] });
    // A Monday in Berlin, whose 00:05 is the evening before in UTC.
    expect(await time.wouldRun('2027-01-10T23:00Z', '2027-01-11T23:05Z')).toEqual([
      { jobId: 'daily', scheduledAt: new Date('2027-01-10T23:05Z') },
      { jobId: 'weekly', scheduledAt: new Date('2027-01-11T08:00Z') },
      { jobId: 'daily', scheduledAt: new Date('2027-01-11T23:05Z') },
    ]);
    expect(await time.wouldRun(START, '2028-01-04T00:00Z', 'daily')).toHaveLength(365);
    expect(await time.wouldRun(START, '2027-01-04T08:00Z', 'weekly')).toHaveLength(1);
    expect(app.get(Reports).built).toBe(0);
    expect(await time.runsOf('daily')).toEqual([]);
  });

  it('tells what then runs', async () => {
    const { time, scheduler } = await start({ providers: [Reports] });
    const handler = () => {};
    await scheduler.addJob({ id: 'thrice', trigger: every('5h'), maxRuns: 3, handler });
    await scheduler.addJob({
      id: 'after',
      trigger: every('7h', { mode: 'delay', runOnStart: true }),
      handler,
    });
    await scheduler.addJob({ id: 'paused', trigger: every('2h'), handler });
    await scheduler.pauseJob('paused', { until: new Date('2027-01-04T12:00Z') });
    await scheduler.addJob({ id: 'off', trigger: every('2h'), disabled: true, handler });
    await time.advance('6h');
    const to = '2027-01-12T00:00Z';
    const upcoming = await time.wouldRun(time.now(), to);
    expect(new Set(upcoming.map(({ jobId }) => jobId))).toEqual(
      new Set(['daily', 'weekly', 'thrice', 'after', 'paused']),
    );
    const later = await time.wouldRun('2027-01-04T10:30Z', to, 'thrice');
    expect(iso(later.map(({ scheduledAt }) => scheduledAt))).toEqual(['2027-01-04T15:00:00.000Z']);
    const from = time.now();
    await time.travelTo(to);
    for (const jobId of ['daily', 'weekly', 'thrice', 'after', 'paused']) {
      const ran = (await time.ticksOf(jobId)).filter((tick) => tick > from);
      expect(upcoming.filter((tick) => tick.jobId === jobId).map((tick) => tick.scheduledAt)).toEqual(ran);
    }
  });

  it('refuses what has passed, what is turned round and what is too much', async () => {
    const { time, scheduler } = await start({ providers: [Reports] });
    await time.advance('1d');
    await expect(time.wouldRun(START, '2028-01-01T00:00Z')).rejects.toThrow('has been decided');
    await expect(time.wouldRun('2028-01-01T00:00Z', '2027-06-01T00:00Z')).rejects.toMatchObject({
      field: 'to',
    });
    await expect(time.wouldRun('2028-01-01', '2029-01-01')).rejects.toThrow('names no time zone');
    await expect(time.wouldRun(time.now(), '2028-01-01T00:00Z', 'monthly')).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
    await scheduler.addJob({ id: 'secondly', trigger: cron('* * * * * *'), handler: () => {} });
    await expect(time.wouldRun(time.now(), '2028-01-01T00:00Z')).rejects.toThrow('more than 100000 ticks');
  });
});

describe('what cannot be', () => {
  it('is a start without a zone, or a patience that is none', () => {
    expect(() => new TimeMachine('2027-01-01T00:00')).toThrow('names no time zone');
    expect(() => new TimeMachine(new Date(Number.NaN))).toThrow('"startAt"');
    expect(() => new TimeMachine(START, { patience: 'long' })).toThrow('patience');
  });

  it('is to travel back', async () => {
    const { time } = await start();
    await time.advance('1h');
    await expect(time.travelTo(START)).rejects.toThrow(
      'Time stands at 2027-01-04T01:00:00.000Z and does not go back to 2027-01-04T00:00:00.000Z.',
    );
    await expect(time.travelTo('2027-02-30T00:00Z')).rejects.toThrow('names a day that does not exist');
    await expect(time.advance('-1h')).rejects.toThrow('which is negative');
    expect(time.now()).toEqual(new Date('2027-01-04T01:00Z'));
  });

  it('is to travel without an application, before it has started, and after it was closed', async () => {
    const time = new TimeMachine(START);
    await expect(time.advance('1h')).rejects.toThrow('Compile one from time.steer(');
    const imports = [SchedulerModule.forRoot()];
    const app = await time.steer(Test.createTestingModule({ imports })).compile();
    await expect(time.advance('1h')).rejects.toThrow('Call await app.init() first');
    await expect(time.wouldRun(START, START)).rejects.toBeInstanceOf(TimeTravelError);
    await app.init();
    await time.advance('1h');
    await app.close();
    await expect(time.advance('1h')).rejects.toThrow('this one has been closed');
  });

  it('is to ask for a job that there is not', async () => {
    const { time } = await start();
    await expect(time.ticksOf('daily')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND', jobId: 'daily' });
    await expect(time.runsOf('daily')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND', jobId: 'daily' });
  });

  it('is to move time from two places', async () => {
    const time = new TimeMachine(START, { patience: 20 });
    const { scheduler } = await start({ time });
    await scheduler.addJob({ id: 'mover', trigger: every('1h'), handler: () => time.advance('1h') });
    await time.advance('1h');
    const [run] = await time.runsOf('mover');
    expect(run).toMatchObject({ outcome: 'failed', error: { name: 'TimeTravelError' } });
    const [first, second] = await Promise.allSettled([time.advance('1m'), time.drain()]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'TIME_TRAVEL' } });
  });

  it('is to have two applications on one time, but one after the other', async () => {
    const { time, app } = await start();
    await expect(start({ time })).rejects.toThrow('An application is running on this time already.');
    await time.advance('1h');
    await app.close();
    const next = await start({ time });
    await next.scheduler.addJob({ id: 'hourly', trigger: every('1h'), handler: () => {} });
    await time.advance('1h');
    expect(iso(await time.ticksOf('hourly'))).toEqual(['2027-01-04T02:00:00.000Z']);
  });
});

describe('closing the application', () => {
  it('waits for handlers, and lets time pass for those that hang', async () => {
    const time = new TimeMachine(START, { patience: 20 });
    const { app, scheduler } = await start({ time });
    const settled: string[] = [];
    await scheduler.addJob({
      id: 'slow',
      trigger: every('1h'),
      handler: async () => {
        await realWait(5);
        settled.push('slow');
      },
    });
    await scheduler.addJob({
      id: 'until-aborted',
      trigger: every('1h'),
      handler: async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await realWait(5);
        settled.push('until-aborted');
      },
    });
    await scheduler.addJob({ id: 'hung', trigger: every('1h'), handler: never });
    for (const id of ['slow', 'until-aborted', 'hung']) await scheduler.runNow(id);
    const stopped = new Promise((resolve) => {
      scheduler.on('scheduler.stopped').subscribe(({ abandoned }) => resolve(abandoned));
    });
    await app.close();
    expect(settled).toEqual(['slow', 'until-aborted']);
    expect(await stopped).toBe(1);
    // drainTimeout and abortGrace.
    expect(time.now().getTime() - Date.parse(START)).toBe(11_000);
  });
});
