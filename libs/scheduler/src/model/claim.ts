import type { HandlerReference } from './job.js';
import type { JsonValue } from './json.js';
import type { Policies } from './policies.js';
import type { AttemptResult } from './run.js';

/** A due run that this process has claimed, with everything that an attempt needs. */
export interface Claim {
  readonly runId: string;
  readonly jobId: string;
  readonly handler: HandlerReference;
  readonly payload: JsonValue | undefined;
  readonly policies: Policies;
  /** The tick, UTC ms; null for a run requested by hand. */
  readonly scheduledAt: number | null;
  /** The instant that a backfilled run stands for, UTC ms; null for other runs. */
  readonly standsForAt: number | null;
  /** Lateness is measured from this instant, UTC ms: the tick, or when the attempt fell due. */
  readonly dueAt: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Fencing token: rises with each claim of the run; writes with an older one are refused. */
  readonly token: number;
}

/** The end of an attempt, and whether another one follows. */
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
