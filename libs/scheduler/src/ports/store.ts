import type {
  AttemptRecord,
  Completion,
  Claim,
  ConcurrencyLimits,
  IfTaken,
  Job,
  JobEdit,
  JobFilter,
  JobSpec,
  JsonValue,
  KeptLogLine,
  Outcome,
  OutcomeReason,
  PauseRequest,
  Run,
  RunFilter,
  RunProgress,
} from '../model/index.js';
import type { ClockSetBack } from '../timing/index.js';
import type { Awaitable } from './awaitable.js';
import type { BulkPutResult, JobPut } from './bulk.js';

/**
 * Where jobs and runs live. Each verb is one atomic step. `now` is the engine's time, UTC ms.
 * Expected losses are return values (null, false); a throw means that the store is down.
 */
export interface Store {
  /** Jobs and runs survive the process. */
  readonly durable: boolean;
  /** Several replicas may share it. */
  readonly clustered: boolean;

  open(session: StoreSession): Awaitable<void>;
  /** Returns another store over the same data if this one is open, else null: a process may start one module twice. */
  duplicate?(): Store | null;
  /** Ends its work. A store that forgets answers what that abandoned. */
  close(now: number): Awaitable<RecordedOutcome[]>;

  /** @param transaction the caller's own, of the store's database: the job exists once it is committed */
  putJob(spec: JobSpec, ifTaken: IfTaken, now: number, transaction?: unknown): Awaitable<PutResult>;
  /** Puts all of the jobs, or none. They are added ones, with an id each. @param transaction as for `putJob` */
  putJobs(puts: readonly JobPut[], now: number, transaction?: unknown): Awaitable<BulkPutResult>;
  getJob(id: string): Awaitable<Job | null>;
  listJobs(filter: JobFilter): Awaitable<Job[]>;
  /** Time zones in the triggers of unfinished jobs, each once (see `timezonesIn`). Without this verb all jobs are listed. */
  timezones?(): Awaitable<Iterable<string>>;
  /** Null when there is no such job. */
  changeJob(id: string, change: JobChange, now: number): Awaitable<ChangeResult | null>;

  /** A run with no tick, due now; overlap (O1) holds for it. Null when there is no such job. */
  requestRun(request: RunRequest): Awaitable<RequestedRun | null>;

  /** When the next job or waiting run falls due; null when nothing waits. */
  earliestDueAt(): Awaitable<number | null>;
  /**
   * Takes what is due, at most about `limit` jobs: asks the planner what becomes of their ticks,
   * records a run for each tick that starts one, moves the next due instants.
   */
  claimDue(request: ClaimRequest): Awaitable<ClaimBatch>;
  /**
   * Records an attempt's end under its token. With `slotHeld` the run keeps its job's place until
   * `release`.
   */
  complete(end: Completion, slotHeld: boolean): Awaitable<CompletionEffect>;
  /** Gives back the place of a run settled with `slotHeld`. */
  release(claim: Claim, now: number): Awaitable<CompletionEffect>;
  /** Keeps what a handler tells while it runs. */
  annotate(claim: Claim, note: RunNote): Awaitable<void>;

  /**
   * O6: runs without a tick for the job's instants in [from, to], one behind the other. Those that a
   * run was started for already are left out unless `force`. Null when there is no such job; with
   * `dryRun` nothing is made.
   */
  backfill(request: BackfillRequest): Awaitable<BackfillResult | null>;

  listRuns(filter: RunFilter): Awaitable<Run[]>;

  /** The wall clock was set back. Stores that share time with other replicas do nothing. */
  clockSetBack(
    step: Omit<ClockSetBack, 'lastTickAt' | 'waitingAt'>,
  ): Awaitable<Pick<ChangeResult, 'recorded' | 'changed'>>;
}

/**
 * A store that outlives the process and may be shared. A claim is a lease: it lasts `leaseMs` unless
 * it is renewed, and is recovered by any replica afterwards (L4).
 */
export interface LeasedStore extends Store {
  readonly durable: true;
  readonly leaseMs: number;
  /** Longest time between two looks at what is due, ms: covers replicas that died. */
  readonly pollMs: number;

  /** The store's own time, UTC ms (L5). */
  time(): Promise<number>;
  /** Names of the other replicas that are alive by the store's own time. */
  otherReplicas(): Promise<string[]>;
  /** Another lease for claims that are still held. */
  renew(claims: readonly Claim[], now: number): Promise<Renewal>;
  /** Claims whose handlers were not called wait again, as if they had not been claimed. */
  giveBack(claims: readonly Claim[], now: number): Promise<void>;
  /**
   * Says that this replica lives and which jobs its code declares, and does what that brings about
   * (D2): jobs that no live replica declares become orphans, declarations that were held back by a
   * replica that is gone take their place. Called at the start and every `pollMs`. Old history goes too.
   */
  beat(now: number): Promise<BeatResult>;
}

export function isLeased(store: Store): store is LeasedStore {
  return store.durable;
}

