import type { HandlerReference } from './job.js';
import type { JsonValue } from './json.js';
import type { Policies } from './policies.js';
import type { AttemptResult } from './run.js';

/** A due run that this process has taken: all that an attempt needs. */
export interface Claim {
  readonly runId: string;
  readonly jobId: string;
  readonly handler: HandlerReference;
  readonly payload: JsonValue | undefined;
  readonly policies: Policies;
  /** The tick, UTC ms; null for a run that was asked for by hand. */
  readonly scheduledAt: number | null;
  /** For a backfilled run the instant that it stands for, UTC ms, else null. */
  readonly standsForAt: number | null;
  /** What lateness is measured from, UTC ms: the tick, or when the attempt fell due. */
  readonly dueAt: number;
  /** This attempt's number, from 1. */
  readonly attempt: number;
  /** Rises with each claim of the run; writes under an older one are refused. */
  readonly token: number;
}

/** How an attempt ended, and what follows. */
export interface Completion {
  readonly claim: Claim;
  readonly result: AttemptResult;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Elapsed (monotonic) ms. */
  readonly durationMs: number;
  /** When the next attempt is due, UTC ms; null when the result is the run's outcome. */
  readonly retryAt: number | null;
}
