import type { AttemptEnd, Claim, IfTaken, Job, JobEdit, JobFilter, JobSpec, JsonValue, Outcome, OutcomeReason, Run, RunFilter } from '../model/index.js';
import type { ClockSetBack } from '../timing/index.js';
import type { Awaitable } from './awaitable.js';

/**
 * Where jobs and runs live. Each verb is one atomic step. `now` is the engine's time, UTC ms.
 * Expected losses are return values (null, false); a throw means that the store is down.
 */
export interface Store {
  /** Jobs and runs survive the process. */
  readonly durable: boolean;
  /** Several replicas may share it. */
  readonly clustered: boolean;

  open(): Awaitable<void>;
  /** Ends its work. A store that forgets answers what that abandoned. */
  close(now: number): Awaitable<RecordedOutcome[]>;

  putJob(spec: JobSpec, ifTaken: IfTaken, now: number): Awaitable<PutResult>;
  getJob(id: string): Awaitable<Job | null>;
  listJobs(filter: JobFilter): Awaitable<Job[]>;
  /** Null when there is no such job. */
  changeJob(id: string, change: JobChange, now: number): Awaitable<ChangeResult | null>;

  /** A run with no tick, due now; overlap (O1) holds for it. Null when there is no such job. */
  requestRun(request: RunRequest): Awaitable<{ run: Run; recorded: RecordedOutcome[] } | null>;

  /** When the next job or waiting run falls due; null when nothing waits. */
  earliestDueAt(): Awaitable<number | null>;
  /**
   * Takes what is due, at most about `limit` jobs: asks the planner what becomes of their ticks,
   * records a run for each tick that starts one, moves the next due instants.
   */
  claimDue(request: ClaimRequest): Awaitable<ClaimBatch>;
  /**
   * Records an attempt's end under its token. With `placeHeld` the run keeps its job's place until
   * `release`. Answers false when another holder took the run over meanwhile.
   */
  settle(end: AttemptEnd, placeHeld: boolean): Awaitable<boolean>;
  /** Gives back the place of a run settled with `placeHeld`. */
  release(claim: Claim): Awaitable<void>;

  listRuns(filter: RunFilter): Awaitable<Run[]>;

  /** The wall clock was set back. Stores that share time with other replicas do nothing. */
  clockSetBack(step: Omit<ClockSetBack, 'lastTickAt'>): Awaitable<void>;
}

export interface PutResult {
  /** `same`: an equal declaration, which keeps overdue ticks; `kept`: the id was taken and stays. */
  change: 'created' | 'changed' | 'same' | 'kept' | 'taken';
  job: Job;
  recorded: RecordedOutcome[];
}

export type JobChange =
  | { kind: 'edit'; edit: JobEdit }
  | { kind: 'pause'; note: string | null; by: string | null; until: number | null }
  | { kind: 'resume' }
  | { kind: 'remove' };

export interface ChangeResult {
  job: Job;
  recorded: RecordedOutcome[];
}

export interface RunRequest {
  jobId: string;
  /** Undefined: the job's own payload. */
  payload: JsonValue | undefined;
  now: number;
}

export interface ClaimRequest {
  now: number;
  limit: number;
}

export interface ClaimBatch {
  claims: Claim[];
  /** Ticks that got their outcome without a run. */
  recorded: RecordedOutcome[];
  /** Jobs whose state changed by themselves: finished, resumed at the end of a pause, parked. */
  changed: JobStateChange[];
  /** More is due at `now`. */
  more: boolean;
}

export type JobStateChange =
  | { kind: 'finished' | 'resumed'; jobId: string }
  | { kind: 'parked'; jobId: string; error: unknown };

/** One row that was written without an attempt: a tick, or a span of ticks, or a run that never started. */
export interface RecordedOutcome {
  jobId: string;
  runId: string;
  outcome: Exclude<Outcome, 'succeeded' | 'failed' | 'timedOut'>;
  reason: OutcomeReason;
  scheduledAt: number | null;
  scheduledUntil: number | null;
  count: number;
  attempt: number;
  /** For `coalesced`: the run that the ticks were merged into. */
  into: string | null;
}
