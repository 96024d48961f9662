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
   * How long handlers may take in real time before time goes on without them, since they may be
   * waiting for it: one that hangs until its `timeout`, for example. Default 1 s.
   */
  patience?: Duration;
}

/** A tick to come. With `jitter` its run begins a little later. */
export interface UpcomingTick {
  jobId: string;
  scheduledAt: Date;
}

/** What is needed of the builder that Nest's `Test.createTestingModule` gives. */
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
 * time goes on. Only the scheduler's time is meant: `Date.now()` and real timers are as ever.
 */
export class TimeMachine {
  private readonly clock: ManualClock;
  private readonly patienceMs: number;
  private steered: SteeredScheduler | null = null;
  /** The verb that is at it. */
  private under: string | null = null;

  /**
   * @param startAt where time stands at first; a text must name its zone: `2027-03-28T00:30Z`
   * @throws InvalidTriggerError, InvalidDurationError
   */
  constructor(startAt: Date | string, { patience = DEFAULT_PATIENCE }: TimeMachineOptions = {}) {
    this.clock = new ManualClock(startAt);
    this.patienceMs = parseDuration(patience, 'patience');
  }

  /**
   * Puts the scheduler of an application on this time:
   * `await time.steer(Test.createTestingModule({ imports: [AppModule] })).compile()`. Nothing of the
   * application changes, but that an `engine` gives way to our own in memory and that the history of
   * the memory store has no limit.
   */
  steer<B extends TestingBuilder>(builder: B): B {
    builder.overrideProvider(SCHEDULER_CLOCK).useValue(this.clock);
    builder.overrideProvider(SCHEDULER_RUNTIME).useFactory({
      inject: [SCHEDULER_SETTINGS],
      factory: (settings: Settings) => this.take(settings).parts,
    });
    return builder;
  }

  /** Where time stands. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /**
   * Lets time pass until this instant, which itself is reached: what falls due at it runs.
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
   * Waits until nothing is at work. Time stands still: what falls due later, retries too, stays as it is.
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
   * Runs a job now, as `runNow` does, and answers what its handler returned. Time stands still: it is
   * one attempt, and a retry stays planned for its instant.
   *
   * @param payload instead of the job's own
   * @throws what the handler threw; PayloadInvalidError; JobNotFoundError; TimeTravelError when it
   * cannot begin, or does not end within `patience`
   */
  async performNow<T = unknown>(jobId: string, payload?: unknown): Promise<T> {
    return this.alone('performNow', async (scheduler) => {
      const { runner, parts } = scheduler;
      let run!: Run;
      const begun = await runner.begunDuring(async () => {
        run = await parts.engine.runNow(jobId, copyAsJson(payload));
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

  /** The ticks that runs were started for, oldest first. For what was skipped or missed ask `runsOf`. @throws JobNotFoundError */
  async ticksOf(jobId: string): Promise<Date[]> {
    const runs = await this.runsOf(jobId);
    return runs.flatMap(({ scheduledAt, startedAt }) => (scheduledAt && startedAt ? [scheduledAt] : []));
  }

  /** All that is recorded of the job, oldest first: runs, and ticks that had none, with outcome and reason. @throws JobNotFoundError */
  async runsOf(jobId: string): Promise<Run[]> {
    const engine = this.running('runsOf').parts.engine;
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
   * The ticks of one job, or of all, in [from, to], in order, with no run: as the jobs are now, each
   * run taken to last no time. Ticks that will fall into a pause are left out.
   *
   * @throws TimeTravelError when `from` has passed, or there are more than 100,000; JobNotFoundError, InvalidTriggerError
   */
  async wouldRun(from: Date | string, to: Date | string, jobId?: string): Promise<UpcomingTick[]> {
    const engine = this.running('wouldRun').parts.engine;
    const fromAt = parseInstant(from, 'from');
    const toAt = parseInstant(to, 'to');
    if (toAt < fromAt) throw new InvalidOptionsError('to', to, 'Give an instant that is not before from.');
    if (fromAt < this.clock.now()) {
      throw new TimeTravelError(
        `Time stands at ${this.now().toISOString()}, so what would run from ${new Date(fromAt).toISOString()} has been decided. ` +
          'Ask from now on; what ran is told by ticksOf() and runsOf().',
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

  private take(settings: Settings): SteeredScheduler {
    if (this.steered?.phase === 'running') {
      throw new TimeTravelError(
        'An application is running on this time already. Close it first, or give the other one a TimeMachine of its own.',
      );
    }
    return (this.steered = new SteeredScheduler(settings, this.clock, this.patienceMs));
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

  /** Two at a time would both move the clock. */
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
