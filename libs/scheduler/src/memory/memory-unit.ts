import type { Claim } from '../model/index.js';
import { type Facts, LiveRuns, type SpanRecord, Unit } from '../rules/index.js';
import type { ConcurrencySlots } from './concurrency-slots.js';
import type { DueQueue } from './due-queue.js';
import type { MemoryJob } from './memory-job.js';
import type { MemoryRun } from './memory-run.js';
import type { RunTable } from './run-table.js';

/**
 * The unit of a store that holds all jobs in place: rules change the records themselves, and the indexes follow at
 * once. One object serves all verbs, one after the other, so that a claim allocates none.
 */
export class MemoryUnit extends Unit<MemoryRun> {
  override job!: MemoryJob;
  override runs!: LiveRuns<MemoryRun>;
  override facts!: Facts<MemoryRun>;
  // Not initialized with a number: V8 would copy it for each run that keeps it.
  override now!: number;
  override readonly isDurable = false;
  override readonly zoneVersion = '';
  /** Lent to each job in turn that has at most one run alive, which most jobs have: theirs need no list of their own. */
  private lent = new LiveRuns<MemoryRun>();

  constructor(
    private readonly due: DueQueue,
    private readonly table: RunTable,
    private readonly slots: ConcurrencySlots | null,
  ) {
    super();
  }

  load(job: MemoryJob, facts: Facts<MemoryRun>, now: number): void {
    this.job = job;
    const { live } = job;
    if (live instanceof LiveRuns) this.runs = live;
    else {
      this.runs = this.lent;
      if (live !== null) this.lent.list.push(live);
    }
    this.facts = facts;
    this.now = now;
    this.removed = false;
  }

  /** Keeps the runs that are alive with their job. To be called when rules have decided, or thrown. */
  unload(): void {
    const { job, runs } = this;
    if (runs.list.length === 0) job.live = null;
    else if (runs.list.length > 1) {
      job.live = runs;
      if (runs === this.lent) this.lent = new LiveRuns();
    } else if (runs === this.lent) job.live = runs.list.pop()!;
  }

  override setDue(nextTickAt: number | null, dueAt: number | null): void {
    const { job } = this;
    job.delayedTickAt = nextTickAt === dueAt ? null : nextTickAt;
    if (dueAt === null) this.due.delete(job.handle);
    else this.due.set(job.handle, dueAt);
  }

  override keepRun(
    scheduledAt: number | null,
    dueAt: number,
    payload: unknown,
    standsForAt: number | null,
  ): MemoryRun {
    return this.table.add(this.job, scheduledAt, dueAt, payload, standsForAt);
  }

  override touch(run: MemoryRun): void {
    this.table.index(run);
  }

  override lengthen(_span: SpanRecord): void {}

  override hold(run: MemoryRun, group: string | null): void {
    run.holdsSlot = true;
    if (group !== null) run.group = group;
  }

  override free(run: MemoryRun): void {
    if (run.holdsSlot) {
      this.slots?.giveBack(run.group);
      run.holdsSlot = false;
    }
    if (run.state === 'ended') this.runs.remove(run);
    this.table.index(run);
  }

  override claimOf(run: MemoryRun): Claim {
    return run;
  }
}
