import type { MemoryRun } from './memory-run.js';
import { RunList } from './run-list.js';

export interface HistoryLimits {
  /** Rows kept of one job. */
  runsPerJob: number;
  /** Rows kept in all. */
  runsTotal: number;
}

interface JobHistory {
  oldest: MemoryRun;
  newest: MemoryRun;
  length: number;
}

/** Ended runs and spans, bounded by job and in all; the oldest go first. */
export class History {
  private readonly runs = new RunList();
  private readonly byJob = new Map<string, JobHistory>();

  constructor(
    private readonly limits: HistoryLimits,
    /** Told when the last row of a job has gone. */
    private readonly onForgotten: (jobId: string) => void,
  ) {}

  has(jobId: string): boolean {
    return this.byJob.has(jobId);
  }

  /**
   * Keeps the row. Consecutive ticks that did not run for the same reason share one (M2): give
   * `afterTickAt`, the job's tick before, and the answer is the row that the ticks are in.
   */
  add(run: MemoryRun, afterTickAt: number | null = null): MemoryRun {
    const ofJob = this.byJob.get(run.jobId);
    if (ofJob && afterTickAt !== null && extendsSpan(ofJob.newest, run, afterTickAt)) {
      ofJob.newest.scheduledUntil = run.scheduledUntil ?? run.scheduledAt;
      ofJob.newest.endedAt = run.endedAt;
      ofJob.newest.count += run.count;
      return ofJob.newest;
    }
    this.runs.add(run);
    if (ofJob) {
      run.olderOfJob = ofJob.newest;
      ofJob.newest.newerOfJob = run;
      ofJob.newest = run;
      ofJob.length++;
      if (ofJob.length > this.limits.runsPerJob) this.forget(ofJob.oldest, ofJob);
    } else {
      this.byJob.set(run.jobId, { oldest: run, newest: run, length: 1 });
    }
    if (this.runs.length > this.limits.runsTotal) {
      const { oldest } = this.runs;
      if (oldest) this.forget(oldest, this.byJob.get(oldest.jobId)!);
    }
    return run;
  }

  /** Newest first. */
  *of(jobId: string): Generator<MemoryRun> {
    for (let run = this.byJob.get(jobId)?.newest ?? null; run; run = run.olderOfJob) yield run;
  }

  all(): Iterable<MemoryRun> {
    return this.runs;
  }

  /** The oldest row of a job goes. A job's rows end in order, so the oldest in all is the oldest of its job. */
  private forget(run: MemoryRun, ofJob: JobHistory): void {
    this.runs.remove(run);
    const { newerOfJob } = run;
    run.newerOfJob = null;
    if (newerOfJob === null) {
      this.byJob.delete(run.jobId);
      this.onForgotten(run.jobId);
      return;
    }
    newerOfJob.olderOfJob = null;
    ofJob.oldest = newerOfJob;
    ofJob.length--;
  }
}

function extendsSpan(last: MemoryRun, run: MemoryRun, afterTickAt: number): boolean {
  return (
    (run.outcome === 'skipped' || run.outcome === 'missed') &&
    last.outcome === run.outcome &&
    last.reason === run.reason &&
    last.startedAt === null &&
    (last.scheduledUntil ?? last.scheduledAt) === afterTickAt
  );
}