/** The process that opens a store. */
export interface StoreSession {
  /** Names this process among those that share the store. */
  readonly replica: string;
  /** Version of its time zone data, for example 2026a: next due instants carry it (Z5). Default: `zoneinfoVersion()`. */
  readonly zoneVersion?: string;
  /** `whole` holds for this process, `groups` for all that share the store. */
  readonly concurrency: ConcurrencyLimits;
  /** The names of the handlers that this process has: only their jobs are claimed (D5). */
  readonly handlers: () => readonly string[];
  /**
   * A hint, never a need. `due`: something may be due earlier than `earliestDueAt` said; `cancel`: a run
   * that another replica carries is to be cancelled, so the next `renew` should come soon.
   */
  readonly onHint: (hint: 'due' | 'cancel') => void;
}

export interface Renewal {
  /** Taken over by others: what their handlers still do is not recorded. */
  lost: readonly Claim[];
  /** Newer runs take their place. */
  cancelled: readonly Claim[];
}

export interface BeatResult {
  recorded: RecordedOutcome[];
  changed: JobStateChange[];
  /** Due jobs that no handler of this process fits, to be reported once each (D5). */
  unhandled: readonly { jobId: string; handler: string }[];
  /** Version of time zone data that the store's jobs or other replicas have, newer than this process's; reported once (Z5). */
  newerZoneData?: string | null;
}

export interface PutResult {
  /**
   * `same`: an equal declaration, which keeps overdue ticks; `kept`: the id was taken and stays, or a
   * live replica declares the job otherwise and this declaration takes its place when that is gone.
   */
  change: 'created' | 'changed' | 'same' | 'kept' | 'taken';
  job: Job;
  recorded: RecordedOutcome[];
  changed: JobStateChange[];
}

export type JobChange =
  | { kind: 'edit'; edit: JobEdit }
  | ({ kind: 'pause' } & PauseRequest)
  | { kind: 'resume' }
  | { kind: 'remove' };

export interface ChangeResult {
  job: Job;
  recorded: RecordedOutcome[];
  /** State changes that followed from it: a job that is finished, or was paused and is `resumed`. */
  changed: JobStateChange[];
}

export interface RequestedRun {
  /** The run as it is when this is called, as far as this process knows. */
  view(): Run;
  recorded: RecordedOutcome[];
  /** Runs under way that it takes the place of. */
  cancelled: Claim[];
}

export interface RunRequest {
  jobId: string;
  /** Undefined: the job's own payload. */
  payload: JsonValue | undefined;
  now: number;
}

/**
 * - `recorded`: as told.
 * - `refused`: another holder took the run over meanwhile.
 * - `withoutRetry`: its job is gone or a newer run takes its place, so the result is the outcome.
 * - `runsAgain`: abandoned, and another attempt follows (`onAbandoned`).
 * - `pausedJob`: the result is the outcome, and one failure too many in a row (O4).
 * - `finishedJob`: the result is the outcome, and there is no tick after this run (T2).
 */
export type CompletionEffect =
  | 'recorded'
  | 'refused'
  | 'withoutRetry'
  | 'runsAgain'
  | 'pausedJob'
  | 'finishedJob';

export type RunNote = { kind: 'progress'; progress: RunProgress } | { kind: 'line'; line: KeptLogLine };

export interface BackfillRequest {
  jobId: string;
  fromAt: number;
  toAt: number;
  force: boolean;
  dryRun: boolean;
  /** More instants than this is an answer, not an effect. */
  most: number;
  now: number;
}

export interface BackfillResult {
  /** Runs made, or with `dryRun` that would be. */
  count: number;
  /** Instants left out because a run was started for them. */
  leftOut: number;
  /** There are more than `most`: nothing was made. */
  tooMany: boolean;
}

export interface ClaimRequest {
  now: number;
  limit: number;
}

export interface ClaimBatch {
  claims: Claim[];
  /** Ticks that got their outcome without a run. */
  recorded: RecordedOutcome[];
  /** Runs under way that a newer run takes the place of. */
  cancelled: Claim[];
  /** Jobs whose state changed by themselves: finished, resumed at the end of a pause, parked. */
  changed: JobStateChange[];
  /** Attempts of holders that are gone, which another attempt follows; those without are in `recorded`. */
  recovered?: readonly RecoveredAttempt[];
  /** More may be due at `now`. */
  more: boolean;
  /** Due work was left behind (locked by another, or no slot in its group): look again then, UTC ms. */
  lookAgainAt?: number | null;
}

export interface RecoveredAttempt {
  jobId: string;
  runId: string;
  scheduledAt: number | null;
  attempt: number;
}

export type JobStateChange =
  | { kind: 'finished' | 'resumed' | 'paused' | 'orphaned' | 'added' | 'edited'; jobId: string }
  | { kind: 'parked'; jobId: string; error: unknown };

/**
 * An outcome that a store records by itself: of a tick, a span of ticks, a run that never started, or a run whose
 * retry came too late.
 */
export interface RecordedOutcome {
  jobId: string;
  runId: string;
  /** As the row says. `failed` and `timedOut`: a retry later than `misfireGrace` is not attempted (O3, O7). */
  outcome: Exclude<Outcome, 'succeeded'>;
  reason: OutcomeReason;
  scheduledAt: number | null;
  scheduledUntil: number | null;
  count: number;
  countIsAtLeast: boolean;
  attempt: number;
  /** For `coalesced`: the run that the ticks were merged into. */
  into: string | null;
  /** For `failed` and `timedOut`: the attempt whose result is the outcome. */
  lastAttempt?: AttemptRecord;
}
