import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import {
  checkName,
  EVENT_TYPES,
  type FailureEvent,
  InvalidOptionsError,
  type Job,
  type JobFilter,
  JobIdTakenError,
  JobNotFoundError,
  oneOf,
  type Run,
  type RunContext,
  type RunFilter,
  type SchedulerEvent,
  type SchedulerEventOf,
  type SchedulerEventType,
} from '../model/index.js';
import { isPromise } from '../ports/index.js';
import { checkPayload, currentRun } from '../runner/index.js';
import type {
  AddJobsOptions,
  AnyJobRequest,
  BackfillOptions,
  BackfillReport,
  DefinedJobRequest,
  FunctionJobRequest,
  JobUpdate,
  Many,
  NamedJobRequest,
  PauseOptions,
  RunNowOptions,
} from './requests/job-request.js';
import { Lifecycle, type Phase } from './lifecycle/lifecycle.js';
import { waitsForHandler } from './log/log-lines.js';
import type { Runtime } from './runtime.js';
import { idsTaken, readRequests } from './requests/bulk-request.js';
import { checkOptions, MOST_BACKFILLED, readBackfill, readPause, readRunNow } from './requests/arguments.js';
import { RequestReader } from './requests/request-reader.js';
import type { Settings } from './scheduler-options.js';
import { SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from './tokens.js';

export interface SchedulerHealth {
  /** The scheduler is running and its store answers. */
  healthy: boolean;
  /** `starting` until every module has bootstrapped, `stopping` from the drain on. */
  phase: Phase;
  /** `pause()` is in force: this process claims nothing. */
  paused: boolean;
  /** The instant since which the store does not answer; null while it does. */
  storeDownSince: Date | null;
}

/**
 * Adds, changes and reads jobs at run time, from the first call on, even inside `onModuleInit` (L1).
 * Nothing ticks before every module has bootstrapped. Every error is a SchedulerError with a code and
 * an HTTP status.
 */
@Injectable()
export class SchedulerService {
  /** All events. A throw of a subscriber is contained and published as `listener.failed`. */
  readonly events$: Observable<SchedulerEvent>;
  /** The failed attempts of runs. */
  readonly errors$: Observable<FailureEvent>;
  private readonly logger = new Logger('Scheduler');

  constructor(
    @Inject(SCHEDULER_RUNTIME) private readonly runtime: Runtime,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(RequestReader) private readonly reader: RequestReader,
    @Inject(SCHEDULER_SETTINGS) private readonly settings: Settings,
  ) {
    this.events$ = runtime.hub.events$;
    this.errors$ = runtime.hub.errors$;
  }

  /** The run of the calling code, across awaits too; null outside a handler. */
  static currentRun(): RunContext | null {
    return currentRun();
  }

  /**
   * The events of these types, in order of occurrence. Contained like `events$`, which RxJS's `merge` is
   * not. @throws InvalidOptionsError for an unknown type
   */
  on<T extends SchedulerEventType>(type: T, ...more: T[]): Observable<SchedulerEventOf<T>> {
    for (const each of [type, ...more])
      oneOf('type', each, EVENT_TYPES, 'The types are listed in docs/events.md.');
    return this.runtime.hub.on(type, ...more);
  }

  /**
   * Adds a job, or with `ifTaken` replaces or keeps the job with that id. Ticks count from this call;
   * those due before the application has bootstrapped are late, not lost.
   *
   * @throws JobIdTakenError, HandlerUnknownError, HandlerNotDurableError, NeverFiresError,
   * InvalidOptionsError, InvalidDurationError, PayloadInvalidError, SchedulerNotRunningError
   */
  addJob<P extends object>(request: DefinedJobRequest<P>): Promise<Job>;
  addJob<P = unknown>(request: FunctionJobRequest<P>): Promise<Job>;
  addJob(request: NamedJobRequest): Promise<Job>;
  async addJob(request: AnyJobRequest): Promise<Job> {
    this.lifecycle.refuseWhenStopping();
    // Awaits no promise without need: callers add many jobs in a row.
    if (!this.lifecycle.isReady) await this.lifecycle.ready();
    const { spec, ifTaken, definition } = this.reader.readRequest(request);
    if (definition !== null) {
      await checkPayload(definition, spec.payload);
      this.lifecycle.refuseWhenStopping();
    }
    const put = this.runtime.engine.putJob(spec, ifTaken, request.transaction);
    const { change, job } = isPromise(put) ? await put : put;
    if (change === 'taken') throw new JobIdTakenError(job.id);
    return job;
  }

  /**
   * Adds at most 10,000 jobs in one step, each as by `addJob`, and returns them in the order of the requests. If any
   * request is wrong or its id is taken, none is added and the error lists the first 20 of these. `transaction` is an
   * option of the call.
   *
   * @throws InvalidJobsError, InvalidOptionsError, SchedulerNotRunningError
   */
  addJobs<P extends object>(requests: Many<DefinedJobRequest<P>>, options?: AddJobsOptions): Promise<Job[]>;
  addJobs(requests: Many<NamedJobRequest>, options?: AddJobsOptions): Promise<Job[]>;
  addJobs<P = unknown>(requests: Many<FunctionJobRequest<P>>, options?: AddJobsOptions): Promise<Job[]>;
  async addJobs(requests: Many<AnyJobRequest>, options: AddJobsOptions = {}): Promise<Job[]> {
    this.lifecycle.refuseWhenStopping();
    const { transaction } = checkOptions('addJobs', options);
    this.reader.checkTransaction(transaction);
    await this.lifecycle.ready();
    const puts = await readRequests(this.reader, requests);
    this.lifecycle.refuseWhenStopping();
    if (puts.length === 0) return [];
    const result = await this.runtime.engine.putJobs(puts, transaction);
    if (result.taken.length > 0) throw idsTaken(result.taken, puts);
    return result.puts.map(({ job }) => job);
  }

  /** Returns null when no job has the id. */
  async getJob(id: string): Promise<Job | null> {
    checkName('id', id);
    await this.lifecycle.ready();
    return this.runtime.engine.getJob(id);
  }

  /** @throws InvalidOptionsError */
  async getJobs(filter: JobFilter = {}): Promise<Job[]> {
    const checked = checkOptions('getJobs', filter);
    await this.lifecycle.ready();
    return this.runtime.engine.getJobs(checked);
  }

  /** Returns ended and live runs, newest first; `after` gives the next page. @throws InvalidOptionsError */
  async getRuns(filter: RunFilter = {}): Promise<Run[]> {
    const checked = checkOptions('getRuns', filter);
    await this.lifecycle.ready();
    return this.runtime.engine.getRuns(checked);
  }

  /**
   * Changes the given properties and leaves the rest. A new trigger counts from this call; overdue ticks
   * of the old one are skipped.
   *
   * @throws JobNotFoundError, and the errors of addJob
   */
  async updateJob(id: string, update: JobUpdate): Promise<Job> {
    const job = await this.requireJob(id);
    const { edit, payload, definition } = this.reader.readUpdate(job, update);
    if (definition !== null) await checkPayload(definition, payload);
    return this.runtime.engine.updateJob(id, edit);
  }

  /** Skips the job's ticks until `resumeJob` or the given instant. @throws JobNotFoundError, InvalidOptionsError */
  async pauseJob(id: string, options: PauseOptions = {}): Promise<Job> {
    checkName('id', id);
    const pause = readPause(options, this.runtime.clock.now());
    await this.lifecycle.ready();
    return this.runtime.engine.pauseJob(id, pause);
  }

  /** Resumes at the next tick. No effect on a job that is not paused. @throws JobNotFoundError */
  async resumeJob(id: string): Promise<Job> {
    checkName('id', id);
    await this.lifecycle.ready();
    return this.runtime.engine.resumeJob(id);
  }

  /**
   * Removes the job; a running attempt continues, and the history stays. Of declared jobs only orphans can
   * be removed. @throws JobNotFoundError, JobIsDeclaredError
   */
  async removeJob(id: string): Promise<void> {
    checkName('id', id);
    // Awaits no promise without need: callers remove many jobs in a row.
    if (!this.lifecycle.isReady) await this.lifecycle.ready();
    const removed = this.runtime.engine.removeJob(id);
    if (isPromise(removed)) await removed;
  }

  /**
   * Makes a run without a tick, even of a paused or disabled job. `overlap` applies to it: the returned
   * run may be skipped.
   *
   * @throws JobNotFoundError, InvalidOptionsError, PayloadInvalidError, SchedulerNotRunningError
   */
  async runNow(id: string, options: RunNowOptions = {}): Promise<Run> {
    checkName('id', id);
    const payload = readRunNow(options, this.settings.maxPayloadBytes);
    this.lifecycle.refuseUnlessRunning();
    const { engine, handlers } = this.runtime;
    // In memory each job has its handler, and this process has all of them.
    if (payload !== undefined || engine.durable) {
      const job = await this.requireJob(id);
      if (handlers.get(job.handler) === null)
        this.logger.warn(`Job "${id}": ${waitsForHandler(job.handler)}`);
      const definition = this.reader.definitionOf(job);
      if (payload !== undefined && definition !== null) await checkPayload(definition, payload);
      this.lifecycle.refuseUnlessRunning();
    }
    return engine.runNow(id, payload);
  }

  /**
   * Makes one run, one after another, for each of the job's instants in [from, to] that started none. The
   * runs have no tick; `run.standsFor` is the instant. `dryRun` reports their number without making
   * them. One call makes at most 10,000.
   *
   * @throws JobNotFoundError, InvalidOptionsError, SchedulerNotRunningError (not with `dryRun`)
   */
  async backfill(id: string, options: BackfillOptions): Promise<BackfillReport> {
    checkName('id', id);
    const request = readBackfill(id, options, this.runtime.clock.now());
    if (!request.dryRun) this.lifecycle.refuseUnlessRunning();
    await this.lifecycle.ready();
    const { count, leftOut, tooMany } = await this.runtime.engine.backfill(request);
    if (!tooMany) return { count, leftOut };
    throw new InvalidOptionsError(
      'to',
      options.to,
      `Since from there are more than ${MOST_BACKFILLED} instants to make up for: take a part of that time, then the next.`,
    );
  }

  /** Stops this process's claims until `resume()`; running attempts continue. Not stored. */
  async pause(): Promise<void> {
    await this.lifecycle.ready();
    this.runtime.engine.pause();
  }

  /** Ends `pause()`; ticks that fell due in between are late. */
  async resume(): Promise<void> {
    await this.lifecycle.ready();
    this.runtime.engine.resume();
  }

  /** The state of this process's scheduler, for a health check. */
  health(): SchedulerHealth {
    const { paused, storeDownSinceAt } = this.runtime.engine.health();
    const { phase } = this.lifecycle;
    return {
      healthy: phase === 'running' && storeDownSinceAt === null,
      phase,
      paused,
      storeDownSince: storeDownSinceAt === null ? null : new Date(storeDownSinceAt),
    };
  }

  private async requireJob(id: string): Promise<Job> {
    const job = await this.getJob(id);
    if (job) return job;
    throw new JobNotFoundError(id);
  }
}
