import { copyAsJson, InvalidOptionsError, type Job, JobNotFoundError, type Run } from '../model/index.js';
import type { Settings } from '../nest/scheduler-options.js';
import { SCHEDULER_CLOCK, SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from '../nest/tokens.js';
import type { Engine, RunningAttempt } from '../ports/index.js';
import { type Duration, formatDuration, parseDuration } from '../timing/index.js';
import { parseInstant } from '../timing/time/instant.js';
import { ManualClock } from './manual-clock.js';
import { SteeredScheduler } from './steered-scheduler.js';
import { TimeTravelError } from './time-travel-error.js';
import { upcomingTicks } from './upcoming-ticks.js';

export interface TimeMachineOptions {
  /**
   * How long handlers may take in real time. Then time goes on without them, since they may wait for
   * it, such as one that hangs until its `timeout`. Default 1 s.
   */
  patience?: Duration;
}

export interface SteerOptions {
  /**
   * Moves time in the application's own store. The store then keeps rows of the future, so give it one of
   * the test's own. Default false: the jobs live in memory, and the store is not opened.
   */
  keepStore?: boolean;
}

/** A tick to come. With `jitter` its run begins a little later. */
export interface UpcomingTick {
  jobId: string;
  scheduledAt: Date;
}

/** The part of the builder of Nest's `Test.createTestingModule` that `steer` uses. */
export interface TestingBuilder {
  overrideProvider(token: symbol): {
    useValue(value: unknown): unknown;
    useFactory(options: { inject: symbol[]; factory: (...args: never[]) => unknown }): unknown;
  };
}

const DEFAULT_PATIENCE = '1s';
const PAGE = 1_000;
const MOST_UPCOMING = 100_000;

/**
 * The time of a scheduler under test. It stands still until the test moves it, and then passes from
 * one due instant to the next: at each, the clock shows that instant, and handlers are awaited before
 * time goes on. It is the time of the scheduler only: `Date.now()` and timers stay real.
 */
export class TimeMachine {
  private readonly clock: ManualClock;
  private readonly patienceMs: number;
  private steered: SteeredScheduler | null = null;
  /** The verb that is under way. */
  private under: string | null = null;

  /**
   * @param startAt where time stands at first; a string must name its zone: `2027-03-28T00:30Z`
   * @throws InvalidTriggerError, InvalidDurationError
   */
  constructor(startAt: Date | string, { patience = DEFAULT_PATIENCE }: TimeMachineOptions = {}) {
    this.clock = new ManualClock(startAt);
    this.patienceMs = parseDuration(patience, 'patience');
  }

  /**
   * Puts the scheduler of an application on this time:
   * `await time.steer(Test.createTestingModule({ imports: [AppModule] })).compile()`. The jobs live in
   * memory, whatever `store` and `engine` say, and their history has no limit; nothing else of the
   * application changes. Starting an application whose kept store is in use by a live replica rejects
   * with TimeTravelError.
   */
  steer<B extends TestingBuilder>(builder: B, { keepStore = false }: SteerOptions = {}): B {
    builder.overrideProvider(SCHEDULER_CLOCK).useValue(this.clock);
    builder.overrideProvider(SCHEDULER_RUNTIME).useFactory({
      inject: [SCHEDULER_SETTINGS],
      factory: (settings: Settings) => this.take(settings, keepStore).runtime,
    });
    return builder;
  }

  /** The instant at which time stands. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /**
   * Lets time pass up to and including this instant: ticks at it run, too.
   *
   * @throws TimeTravelError when it has passed, or the application does not run; InvalidTriggerError
   */
  async travelTo(instant: Date | string): Promise<void> {
    const at = parseInstant(instant, 'instant');
    if (at < this.clock.now()) {
      throw new TimeTravelError(
        `Time stands at ${this.now().toISOString()} and does not go back to ${new Date(at).toISOString()}. ` +
          'Begin a test at the earliest instant that it needs: new TimeMachine(startAt).',
      );
    }
    await this.alone('travelTo', (scheduler) => scheduler.passUntil(at));
  }

  /** Lets so much time pass; a day is 24 h. @throws InvalidDurationError, TimeTravelError when the application does not run */
  async advance(duration: Duration): Promise<void> {
    const ms = parseDuration(duration, 'duration');
    await this.alone('advance', (scheduler) => scheduler.passUntil(this.clock.now() + ms));
  }

  /**
   * Waits until no handler is at work. Time stands still: later ticks and retries stay as they are.
   *
   * @throws TimeTravelError when a handler takes longer than `patience` in real time
   */
  async drain(): Promise<void> {
    await this.alone('drain', async (scheduler) => {
      scheduler.runner.hopeAgain();
      await scheduler.passUntil(this.clock.now());
      const atWork = scheduler.runner.atWork();
      if (atWork.length > 0) throw this.stillAtWork(atWork);
    });
  }

  /**
   * Runs a job now, as `runNow` does, and returns the handler's result. Time stands still: it is one
   * attempt, and a retry stays planned for its instant.
   *
   * @param payload instead of the job's own
   * @throws the handler's error; PayloadInvalidError; JobNotFoundError; TimeTravelError when it cannot
   * begin, or does not end within `patience`
   */
  async performNow<T = unknown>(jobId: string, payload?: unknown): Promise<T> {
    return this.alone('performNow', async (scheduler) => {
      const { runner, runtime } = scheduler;
      let run!: Run;
      const begun = await runner.begunDuring(async () => {
        run = await runtime.engine.runNow(jobId, copyAsJson(payload));
        await scheduler.rest();
      });
      const attempt = begun.find(({ claim }) => claim.runId === run.id);
      if (!attempt) throw await this.notBegun(run);
      if (!attempt.end) throw this.stillAtWork([attempt]);
      const { result } = attempt.end;
      if (result.kind !== 'succeeded') throw result.error;
      return result.value as T;
    });
  }

  /** All ticks that runs were started for, oldest first, those included that a kept store has forgotten. For skipped or missed ticks use `runsOf`. @throws JobNotFoundError */
  async ticksOf(jobId: string): Promise<Date[]> {
    const runs = await this.runsOf(jobId);
    const ticks = new Set(this.running('ticksOf').starts.get(jobId));
    for (const { scheduledAt, startedAt } of runs)
      if (scheduledAt && startedAt) ticks.add(scheduledAt.getTime());
    return [...ticks].sort((a, b) => a - b).map((tick) => new Date(tick));
  }

  /** All recorded rows of the job, oldest first: runs, and ticks without one, with outcome and reason. @throws JobNotFoundError */
  async runsOf(jobId: string): Promise<Run[]> {
    const engine = this.running('runsOf').runtime.engine;
    const runs: Run[] = [];
    for (let after: string | undefined; ; after = runs.at(-1)!.id) {
      const page = await engine.getRuns({ jobId, limit: PAGE, ...(after === undefined ? {} : { after }) });
      runs.push(...page);
      if (page.length < PAGE) break;
    }
    if (runs.length === 0) await requireJob(engine, jobId);
    return runs.reverse();
  }

  /**
   * Returns the ticks of one job, or of all, in [from, to], in order, and runs nothing. Holds for the jobs
   * as they are now, as if each run took no time. Ticks inside a pause are left out.
   *
   * @throws TimeTravelError when `from` has passed, or there are more than 100,000; JobNotFoundError, InvalidTriggerError
   */
  async wouldRun(from: Date | string, to: Date | string, jobId?: string): Promise<UpcomingTick[]> {
    const engine = this.running('wouldRun').runtime.engine;
    const fromAt = parseInstant(from, 'from');
    const toAt = parseInstant(to, 'to');
    if (toAt < fromAt) throw new InvalidOptionsError('to', to, 'Give an instant that is not before from.');
    if (fromAt < this.clock.now()) {
      throw new TimeTravelError(
        `Time stands at ${this.now().toISOString()}, so what would run from ${new Date(fromAt).toISOString()} has been decided. ` +
          'Ask from now on; ticksOf() and runsOf() say what ran.',
      );
    }
    const jobs = jobId === undefined ? await engine.getJobs({}) : [await requireJob(engine, jobId)];
    const upcoming: UpcomingTick[] = [];
    for (const job of jobs) {
      for (const at of upcomingTicks(job, fromAt, toAt)) {
        if (upcoming.push({ jobId: job.id, scheduledAt: new Date(at) }) <= MOST_UPCOMING) continue;
        throw new TimeTravelError(
          `Between these instants there are more than ${MOST_UPCOMING} ticks. Ask for one job, or for a shorter time.`,
        );
      }
    }
    return upcoming.sort((a, b) => a.scheduledAt.getTime() - b.scheduledAt.getTime());
  }

  private take(settings: Settings, keepStore: boolean): SteeredScheduler {
    if (this.steered?.phase === 'running') {
      throw new TimeTravelError(
        'An application is running on this time already. Close it first, or give the other one a TimeMachine of its own.',
      );
    }
    return (this.steered = new SteeredScheduler(settings, this.clock, {
      patienceMs: this.patienceMs,
      keepStore,
    }));
  }

  private running(verb: string): SteeredScheduler {
    if (this.steered === null) {
      throw new TimeTravelError(
        `${verb}() needs an application on this time. Compile one from time.steer(Test.createTestingModule({ … })), ` +
          'with SchedulerModule.forRoot() among its imports.',
      );
    }
    this.steered.requireRunning(verb);
    return this.steered;
  }

  /** Refuses two verbs at a time: both would move the clock. */
  private async alone<T>(verb: string, work: (scheduler: SteeredScheduler) => Promise<T>): Promise<T> {
    const scheduler = this.running(verb);
    if (this.under !== null) {
      throw new TimeTravelError(
        `${verb}() was called during ${this.under}(). Await each call before the next, and make none inside a handler: time waits for it.`,
      );
    }
    this.under = verb;
    try {
      return await work(scheduler);
    } finally {
      this.under = null;
    }
  }

  private stillAtWork(attempts: readonly RunningAttempt[]): TimeTravelError {
    const jobs = [...new Set(attempts.map(({ claim }) => `"${claim.jobId}"`))].join(', ');
    return new TimeTravelError(
      `Still at work after ${formatDuration(this.patienceMs)} of real time: ${jobs}. If the handler waits for time to pass, ` +
        'start it with a tick and advance(); if it is slow, give new TimeMachine(startAt, { patience }) more.',
    );
  }

  private async notBegun({ id, jobId }: Run): Promise<TimeTravelError> {
    const run = (await this.runsOf(jobId)).find((candidate) => candidate.id === id);
    const how = run === undefined ? 'is not recorded' : `is ${run.outcome ?? run.state}`;
    const why = run?.reason ? ` (${run.reason})` : '';
    return new TimeTravelError(
      `The run of "${jobId}" did not begin: it ${how}${why}. ` +
        'Let what is at work end first, resume the scheduler, or make room in its limits.',
    );
  }
}

async function requireJob(engine: Engine, jobId: string): Promise<Job> {
  const job = await engine.getJob(jobId);
  if (job) return job;
  throw new JobNotFoundError(jobId);
}
