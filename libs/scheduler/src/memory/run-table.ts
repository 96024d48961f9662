import type { JsonValue, Run, RunFilter } from '../model/index.js';
import { DueQueue } from './due-queue.js';
import { Handles } from './handles.js';
import { History, type HistoryLimits } from './history.js';
import type { MemoryJob } from './memory-job.js';
import { MemoryRun } from './memory-run.js';
import { RunList } from './run-list.js';
import { selectRuns } from './select-runs.js';

/** All runs: those alive, those of them that wait for their instant, and the history. */
export class RunTable {
  readonly alive = new RunList();
  /** Waiting runs by the instant at which their next attempt is due. */
  readonly waiting = new DueQueue();
  private readonly waitingRuns = new Handles<MemoryRun>();
  private readonly history: History;
  private made = 0;

  constructor(
    limits: HistoryLimits,
    private readonly runIdPrefix: string,
    onForgotten: (job: MemoryJob) => void,
  ) {
    this.history = new History(limits, onForgotten);
  }

  add(
    job: MemoryJob,
    scheduledAt: number | null,
    dueAt: number,
    payload: unknown,
    standsForAt: number | null,
  ): MemoryRun {
    const run = new MemoryRun(job, ++this.made, scheduledAt, dueAt, payload as JsonValue | undefined);
    if (standsForAt !== null) run.standsForAt = standsForAt;
    this.alive.add(run);
    return run;
  }

  /** Brings the indexes in step with a run that has changed. */
  index(run: MemoryRun): void {
    if (run.state === 'waiting') this.wait(run);
    else if (run.waitingHandle !== null) this.stopWaiting(run, run.waitingHandle);
    if (run.state === 'ended' && !run.isRecorded) this.record(run);
  }

  /** Moves a run that has ended to the history. */
  record(run: MemoryRun): void {
    run.isRecorded = true;
    this.alive.remove(run);
    this.history.add(run);
  }

  /** The waiting run that is due first. Ask only while there is one. */
  firstWaiting(): MemoryRun {
    return this.waitingRuns.get(this.waiting.first());
  }

  /** The instants that runs of the job were or will be started for, as far as the history goes back. */
  startedInstants(job: MemoryJob): Set<number> {
    const instants = new Set<number>();
    for (const run of [...this.alive, ...this.history]) {
      const at = run.scheduledAt ?? run.standsForAt;
      const hasWork = run.state !== 'ended' || run.attempt > 0;
      if (run.jobId === job.id && at !== null && hasWork) instants.add(at);
    }
    return instants;
  }

  /** Moves the instants of runs that wait with the wall clock, which was set back. */
  setBack(stepMs: number): void {
    for (const run of this.alive) {
      if (run.state === 'running') continue;
      run.dueAt -= stepMs;
      this.index(run);
    }
  }

  select(filter: RunFilter): Run[] {
    return selectRuns([...this.alive, ...this.history], filter, this.runIdPrefix);
  }

  private wait(run: MemoryRun): void {
    if (run.waitingHandle === null) {
      this.waitingRuns.add((handle) => {
        run.waitingHandle = handle;
        return run;
      });
    }
    this.waiting.set(run.waitingHandle!, run.dueAt);
  }

  private stopWaiting(run: MemoryRun, handle: number): void {
    this.waiting.delete(handle);
    this.waitingRuns.delete(handle);
    run.waitingHandle = null;
  }
}
