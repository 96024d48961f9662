import {
  type JobRecord,
  type LiveRuns,
  type RunRecord,
  StoredUnit,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { JobTable, LockedSchedule } from '../schema/tables.js';

/** A job that is locked, or not stored yet. */
export interface LoadedJob {
  readonly record: JobRecord;
  readonly runs: LiveRuns;
  readonly unreadable: Error | null;
  /** Null for a job that is made now. */
  readonly stored: StoredRows | null;
}

export interface StoredRows {
  readonly job: JobTable;
  readonly schedule: LockedSchedule;
}

/** A unit and the parts of its job's rows that rules do not know. */
export class SqlUnit extends StoredUnit {
  readonly stored: StoredRows | null;
  /** No live run has an id before this one. */
  liveFrom: string | null;
  hasNewRuns = false;
  /** The job's row is not written: it may be what the database refuses. */
  writesScheduleOnly = false;

  constructor({ record, runs, unreadable, stored }: LoadedJob, context: UnitContext) {
    super(record, runs, context, unreadable);
    this.stored = stored;
    this.liveFrom = stored?.schedule.live_from ?? null;
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
