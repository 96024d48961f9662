import type {
  AttemptRecord,
  ErrorRecord,
  HandlerReference,
  JobOrigin,
  JobSpec,
  JobState,
  KeptResult,
  Outcome,
  OutcomeReason,
  Policies,
  RunState,
} from '../model/index.js';
import type { Trigger } from '../timing/index.js';

/**
 * A job as a store keeps it: plain data that rules change in place. Instants are UTC ms.
 *
 * `payload` is in the form that the store chose (a string, a value); rules only hand it on.
 */
export interface JobRecord {
  readonly id: string;
  /** Rises with each new trigger. One run a tick: stores keep (id, generation, scheduledAt) unique. */
  generation: number;
  origin: JobOrigin;
  /** Hash of the declaration that the job follows; null for a job that was added. */
  declaration: string | null;
  handler: HandlerReference;
  payload: unknown;
  trigger: Trigger;
  policies: Policies;
  state: JobState;
  parkedBecause: string | null;
  /** Outlives the state `paused`: an orphan that is declared again is paused as before. */
  pause: PauseRecord | null;
  /** The oldest tick without an outcome; null when none is scheduled. */
  nextTickAt: number | null;
  /** When a claim is to look at the job: the next tick and its jitter, or the end of a pause. */
  dueAt: number | null;
  /** The newest tick of this generation that has an outcome or a run. */
  lastTickAt: number | null;
  /** The next tick is computed when the run ends (T2). */
  awaitsRun: boolean;
  /** Runs that ticks have started (T6). */
  runsStarted: number;
  failuresInRow: number;
  /** Ends with `lastTickAt`; further ticks of its outcome join it (M2). */
  span: SpanRecord | null;
  /** Version of the time zone data that computed `nextTickAt` (Z5). */
  zoneVersion: string;
  version: number;
  readonly addedAt: number;
  /** Of the last edit. */
  updatedAt: number;
}

export interface PauseRecord {
  readonly note: string | null;
  readonly by: string | null;
  readonly at: number;
  readonly until: number | null;
  /** The first tick inside the pause; null when there is none yet. */
  readonly firstTickAt: number | null;
}

/** A run, or a span of ticks that share an outcome; plain data that rules change in place. Instants are UTC ms. */
export interface RunRecord {
  readonly id: string;
  readonly jobId: string;
  readonly generation: number;
  /** The tick; null for a run by hand or of a backfill. For a span its first tick. */
  readonly scheduledAt: number | null;
  /** For a span of several ticks its last one. */
  scheduledUntil: number | null;
  /** The instant that a backfilled run stands for. */
  readonly standsForAt: number | null;
  /** How many ticks the record stands for. */
  count: number;
  /** `count` and `coalesced` are lower bounds (M2). */
  countIsAtLeast: boolean;
  /** Further ticks that were merged into this run. */
  coalesced: number;
  state: RunState;
  outcome: Outcome | null;
  reason: OutcomeReason | null;
  /** Attempts begun. */
  attempt: number;
  /** Attempts whose process was lost. */
  lostAttempts: number;
  /** Fencing token: rises with each claim. */
  token: number;
  /** A claim may take the run from then on; lateness is measured from there. */
  dueAt: number;
  /** Makes up for a tick of the past: such runs go one after the other, and are nobody's previous run. */
  catchesUp: boolean;
  /** A newer run replaces it: its holder aborts it, and no attempt follows. */
  isReplaced: boolean;
  /** An attempt is at work: `running`, or ended while its handler has not settled (O2). */
  holdsSlot: boolean;
  /** The group whose slot it holds. */
  group: string | null;
  /** The replica that holds the claim, and until when unless it renews. */
  holder: string | null;
  leaseUntil: number | null;
  /** Its job was removed: it ends without it, and a later job of the id does not count it. */
  jobIsGone: boolean;
  /** Completing it changes its job too, so the job is locked first. See `noteCompletions`. */
  completesWithJob: boolean;
  payload: unknown;
  startedAt: number | null;
  endedAt: number | null;
  latenessMs: number | null;
  error: ErrorRecord | null;
  result: KeptResult | null;
  /** Null for none, and for a first attempt that succeeded: the run itself says all about it. */
  attempts: AttemptRecord[] | null;
}

/** The part of a span's record that further ticks change. */
export type SpanRecord = Pick<
  RunRecord,
  'id' | 'outcome' | 'reason' | 'scheduledUntil' | 'count' | 'countIsAtLeast' | 'endedAt'
>;

/** Fields of a run that are known when it is made. */
export interface RunOrigin {
  readonly scheduledAt: number | null;
  readonly standsForAt: number | null;
  readonly dueAt: number;
  readonly payload: unknown;
}

/** A record of a job that is added now and has no tick scheduled. @param payload in the store's form */
export function newJobRecord(spec: JobSpec, { payload, declaration, now, zoneVersion }: NewJob): JobRecord {
  return {
    id: spec.id,
    generation: newGeneration(now),
    origin: spec.origin,
    declaration,
    handler: spec.handler,
    payload,
    trigger: spec.trigger,
    policies: spec.policies,
    state: spec.disabled ? 'disabled' : 'active',
    parkedBecause: null,
    pause: null,
    nextTickAt: null,
    dueAt: null,
    lastTickAt: null,
    awaitsRun: false,
    runsStarted: 0,
    failuresInRow: 0,
    span: null,
    zoneVersion,
    version: 1,
    addedAt: now,
    updatedAt: now,
  };
}

export interface NewJob {
  readonly payload: unknown;
  readonly declaration: string | null;
  readonly now: number;
  readonly zoneVersion: string;
}

/** A run that waits; whoever makes it changes what differs. */
export function newRunRecord(
  id: string,
  { id: jobId, generation }: Pick<JobRecord, 'id' | 'generation'>,
  { scheduledAt, standsForAt, dueAt, payload }: RunOrigin,
): RunRecord {
  return {
    id,
    jobId,
    generation,
    scheduledAt,
    scheduledUntil: null,
    standsForAt,
    count: 1,
    countIsAtLeast: false,
    coalesced: 0,
    state: 'waiting',
    outcome: null,
    reason: null,
    attempt: 0,
    lostAttempts: 0,
    token: 0,
    dueAt,
    catchesUp: false,
    isReplaced: false,
    holdsSlot: false,
    group: null,
    holder: null,
    leaseUntil: null,
    jobIsGone: false,
    completesWithJob: false,
    payload,
    startedAt: null,
    endedAt: null,
    latenessMs: null,
    error: null,
    result: null,
    attempts: null,
  };
}

/** Larger than any generation before it, also of a job of the same id that was removed. Below 2^53 until 2255. */
export function newGeneration(now: number): number {
  return now * 1_000 + Math.floor(Math.random() * 1_000);
}
