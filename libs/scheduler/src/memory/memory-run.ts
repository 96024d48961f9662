import type {
  AttemptRecord,
  Claim,
  HandlerReference,
  JsonValue,
  KeptResult,
  Outcome,
  Policies,
  Run,
  RunState,
} from '../model/index.js';
import { type MemoryJob, toDate } from './memory-job.js';
import { NO_DETAILS, RunDetails } from './run-details.js';

/** A run, or a span of ticks that share an outcome; also the claim that the engine works with. */
export class MemoryRun implements Claim {
  state: RunState = 'running';
  outcome: Outcome | null = null;
  attempt = 0;
  startedAt: number | null = null;
  endedAt: number | null = null;
  latenessMs: number | null = null;
  result: KeptResult | null = null;
  /** Read here; written through `noted`. */
  details: Readonly<RunDetails> = NO_DETAILS;
  /** Neighbours in the list that the run is in (alive, or history), older and newer. */
  older: MemoryRun | null = null;
  newer: MemoryRun | null = null;
  /** The next one in the history of the same job. */
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

  /** The run's own details, to write to. */
  get noted(): RunDetails {
    if (this.details === NO_DETAILS) this.details = new RunDetails();
    return this.details;
  }

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
  get standsForAt(): number | null {
    return this.details.standsForAt;
  }
  /** What `from` and `to` of a query look at. */
  get instant(): number {
    return this.scheduledAt ?? this.standsForAt ?? this.startedAt ?? this.dueAt;
  }

  /** A run that succeeded at once keeps no record of its one attempt: it is what the run says. */
  private attemptRecords(): AttemptRecord[] {
    const { attempts } = this.details;
    if (attempts) return [...attempts];
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
    const { details } = this;
    return {
      id: this.runId,
      jobId: this.job.id,
      scheduledAt: toDate(this.scheduledAt),
      scheduledUntil: toDate(details.scheduledUntil),
      standsFor: toDate(this.standsForAt),
      count: details.count,
      countIsAtLeast: details.countIsAtLeast,
      state: this.state,
      outcome: this.outcome,
      reason: details.reason,
      attempt: this.attempt,
      attempts: this.attemptRecords(),
      startedAt: toDate(this.startedAt),
      endedAt: toDate(this.endedAt),
      retryAt: this.state === 'waiting' && this.attempt > 0 ? new Date(this.dueAt) : null,
      latenessMs: this.latenessMs,
      coalesced: details.coalesced,
      error: details.error,
      result: this.result,
      progress: details.notes?.progress ?? null,
      log: details.notes ? [...details.notes.log] : [],
    };
  }
}
