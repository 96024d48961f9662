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
 * its own chain of rows, so that adding and forgetting a row need no lookup.
 */
export class History implements Iterable<MemoryRun> {
  private readonly runs = new RunList();

  constructor(
    private readonly limits: HistoryLimits,
    /** Called when the last row of a job is forgotten. */
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

  /** Newest first. */
  [Symbol.iterator](): Iterator<MemoryRun> {
    return this.runs[Symbol.iterator]();
  }

  /** Forgets the oldest row of a job. Rows are kept in one order, so the oldest in all is the oldest of its job. */
  private forget(run: MemoryRun): void {
    const { job, newerOfJob } = run;
    this.runs.remove(run);
    run.newerOfJob = null;
    // Further ticks cannot join a span that is gone.
    if (job.span === run) job.span = null;
    job.oldestRow = newerOfJob;
    job.rows--;
    if (newerOfJob !== null) return;
    job.newestRow = null;
    this.onForgotten(job);
  }
}
