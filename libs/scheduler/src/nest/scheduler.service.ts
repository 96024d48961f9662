import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import {
  EVENT_TYPES,
  type FailureEvent,
  InvalidOptionsError,
  type Job,
  type JobFilter,
  JobIdTakenError,
  JobIsDeclaredError,
  JobNotFoundError,
  oneOf,
  type Run,
  type RunContext,
  type RunFilter,
  type SchedulerEvent,
  type SchedulerEventOf,
  type SchedulerEventType,
} from '../model/index.js';
import { isPromise, type PutResult } from '../ports/index.js';
import { checkPayload, currentRun } from '../runner/index.js';
import type {
  AnyJobRequest,
  BackfillOptions,
  BackfillReport,
  DefinedJobRequest,
  FunctionJobRequest,
  JobUpdate,
  NamedJobRequest,
  PauseOptions,
  RunNowOptions,
} from './requests/job-request.js';
import { Lifecycle, type Phase } from './lifecycle/lifecycle.js';
import type { Parts } from './parts.js';
import {
  checkJobFilter,
  checkRunFilter,
  MOST_BACKFILLED,
  readBackfill,
  readPause,
  readRunNow,
} from './requests/read-filters.js';
import { RequestReader } from './requests/request-reader.js';
import { SCHEDULER_PARTS } from './tokens.js';

export interface SchedulerHealth {
  /** It is running, and its store answers. */
  healthy: boolean;
  /** `starting` until every module has bootstrapped, `stopping` from the drain on. */
  phase: Phase;
  /** This process claims nothing, by `pause()`. */
  paused: boolean;
  /** Since when the store does not answer; null while it does. */
  storeDownSince: Date | null;
}

/**
 * Jobs at run time. Works from the first call on, also inside `onModuleInit` (L1); nothing ticks
 * before every module has bootstrapped. Every error is a SchedulerError with a code and the HTTP
 * status that suits it.
 */
@Injectable()
export class SchedulerService {
  /** All events. A subscriber that throws is contained, and told as `listener.failed`. */
  readonly events$: Observable<SchedulerEvent>;
  /** The failed attempts of runs. */
  readonly errors$: Observable<FailureEvent>;

  constructor(
    @Inject(SCHEDULER_PARTS) private readonly parts: Parts,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
    @Inject(RequestReader) private readonly reader: RequestReader,
  ) {
    this.events$ = parts.hub.events$;
    this.errors$ = parts.hub.errors$;
  }

  /** The run that the calling code works for, also behind awaits; null outside a handler. */
  static currentRun(): RunContext | null {
    return currentRun();
  }

  /**
   * The events of these types, in the order in which they happen. Contained as `events$`, which RxJS's
   * `merge` is not. @throws InvalidOptionsError for a type that is none
   */
  on<T extends SchedulerEventType>(type: T, ...more: T[]): Observable<SchedulerEventOf<T>> {
    for (const each of [type, ...more]) oneOf('type', each, EVENT_TYPES);
    return this.parts.hub.on(type, ...more);
  }

  /**
   * Adds a job, or with `ifTaken` replaces or keeps the one that has the id. Ticks count from this
   * call; those that fall due before the application has bootstrapped are late, not lost.
   *
   * @throws JobIdTakenError, HandlerUnknownError, HandlerNotDurableError, NeverFiresError,
   * InvalidOptionsError, InvalidDurationError, PayloadInvalidError, SchedulerNotRunningError
   */
  addJob<P extends object>(request: DefinedJobRequest<P>): Promise<Job>;
  addJob<P = unknown>(request: FunctionJobRequest<P>): Promise<Job>;
  addJob(request: NamedJobRequest): Promise<Job>;
  async addJob(request: AnyJobRequest): Promise<Job> {
    this.lifecycle.refuseWhenStopping();
    // No promise is awaited that is not needed: many jobs are added in a row.
    if (!this.lifecycle.isReady) await this.lifecycle.ready();
    const { spec, ifTaken, definition } = this.reader.readRequest(request);
    if (definition !== null) {
      await checkPayload(definition, spec.payload);
      this.lifecycle.refuseWhenStopping();
    }
    const put = this.parts.engine.putJob(spec, ifTaken, request.transaction);
    return this.announcePut(isPromise(put) ? await put : put);
  }

  /** Null when no job has the id. */
  async getJob(id: string): Promise<Job | null> {
    await this.lifecycle.ready();
    return this.parts.engine.getJob(id);
  }

  /** @throws InvalidOptionsError */
  async getJobs(filter: JobFilter = {}): Promise<Job[]> {
    await this.lifecycle.ready();
    return this.parts.engine.getJobs(checkJobFilter(filter));
  }

  /** The history and the runs alive, newest first; `after` gives the next page. @throws InvalidOptionsError */
  async getRuns(filter: RunFilter = {}): Promise<Run[]> {
    await this.lifecycle.ready();
    return this.parts.engine.getRuns(checkRunFilter(filter));
  }

