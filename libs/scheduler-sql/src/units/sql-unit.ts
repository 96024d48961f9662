import {
  type JobRecord,
  type LiveRuns,
  type RunRecord,
  StoredUnit,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { LockedJob } from '../schema/tables.js';

/** A job that is locked, or not stored yet. */
export interface LoadedJob {
  readonly record: JobRecord;
  readonly runs: LiveRuns;
  readonly unreadable: Error | null;
  /** Null for a job that is made now. */
  readonly row: LockedJob | null;
}

/** A unit and the parts of its job's row that rules do not know. */
export class SqlUnit extends StoredUnit {
  readonly row: LockedJob | null;
  /** No live run has an id before this one. */
  liveFrom: string | null;
  hasNewRuns = false;
  /** The rest of the row is not written: it may be what the database refuses. */
  writesScheduleOnly = false;

  constructor({ record, runs, unreadable, row }: LoadedJob, context: UnitContext) {
    super(record, runs, context, unreadable);
    this.row = row;
    this.liveFrom = row?.live_from ?? null;
  }

  override makeRun(
    scheduledAt: number | null,
    dueAt: number,
    payload: unknown,
    standsForAt: number | null = null,
  ): RunRecord {
    this.hasNewRuns = true;
    const run = super.makeRun(scheduledAt, dueAt, payload, standsForAt);
    // Another replica, whose clock is ahead, may have made the one before.
    if (this.liveFrom === null || run.id < this.liveFrom) this.liveFrom = run.id;
    return run;
  }
}
