import type { MemoryJob } from './memory-job.js';
import type { MemoryRun } from './memory-run.js';
import { RunList } from './run-list.js';

export interface HistoryLimits {
  /** Rows kept of one job. */
  runsPerJob: number;
  /** Rows kept in all. */
  runsTotal: number;
}

/**
 * Ended runs and spans, bounded by job and in all; the oldest go first. Each job holds the ends of
 * its own chain of rows, so that keeping and forgetting a row look nothing up.
 */
export class History implements Iterable<MemoryRun> {
  private readonly runs = new RunList();

  constructor(
    private readonly limits: HistoryLimits,
    /** Told when the last row of a job has gone. */
    private readonly onForgotten: (job: MemoryJob) => void,
  ) {}

  /** Keeps the row as the newest. */
  add(run: MemoryRun): void {
    const { job } = run;
    this.runs.add(run);
    if (job.newestRow === null) job.oldestRow = run;
    else job.newestRow.newerOfJob = run;
    job.newestRow = run;
    job.rows++;
    if (job.rows > this.limits.runsPerJob) this.forget(job.oldestRow!);
    if (this.runs.length > this.limits.runsTotal) this.forget(this.runs.oldest!);
  }

  /**
   * Keeps ticks that did not run. Consecutive ones share a row (M2): `afterTickAt` is the job's tick
   * before, and the answer the row that the ticks are in.
   */
  addSpan(row: MemoryRun, afterTickAt: number | null): MemoryRun {
    const newest = row.job.newestRow;
    if (newest !== null && afterTickAt !== null && extendsSpan(newest, row, afterTickAt)) {
      const { details } = row;
      newest.endedAt = row.endedAt;
      newest.noted.scheduledUntil = details.scheduledUntil ?? row.scheduledAt;
      newest.noted.count += details.count;
      newest.noted.countIsAtLeast ||= details.countIsAtLeast;
      return newest;
    }
    this.add(row);
    return row;
  }

  /** Newest first. */
  [Symbol.iterator](): Iterator<MemoryRun> {
    return this.runs[Symbol.iterator]();
  }

  /** The oldest row of a job goes. Rows are kept in one order, so the oldest in all is the oldest of its job. */
  private forget(run: MemoryRun): void {
    const { job, newerOfJob } = run;
    this.runs.remove(run);
    run.newerOfJob = null;
    job.oldestRow = newerOfJob;
    job.rows--;
    if (newerOfJob !== null) return;
    job.newestRow = null;
    this.onForgotten(job);
  }
}

/** Consecutive ticks that did not run for the same reason share one row (M2). */
function extendsSpan(last: MemoryRun, run: MemoryRun, afterTickAt: number): boolean {
  return (
    (run.outcome === 'skipped' || run.outcome === 'missed') &&
    last.outcome === run.outcome &&
    last.details.reason === run.details.reason &&
    last.startedAt === null &&
    (last.details.scheduledUntil ?? last.scheduledAt) === afterTickAt &&
    // A tick that comes again after a step back of the clock is another row's.
    run.scheduledAt! > afterTickAt
  );
}