  /**
   * Changes what is given and leaves the rest. A new trigger counts from this call; ticks that are
   * overdue under the old one are skipped.
   *
   * @throws JobNotFoundError, and what addJob throws
   */
  async updateJob(id: string, update: JobUpdate): Promise<Job> {
    const job = await this.requireJob(id);
    const { edit, payload, definition } = this.reader.readUpdate(job, update);
    if (definition !== null) await checkPayload(definition, payload);
    const changed = await this.parts.engine.updateJob(id, edit);
    this.parts.hub.emit('job.edited', { jobId: id });
    return changed;
  }

  /** Its ticks are skipped until `resumeJob`, or until the instant given. @throws JobNotFoundError, InvalidOptionsError */
  async pauseJob(id: string, options: PauseOptions = {}): Promise<Job> {
    await this.lifecycle.ready();
    const pause = readPause(options, this.parts.clock.now());
    const job = await this.parts.engine.pauseJob(id, pause);
    if (job.state === 'paused') {
      this.parts.hub.emit('job.paused', {
        jobId: id,
        note: pause.note,
        by: pause.by,
        until: job.pause?.until ?? null,
      });
    }
    return job;
  }

  /** Goes on at the next tick. On a job that is not paused it changes nothing. @throws JobNotFoundError */
  async resumeJob(id: string): Promise<Job> {
    const wasPaused = (await this.requireJob(id)).state === 'paused';
    const job = await this.parts.engine.resumeJob(id);
    if (wasPaused) this.parts.hub.emit('job.resumed', { jobId: id });
    return job;
  }

  /**
   * Forgets the job; a run under way goes on, its history stays. A declared job can be removed once it is an orphan.
   * @throws JobNotFoundError, JobIsDeclaredError
   */
  async removeJob(id: string): Promise<void> {
    const { origin, state } = await this.requireJob(id);
    if (origin === 'declared' && state !== 'orphaned') throw new JobIsDeclaredError(id);
    await this.parts.engine.removeJob(id);
    this.parts.hub.emit('job.removed', { jobId: id });
  }

  /**
   * Makes a run that belongs to no tick, also of a paused or disabled job. `overlap` holds for it: the
   * run that comes back may be skipped.
   *
   * @throws JobNotFoundError, InvalidOptionsError, PayloadInvalidError, SchedulerNotRunningError
   */
  async runNow(id: string, options: RunNowOptions = {}): Promise<Run> {
    this.lifecycle.refuseUnlessRunning();
    const payload = readRunNow(options);
    if (payload !== undefined) {
      const definition = this.reader.definitionOf(await this.requireJob(id));
      if (definition !== null) await checkPayload(definition, payload);
      this.lifecycle.refuseUnlessRunning();
    }
    return this.parts.engine.runNow(id, payload);
  }

  /**
   * Makes up for the job's instants in [from, to] that no run was started for: a run for each, one
   * behind the other, which belongs to no tick and has the instant as `run.standsFor`. Ask with
   * `dryRun` first how many that is; no more than 10,000 are made by one call.
   *
   * @throws JobNotFoundError, InvalidOptionsError, SchedulerNotRunningError (not with `dryRun`)
   */
  async backfill(id: string, options: BackfillOptions): Promise<BackfillReport> {
    const request = readBackfill(id, options, this.parts.clock.now());
    if (!request.dryRun) this.lifecycle.refuseUnlessRunning();
    await this.lifecycle.ready();
    const { count, leftOut, tooMany } = await this.parts.engine.backfill(request);
    if (!tooMany) return { count, leftOut };
    throw new InvalidOptionsError(
      'to',
      options.to,
      `Since from there are more than ${MOST_BACKFILLED} instants to make up for: take a part of that time, then the next.`,
    );
  }

  /** This process claims no further runs until `resume()`; those under way go on. Not stored. */
  async pause(): Promise<void> {
    await this.lifecycle.ready();
    this.parts.engine.pause();
  }

  /** Ends `pause()`: ticks that fell due meanwhile are late. */
  async resume(): Promise<void> {
    await this.lifecycle.ready();
    this.parts.engine.resume();
  }

  /** How the scheduler of this process fares, at once: for a health check. */
  health(): SchedulerHealth {
    const { paused, storeDownSinceAt } = this.parts.engine.health();
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

  private announcePut({ change, job }: PutResult): Job {
    switch (change) {
      case 'taken':
        throw new JobIdTakenError(job.id);
      case 'created':
        this.parts.hub.emit('job.added', { jobId: job.id });
        return job;
      case 'changed':
        this.parts.hub.emit('job.edited', { jobId: job.id });
        return job;
      case 'same':
      case 'kept':
        return job;
      default:
        return change satisfies never;
    }
  }
}
