import type { ErrorRecord } from './error-record.js';
import type { JsonValue } from './json.js';

/** How a tick's run ended, once. */
export const OUTCOMES = [
  'succeeded',
  'failed',
  'timedOut',
  'cancelled',
  'skipped',
  'missed',
  'coalesced',
  'abandoned',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How one attempt ended. */
export type AttemptResult =
  | { kind: 'succeeded'; value: unknown }
  | { kind: 'failed'; error: unknown }
  | { kind: 'timedOut'; error: unknown }
  | { kind: 'cancelled'; error: unknown }
  | { kind: 'abandoned'; error: unknown };

/** The reason for an outcome other than a run's own end. */
export type OutcomeReason =
  /** The previous run was alive (overlap `skip`, or `maxInstances` reached). */
  | 'overlap'
  /** Later than `misfireGrace`. */
  | 'misfireGrace'
  /** More overdue ticks than `maxCatchUp`. */
  | 'maxCatchUp'
  /** Merged into the run of another tick. */
  | 'merged'
  /** A newer run of the job replaced it (overlap `cancelPrevious`). */
  | 'replaced'
  /** Its job could not be computed and was parked. */
  | 'parked'
  /** The job was paused. */
  | 'paused'
  /** The job got a new trigger while the tick was overdue. */
  | 'edited'
  /** The job was removed while the tick was overdue or its run waited. */
  | 'removed'
  /** No live replica declared its job any more while the tick was overdue. */
  | 'orphaned'
  /** The process stopped. */
  | 'shutdown'
  /** Its process did not renew the lease: it died, hung, or was cut off from the store. */
  | 'leaseExpired';

/**
 * - `queued`: behind another run of its job.
 * - `waiting`: for its instant (a retry) or for the next claim.
 * - `running`: an attempt is under way.
 * - `ended`: it has its outcome.
 */
export type RunState = 'queued' | 'waiting' | 'running' | 'ended';

export interface AttemptRecord {
  attempt: number;
  result: AttemptResult['kind'];
  startedAt: Date;
  endedAt: Date;
  error: ErrorRecord | null;
}

/** One row of the history: a run, or a span of ticks that share an outcome and did not run. */
export interface Run {
  id: string;
  jobId: string;
  /** The tick; null for a run requested by hand. For a span, its first tick. */
  scheduledAt: Date | null;
  /** The last tick of a span of several ticks; null for other rows. */
  scheduledUntil: Date | null;
  /** The instant that a backfilled run stands for; null for other runs. */
  standsFor: Date | null;
  /** The number of ticks in the row: 1, or the length of a span. */
  count: number;
  /** `count` and `coalesced` are lower bounds: combined triggers count ticks up to 10,000. */
  countIsAtLeast: boolean;
  state: RunState;
  outcome: Outcome | null;
  reason: OutcomeReason | null;
  /** Attempts begun so far. */
  attempt: number;
  /** Earlier attempts that a retry followed, and the last one. */
  attempts: AttemptRecord[];
  startedAt: Date | null;
  endedAt: Date | null;
  /** When the next attempt is due while the run waits for one. */
  retryAt: Date | null;
  /** Start of the first attempt minus due, ms. */
  latenessMs: number | null;
  /** The number of other ticks merged into this run. */
  coalesced: number;
  error: ErrorRecord | null;
  /** The handler's return value; null until it returns, and for undefined. */
  result: KeptResult | null;
  /** The handler's last call of `run.progress`. */
  progress: RunProgress | null;
  /** The handler's last lines of `run.log`. */
  log: KeptLogLine[];
}

export interface RunFilter {
  jobId?: string;
  outcome?: Outcome | readonly Outcome[];
  state?: RunState;
  /** Rows whose tick (or start, for runs by hand) lies in [from, to]. */
  from?: Date;
  to?: Date;
  /** At most this many rows, 1 to 1,000; default 100. */
  limit?: number;
  /** The id of the last row of the page before: the next page begins after it. */
  after?: string;
}

/** The result as JSON, or why it was not kept. */
export type KeptResult = { kept: true; value: JsonValue } | { kept: false; because: 'tooLarge' | 'notJson' };

export interface RunProgress {
  /** Done so far, 0 to 1. */
  share: number;
  note: string | null;
  at: Date;
}

export interface KeptLogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  at: Date;
}

/** The progress and log lines that a handler writes while it runs. */
export interface RunNotes {
  progress: RunProgress | null;
  log: KeptLogLine[];
}

/** The history keeps results up to this many characters of JSON. */
const LONGEST_RESULT = 4_096;

/** Returns null for undefined: a handler without a return value has no result. */
export function keepResult(value: unknown): KeptResult | null {
  if (value === undefined) return null;
  try {
    const text = JSON.stringify(value);
    if (text === undefined) return { kept: false, because: 'notJson' };
    if (text.length > LONGEST_RESULT) return { kept: false, because: 'tooLarge' };
    return { kept: true, value: JSON.parse(text) as JsonValue };
  } catch {
    return { kept: false, because: 'notJson' };
  }
}
