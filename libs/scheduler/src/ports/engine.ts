import type {
  Completion,
  Claim,
  IfTaken,
  Job,
  JobEdit,
  JobFilter,
  JobSpec,
  JsonValue,
  Run,
  RunFilter,
  SchedulerEvents,
  SchedulerEventType,
} from '../model/index.js';
import type { Awaitable } from './awaitable.js';
import type { BackfillRequest, BackfillResult, PutResult, RunNote, StoreSession } from './store.js';

/** Carries ticks and runs. The service talks to this and knows no store. */
export interface Engine {
  readonly durable: boolean;
  readonly clustered: boolean;

  /** Opens what it needs. Jobs may be put and read from now on; nothing ticks yet. */
  open(host: EngineHost): Awaitable<void>;
  /** Lets ticks run. */
  start(): Awaitable<void>;
  /** Drains and closes (L2). Resolves at the latest after both times together. */
  stop(limits: StopLimits): Promise<void>;
  /** Stops and continues this replica's claims. */
  pause(): void;
  resume(): void;
  health(): EngineHealth;

  /** @param transaction the caller's own, of the database that the engine keeps jobs in */
  putJob(spec: JobSpec, ifTaken: IfTaken, transaction?: unknown): Awaitable<PutResult>;
  getJob(id: string): Awaitable<Job | null>;
  getJobs(filter: JobFilter): Awaitable<Job[]>;
  /** The verbs that change a job throw JobNotFoundError when there is none. */
  updateJob(id: string, edit: JobEdit): Awaitable<Job>;
  pauseJob(
    id: string,
    pause: { note: string | null; by: string | null; until: number | null },
  ): Awaitable<Job>;
  resumeJob(id: string): Awaitable<Job>;
  removeJob(id: string): Awaitable<void>;
  runNow(id: string, payload: JsonValue | undefined): Awaitable<Run>;
  /** O6. @throws JobNotFoundError */
  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult>;
  getRuns(filter: RunFilter): Awaitable<Run[]>;
}

export interface EngineHealth {
  /** This process claims nothing until `resume`. */
  paused: boolean;
  /** Since when the store does not answer, UTC ms; null while it does. */
  storeDownSinceAt: number | null;
}

export interface StopLimits {
  drainTimeoutMs: number;
  abortGraceMs: number;
}

/** What an engine is given: how to run an attempt, and where facts go. */
export interface EngineHost {
  readonly attempts: AttemptRunner;
  readonly events: EventSink;
  /** What the engine's store, if it has one, is to know of this process. */
  readonly process: Omit<StoreSession, 'onHint'>;
}

/** Runs one attempt, the same way on every engine. */
export interface AttemptRunner {
  /** Starts at once. Never throws: a handler's error is a result. */
  start(claim: Claim, watcher: AttemptWatcher): RunningAttempt;
  /** From now on each attempt's result is its run's outcome: nobody is left to make another. */
  endRetries(): void;
}

export interface AttemptWatcher {
  /**
   * The attempt has its result. `handlerRuns` tells that the handler has not settled yet (a
   * timeout): its place stays held until `attemptReleased`.
   */
  attemptEnded(attempt: RunningAttempt, end: Completion, handlerRuns: boolean): void;
  /** The handler of a timed-out attempt has settled. */
  attemptReleased(attempt: RunningAttempt, end: Completion): void;
  /** The handler told how far it is, or wrote a line. */
  attemptNoted(claim: Claim, note: RunNote): void;
}

export interface RunningAttempt {
  readonly claim: Claim;
  /** For whoever keeps a list of attempts: where this one is in it. */
  place: number | null;
  /** The handler has returned, or its promise has settled. */
  readonly settled: boolean;
  /** Aborts the attempt's signal; when the handler rejects then, the result is `as`. */
  abort(reason: unknown, as: 'abandoned' | 'cancelled'): void;
  /** The result, once the attempt has one. */
  readonly end: Completion | null;
  /** Ends an attempt that has no result as abandoned, whatever its handler does later. */
  abandon(error: unknown): Completion;
}

export interface EventSink {
  /** Whether anybody listens: saves making the event. */
  wants(type: SchedulerEventType): boolean;
  /** Stamps the fact, which is the hub's from then on, and hands it to the subscribers, whose throws are contained. */
  emit<T extends SchedulerEventType>(type: T, fact: Omit<SchedulerEvents[T], 'at' | 'replica'>): void;
}
