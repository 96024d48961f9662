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

  /**
   * Keeps the row. Consecutive ticks that did not run for the same reason share one (M2): give
   * `afterTickAt`, the job's tick before, and the answer is the row that the ticks are in.
   */
  add(run: MemoryRun, afterTickAt: number | null = null): MemoryRun {
    const { job } = run;
    const newest = job.newestRow;
    if (newest !== null && afterTickAt !== null && extendsSpan(newest, run, afterTickAt)) {
      newest.scheduledUntil = run.scheduledUntil ?? run.scheduledAt;
      newest.endedAt = run.endedAt;
      newest.count += run.count;
      newest.countIsAtLeast ||= run.countIsAtLeast;
      return newest;
    }
    this.runs.add(run);
    run.olderOfJob = newest;
    if (newest === null) job.oldestRow = run;
    else newest.newerOfJob = run;
    job.newestRow = run;
    job.rows++;
    if (job.rows > this.limits.runsPerJob) this.forget(job.oldestRow!);
    if (this.runs.length > this.limits.runsTotal) this.forget(this.runs.oldest!);
    return run;
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
    if (newerOfJob !== null) {
      newerOfJob.olderOfJob = null;
      return;
    }
    job.newestRow = null;
    this.onForgotten(job);
  }
}

/** Consecutive ticks that did not run for the same reason share one row (M2). */
function extendsSpan(last: MemoryRun, run: MemoryRun, afterTickAt: number): boolean {
  return (
    (run.outcome === 'skipped' || run.outcome === 'missed') &&
    last.outcome === run.outcome &&
    last.reason === run.reason &&
    last.startedAt === null &&
    (last.scheduledUntil ?? last.scheduledAt) === afterTickAt
  );
}
