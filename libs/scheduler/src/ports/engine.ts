import type {
  Completion,
  Claim,
  IfTaken,
  Job,
  JobEdit,
  JobFilter,
  JobSpec,
  JsonValue,
  PauseRequest,
  Run,
  RunFilter,
  SchedulerEvents,
  SchedulerEventType,
} from '../model/index.js';
import type { Awaitable } from './awaitable.js';
import type { BulkPutResult, JobPut } from './bulk.js';
import type { BackfillRequest, BackfillResult, PutResult, RunNote, StoreSession } from './store.js';

/**
 * Makes runs from jobs. The service talks to this and knows no store. The verbs publish what they have done to a job
 * (`job.added`, `job.edited`, `job.paused`, `job.resumed`, `job.removed`), also when the store's response comes after
 * the verb has rejected.
 */
export interface Engine {
  readonly durable: boolean;
  readonly clustered: boolean;

  /** Opens what it needs. From then on jobs can be put and read; nothing ticks yet. */
  open(host: EngineHost): Awaitable<void>;
  /** Begins to claim what is due. */
  start(): Awaitable<void>;
  /** Drains and closes (L2). Resolves a few seconds after both limits at the latest. */
  stop(limits: StopLimits): Promise<void>;
  /** `pause` and `resume` stop and continue the claims of this process. */
  pause(): void;
  resume(): void;
  health(): EngineHealth;

  /** @param transaction the caller's own, of the database that keeps the jobs */
  putJob(spec: JobSpec, ifTaken: IfTaken, transaction?: unknown): Awaitable<PutResult>;
  /** Puts all of the jobs, or none when ids are taken. They are added ones, with an id each. */
  putJobs(puts: readonly JobPut[], transaction?: unknown): Awaitable<BulkPutResult>;
  getJob(id: string): Awaitable<Job | null>;
  getJobs(filter: JobFilter): Awaitable<Job[]>;
  /** The verbs that change a job throw JobNotFoundError when there is none. */
  updateJob(id: string, edit: JobEdit): Awaitable<Job>;
  pauseJob(id: string, pause: PauseRequest): Awaitable<Job>;
  resumeJob(id: string): Awaitable<Job>;
  removeJob(id: string): Awaitable<void>;
  runNow(id: string, payload: JsonValue | undefined): Awaitable<Run>;
  /** O6. @throws JobNotFoundError */
  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult>;
  getRuns(filter: RunFilter): Awaitable<Run[]>;
}

export interface EngineHealth {
  /** True between `pause` and `resume`. */
  paused: boolean;
  /** When the store failed or stopped responding, UTC ms; null while it responds. */
  storeDownSinceAt: number | null;
}

export interface StopLimits {
  drainTimeoutMs: number;
  abortGraceMs: number;
}

/** The engine's surroundings: the runner of its attempts and the sink of its events. */
export interface EngineHost {
  readonly attempts: AttemptRunner;
  readonly events: EventSink;
  /** Passed on to the store. */
  readonly process: Omit<StoreSession, 'onHint'>;
}

/** Runs attempts, the same way on every engine. */
export interface AttemptRunner {
  /** Starts the attempt in this call. Never throws: a handler's error is a result. */
  start(claim: Claim, watcher: AttemptWatcher): RunningAttempt;
  /** Plans no further retries: from now on each attempt's result is its run's outcome. */
  endRetries(): void;
}

export interface AttemptWatcher {
  /**
   * The attempt has its result. With `handlerRuns` the handler has not settled yet (a timeout), and
   * the attempt keeps its slot until `attemptReleased`.
   */
  attemptEnded(attempt: RunningAttempt, end: Completion, handlerRuns: boolean): void;
  /** The handler of a timed-out attempt has settled. */
  attemptReleased(attempt: RunningAttempt, end: Completion): void;
  /** The handler reported progress or wrote a log line. */
  attemptNoted(claim: Claim, note: RunNote): void;
}

export interface RunningAttempt {
  readonly claim: Claim;
  /** The attempt's index in the list of whoever keeps one. */
  listIndex: number | null;
  /** True once the handler has returned or its promise has settled. */
  readonly settled: boolean;
  /** Aborts the attempt's signal. If the handler then rejects, the result is `as`. */
  abort(reason: unknown, as: 'abandoned' | 'cancelled'): void;
  /** Null until the attempt has its result. */
  readonly end: Completion | null;
  /** Gives an attempt without a result the result `abandoned`, whatever its handler does later. */
  abandon(error: unknown): Completion;
}

export interface EventSink {
  /** False when nobody listens, so that the event need not be made. */
  wants(type: SchedulerEventType): boolean;
  /** Completes the fact in place and passes it to the subscribers. Contains what they throw. */
  emit<T extends SchedulerEventType>(type: T, fact: Omit<SchedulerEvents[T], 'at' | 'replica'>): void;
}
