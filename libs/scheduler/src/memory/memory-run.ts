import type {
  AttemptRecord,
  Claim,
  ErrorRecord,
  HandlerReference,
  JsonValue,
  KeptResult,
  Outcome,
  OutcomeReason,
  Policies,
  Run,
  RunNotes,
  RunState,
} from '../model/index.js';
import type { RunNote } from '../ports/index.js';
import { keepLine, type RunRecord, viewRun } from '../rules/index.js';
import type { MemoryJob } from './memory-job.js';

/** Fields that only some runs need: an object of its own, so that the others are small. */
class RunDetails {
  reason: OutcomeReason | null = null;
  attempts: AttemptRecord[] | null = null;
  error: ErrorRecord | null = null;
  notes: RunNotes | null = null;
  scheduledUntil: number | null = null;
  count = 1;
  countIsAtLeast = false;
  coalesced = 0;
  standsForAt: number | null = null;
  catchesUp = false;
  isReplaced = false;
  group: string | null = null;
  /** In the queue of waiting runs; null while it does not wait. */
  waitingHandle: number | null = null;
}

const HOLDS_SLOT = 1;
const RECORDED = 2;

/** Shared by all runs that need none of it. */
const NO_DETAILS: Readonly<RunDetails> = new RunDetails();

/** A run, or a span of ticks that share an outcome; also the claim that the engine works with. */
export class MemoryRun implements RunRecord, Claim {
  state: RunState = 'waiting';
  outcome: Outcome | null = null;
  attempt = 0;
  startedAt: number | null = null;
  endedAt: number | null = null;
  latenessMs: number | null = null;
  result: KeptResult | null = null;
  /** Of HOLDS_SLOT and RECORDED: one field for both, because the history keeps many runs. */
  private flags = 0;
  /** Neighbours in the list that the run is in (alive, or history), older and newer. */
  older: MemoryRun | null = null;
  newer: MemoryRun | null = null;
  /** The next one in the history of the same job. */
  newerOfJob: MemoryRun | null = null;
  private details: Readonly<RunDetails> = NO_DETAILS;

  constructor(
    readonly job: MemoryJob,
    readonly sequence: number,
    readonly scheduledAt: number | null,
    /** When the tick (after its jitter), or the next attempt, falls due. */
    public dueAt: number,
    readonly payload: JsonValue | undefined,
  ) {}

  get id(): string {
    return this.job.home.runIdPrefix + this.sequence.toString(36);
  }
  get runId(): string {
    return this.id;
  }
  get jobId(): string {
    return this.job.id;
  }
  get handler(): HandlerReference {
    return this.job.handler;
  }
  get policies(): Policies {
    return this.job.policies;
  }
  /** Each attempt is one claim. */
  get token(): number {
    return this.attempt;
  }
  set token(_: number) {}
  get jobIsGone(): boolean {
    return this.job.isGone;
  }
  set jobIsGone(_: boolean) {}
  get holdsSlot(): boolean {
    return (this.flags & HOLDS_SLOT) !== 0;
  }
  set holdsSlot(holds: boolean) {
    this.flags = holds ? this.flags | HOLDS_SLOT : this.flags & ~HOLDS_SLOT;
  }
  /** It is, or was, in the history. */
  get isRecorded(): boolean {
    return (this.flags & RECORDED) !== 0;
  }
  set isRecorded(isRecorded: boolean) {
    this.flags = isRecorded ? this.flags | RECORDED : this.flags & ~RECORDED;
  }
  get standsForAt(): number | null {
    return this.details.standsForAt;
  }
  set standsForAt(at: number | null) {
    this.own().standsForAt = at;
  }

  get reason(): OutcomeReason | null {
    return this.details.reason;
  }
  set reason(reason: OutcomeReason | null) {
    if (reason !== this.details.reason) this.own().reason = reason;
  }
  get attempts(): AttemptRecord[] | null {
    return this.details.attempts;
  }
  set attempts(attempts: AttemptRecord[] | null) {
    this.own().attempts = attempts;
  }
  get error(): ErrorRecord | null {
    return this.details.error;
  }
  set error(error: ErrorRecord | null) {
    if (error !== this.details.error) this.own().error = error;
  }
  get scheduledUntil(): number | null {
    return this.details.scheduledUntil;
  }
  set scheduledUntil(at: number | null) {
    if (at !== this.details.scheduledUntil) this.own().scheduledUntil = at;
  }
  get count(): number {
    return this.details.count;
  }
  set count(count: number) {
    if (count !== this.details.count) this.own().count = count;
  }
  get countIsAtLeast(): boolean {
    return this.details.countIsAtLeast;
  }
  set countIsAtLeast(isAtLeast: boolean) {
    if (isAtLeast !== this.details.countIsAtLeast) this.own().countIsAtLeast = isAtLeast;
  }
  get coalesced(): number {
    return this.details.coalesced;
  }
  set coalesced(coalesced: number) {
    this.own().coalesced = coalesced;
  }
  get catchesUp(): boolean {
    return this.details.catchesUp;
  }
  set catchesUp(catchesUp: boolean) {
    if (catchesUp !== this.details.catchesUp) this.own().catchesUp = catchesUp;
  }
  get isReplaced(): boolean {
    return this.details.isReplaced;
  }
  set isReplaced(isReplaced: boolean) {
    this.own().isReplaced = isReplaced;
  }
  get group(): string | null {
    return this.details.group;
  }
  set group(group: string | null) {
    if (group !== this.details.group) this.own().group = group;
  }
  get waitingHandle(): number | null {
    return this.details.waitingHandle;
  }
  set waitingHandle(handle: number | null) {
    this.own().waitingHandle = handle;
  }

  // One process holds all runs until it ends, and finds their job through them.
  get generation(): number {
    return 0;
  }
  get lostAttempts(): number {
    return 0;
  }
  set lostAttempts(_: number) {}
  get holder(): string | null {
    return null;
  }
  set holder(_: string | null) {}
  get leaseUntil(): number | null {
    return null;
  }
  set leaseUntil(_: number | null) {}
  get completesWithJob(): boolean {
    return true;
  }
  set completesWithJob(_: boolean) {}

  /** The instant that `from` and `to` of a query compare. */
  get instant(): number {
    return this.scheduledAt ?? this.standsForAt ?? this.startedAt ?? this.dueAt;
  }

  note(note: RunNote): void {
    const notes = (this.own().notes ??= { progress: null, log: [] });
    if (note.kind === 'progress') notes.progress = note.progress;
    else keepLine(notes.log, note.line);
  }

  view(): Run {
    const { notes } = this.details;
    return viewRun(this, notes?.progress ?? null, notes ? [...notes.log] : []);
  }

  /** The run's own details, to write to. */
  private own(): RunDetails {
    if (this.details === NO_DETAILS) this.details = new RunDetails();
    return this.details;
  }
}
