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
import { type MemoryJob, toDate } from './memory-job.js';

/** A run, or a span of ticks that share an outcome; also the claim that the engine works with. */
export class MemoryRun implements Claim {
  state: RunState = 'running';
  outcome: Outcome | null = null;
  reason: OutcomeReason | null = null;
  attempt = 0;
  attempts: AttemptRecord[] | null = null;
  scheduledUntil: number | null = null;
  count = 1;
  countIsAtLeast = false;
  coalesced = 0;
  startedAt: number | null = null;
  endedAt: number | null = null;
  latenessMs: number | null = null;
  error: ErrorRecord | null = null;
  result: KeptResult | null = null;
  notes: RunNotes | null = null;
  /** The instant that a backfilled run stands for. */
  standsForAt: number | null = null;
  /** Queued to catch up, so a newer tick does not take its place. */
  isCatchUp = false;
  /** A newer run takes its place, so it is not tried again. */
  isReplaced = false;
  /** The group whose place the running attempt holds. */
  group: string | null = null;
  /** Place in the queue of waiting runs; null while it does not wait. */
  waitingSlot: number | null = null;
  /** Neighbours in the list that the run is in (alive, or history), older and newer. */
  older: MemoryRun | null = null;
  newer: MemoryRun | null = null;
  /** Neighbours among the history of the same job. */
  olderOfJob: MemoryRun | null = null;
  newerOfJob: MemoryRun | null = null;

  constructor(
    private readonly idPrefix: string,
    readonly sequence: number,
    readonly job: MemoryJob,
    readonly scheduledAt: number | null,
    readonly payload: JsonValue | undefined,
    /** When the tick (after its jitter), or the retry, fell due. */
    public dueAt: number,
  ) {}

  get runId(): string {
    return this.idPrefix + this.sequence.toString(36);
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
  /** What `from` and `to` of a query look at. */
  get instant(): number {
    return this.scheduledAt ?? this.standsForAt ?? this.startedAt ?? this.dueAt;
  }

  /** A run that succeeded at once keeps no record of its one attempt: it is what the run says. */
  private attemptRecords(): AttemptRecord[] {
    if (this.attempts) return [...this.attempts];
    const { attempt, startedAt, endedAt } = this;
    if (attempt !== 1 || startedAt === null || endedAt === null) return [];
    return [
      {
        attempt,
        result: 'succeeded',
        startedAt: new Date(startedAt),
        endedAt: new Date(endedAt),
        error: null,
      },
    ];
  }

  toRun(): Run {
    return {
      id: this.runId,
      jobId: this.job.id,
      scheduledAt: toDate(this.scheduledAt),
      scheduledUntil: toDate(this.scheduledUntil),
      standsFor: toDate(this.standsForAt),
      count: this.count,
      countIsAtLeast: this.countIsAtLeast,
      state: this.state,
      outcome: this.outcome,
      reason: this.reason,
      attempt: this.attempt,
      attempts: this.attemptRecords(),
      startedAt: toDate(this.startedAt),
      endedAt: toDate(this.endedAt),
      retryAt: this.state === 'waiting' && this.attempt > 0 ? new Date(this.dueAt) : null,
      latenessMs: this.latenessMs,
      coalesced: this.coalesced,
      error: this.error,
      result: this.result,
      progress: this.notes?.progress ?? null,
      log: this.notes ? [...this.notes.log] : [],
    };
  }
}
