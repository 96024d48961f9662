import { type Completion, keepResult } from '../model/index.js';
import type { ClaimBatch } from '../ports/index.js';
import type { ConcurrencySlots } from './concurrency-slots.js';
import type { JobTable } from './job-table.js';
import type { MemoryRun } from './memory-run.js';
import type { RunTable } from './run-table.js';

/**
 * The usual run, written out: one tick is due, no other run of its job is alive, and the run succeeds. It does what
 * `takeTicks` and `completeRun` decide, without a unit: through them a run costs a third more, most of all right
 * after a start, when no code is compiled. All that is less usual returns null or false and goes through the rules.
 * The differential test compares both ways.
 */
export class UsualRuns {
  constructor(
    private readonly jobs: JobTable,
    private readonly runs: RunTable,
    private readonly slots: ConcurrencySlots | null,
  ) {}

  /** Starts the run of the tick that is due first; null, and nothing has changed, unless it is a usual one. */
  start(now: number): MemoryRun | null {
    try {
      return this.tryStart(now);
    } catch {
      // The rules ask the trigger again, and park its job.
      return null;
    }
  }

  /** Records that the run succeeded; false, and nothing has changed, unless it is a usual one. */
  complete(run: MemoryRun, { result, endedAt }: Completion): boolean {
    const { job } = run;
    if (
      result.kind !== 'succeeded' ||
      job.live !== run ||
      job.state !== 'active' ||
      job.awaitsRun ||
      job.failuresInRow !== 0 ||
      run.attempts !== null ||
      run.isReplaced
    )
      return false;
    run.state = 'ended';
    run.outcome = 'succeeded';
    run.endedAt = endedAt;
    if (result.value !== undefined) run.result = keepResult(result.value);
    if (run.holdsSlot) {
      this.slots?.giveBack(run.group);
      run.holdsSlot = false;
    }
    job.live = null;
    this.runs.record(run);
    return true;
  }

  private tryStart(now: number): MemoryRun | null {
    const { due } = this.jobs;
    const dueAt = due.earliest();
    if (dueAt === null || dueAt > now) return null;
    const waitingAt = this.runs.waiting.earliest();
    if (waitingAt !== null && waitingAt <= now) return null;
    const job = this.jobs.firstDue();
    const { policies } = job;
    const { misfireGraceMs, group } = policies;
    if (
      job.state !== 'active' ||
      job.live !== null ||
      job.delayedTickAt !== null ||
      policies.maxRuns !== null ||
      job.trigger.waitsForRun ||
      (misfireGraceMs !== null && now - dueAt > misfireGraceMs) ||
      (this.slots !== null && this.slots.isFull(group))
    )
      return null;
    const nextAt = job.trigger.nextAt(dueAt);
    if (nextAt === null) return null;
    const nextDueAt = nextAt + job.trigger.delayAt(nextAt);
    if (nextDueAt <= now) return null;

    // From here on nothing throws.
    const run = this.runs.add(job, dueAt, dueAt, job.payload, null);
    run.state = 'running';
    run.attempt = 1;
    run.startedAt = now;
    run.latenessMs = now - dueAt;
    if (this.slots !== null) {
      this.slots.take(group);
      run.holdsSlot = true;
      if (group !== null) run.group = group;
    }
    job.live = run;
    job.runsStarted++;
    if (job.lastTickAt === null || job.lastTickAt < dueAt) {
      job.lastTickAt = dueAt;
      job.span = null;
    }
    if (nextDueAt !== nextAt) job.delayedTickAt = nextAt;
    due.set(job.handle, nextDueAt);
    return run;
  }
}

const NONE = Object.freeze<never[]>([]) as never[];

/** The batch that claims one run and brings about nothing else. */
export function claimOf(run: MemoryRun): ClaimBatch {
  return { claims: [run], recorded: NONE, cancelled: NONE, changed: NONE, more: true };
}
