import type { Claim, JobStateChange, RecordedOutcome, RecoveredAttempt } from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';

/** The row of a span, as far as further ticks need it. */
export interface Span {
  readonly id: string;
  readonly outcome: string;
  readonly reason: string;
  count: number;
  countAtLeast: number;
}

/** What the row of a span is to say, now that further ticks are in it. */
export interface LongerSpan extends Span {
  readonly tickUntil: number;
  readonly endedAt: number;
}

/** What turns bring about: rows to write, and facts to tell. One for all turns of a transaction. */
export class Effects {
  readonly recorded: RecordedOutcome[] = [];
  readonly changed: JobStateChange[] = [];
  readonly recovered: RecoveredAttempt[] = [];
  readonly claims: Claim[] = [];
  /** The runs of `claims`, in the same order. */
  readonly claimed: RunTable[] = [];
  /** Runs under way, on whichever replica, that a newer run takes the place of. */
  readonly replaced: RunTable[] = [];

  readonly inserted = new Set<RunTable>();
  readonly touched = new Set<RunTable>();
  readonly longer = new Map<string, LongerSpan>();

  insert(run: RunTable): void {
    this.inserted.add(run);
  }

  touch(run: RunTable): void {
    if (!this.inserted.has(run)) this.touched.add(run);
  }
}
