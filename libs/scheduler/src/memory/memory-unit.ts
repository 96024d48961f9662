import type { Claim, JsonValue } from '../model/index.js';
import { Facts, LiveRuns, type RunOrigin, type SpanRecord, Unit } from '../rules/index.js';
import type { ConcurrencySlots } from './concurrency-slots.js';
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
  override now = 0;
  override readonly isDurable = false;
  /** For the next job that has no run alive. */
  private spare = new LiveRuns<MemoryRun>();

  constructor(
    private readonly table: RunTable,
    private readonly slots: ConcurrencySlots | null,
  ) {
    super();
  }

  load(job: MemoryJob, facts: Facts<MemoryRun>, now: number): void {
    this.job = job;
    this.runs = job.live ?? this.spare;
    this.facts = facts;
    this.now = now;
    this.removed = false;
  }

  /** Keeps the runs that are alive with their job. To be called when rules have decided. */
  unload(): void {
    const { job, runs } = this;
    if (runs.list.length > 0) {
      if (job.live !== null) return;
      job.live = runs;
      this.spare = new LiveRuns();
    } else if (job.live !== null) {
      this.spare = job.live;
      job.live = null;
    }
  }

  override setDue(nextTickAt: number | null, dueAt: number | null): void {
    this.job.setDue(nextTickAt, dueAt);
  }

  override keepRun(origin: RunOrigin): MemoryRun {
    return this.table.add(this.job, origin);
  }

  override touch(run: MemoryRun): void {
    this.table.index(run);
  }

  override lengthen(_span: SpanRecord): void {}

  override free(run: MemoryRun): void {
    if (run.holdsSlot) this.slots?.giveBack(run.group);
    super.free(run);
  }

  override readPayload(run: MemoryRun): JsonValue | undefined {
    return run.payload;
  }

  override claimOf(run: MemoryRun): Claim {
    return run;
  }
}
