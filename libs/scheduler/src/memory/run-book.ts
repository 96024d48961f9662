import type { JsonValue, Outcome, OutcomeReason, Run, RunFilter } from '../model/index.js';
import type { TickSpan } from '../rules/index.js';
import type { RecordedOutcome } from '../ports/index.js';
import { DueQueue } from './due-queue.js';
import { History, type HistoryLimits } from './history.js';
import type { MemoryJob } from './memory-job.js';
import { MemoryRun } from './memory-run.js';
import { RunList } from './run-list.js';
import { selectRuns } from './select-runs.js';
import { Slots } from './slots.js';

/** All runs: those alive, those of them that wait for their instant, and the history. */
export class RunBook {
  readonly alive = new RunList();
  /** Waiting runs by the instant their next attempt is due. */
  readonly waiting = new DueQueue();
  private readonly waitingSlots = new Slots<MemoryRun>();
  private readonly history: History;
  private made = 0;

  constructor(
    limits: HistoryLimits,
    private readonly idPrefix: string,
    onForgotten: (job: MemoryJob) => void,
  ) {
    this.history = new History(limits, onForgotten);
  }

  /** A run that is alive from now on. */
  make(job: MemoryJob, scheduledAt: number | null, dueAt: number, payload: JsonValue | undefined): MemoryRun {
    const run = new MemoryRun(this.idPrefix, ++this.made, job, scheduledAt, payload, dueAt);
    job.alive++;
    this.alive.add(run);
    return run;
  }

  /** The waiting run that is due first. Ask only while there is one. */
  firstWaiting(): MemoryRun {
    return this.waitingSlots.get(this.waiting.first());
  }

  wait(run: MemoryRun, untilAt: number): void {
    run.state = 'waiting';
    run.dueAt = untilAt;
    const { noted } = run;
    if (noted.waitingSlot === null) {
      this.waitingSlots.add((slot) => {
        noted.waitingSlot = slot;
        return run;
      });
    }
    this.waiting.set(noted.waitingSlot!, untilAt);
  }

  stopWaiting(run: MemoryRun): void {
    const { waitingSlot } = run.details;
    if (waitingSlot === null) return;
    this.waiting.delete(waitingSlot);
    this.waitingSlots.delete(waitingSlot);
    run.noted.waitingSlot = null;
  }

  /** Behind what is alive of its job. */
  queue(run: MemoryRun): void {
    run.state = 'queued';
    (run.job.queue ??= []).push(run);
  }

  /** Moves a run from the alive ones to the history. Its place in the job is freed by whoever knows when. */
  end(run: MemoryRun, outcome: Outcome, reason: OutcomeReason | null, now: number): void {
    run.state = 'ended';
    run.outcome = outcome;
    if (reason !== run.details.reason) run.noted.reason = reason;
    run.endedAt = now;
    this.alive.remove(run);
    this.history.add(run);
  }

  /** Ends a run that is not under way; its place is free at once. */
  endUnstarted(
    run: MemoryRun,
    outcome: RecordedOutcome['outcome'],
    reason: OutcomeReason,
    now: number,
    recorded: RecordedOutcome[],
    into: MemoryRun | null = null,
  ): void {
    this.stopWaiting(run);
    run.job.alive--;
    if (run.attempt === 0 && run.scheduledAt !== null) run.job.unstarted--;
    if (into) {
      into.noted.coalesced += 1 + run.details.coalesced;
      into.noted.countIsAtLeast ||= run.details.countIsAtLeast;
    }
    this.end(run, outcome, reason, now);
    recorded.push(toRecorded(run, into));
  }

  recordSpan(
    job: MemoryJob,
    ticks: TickSpan,
    into: MemoryRun | null,
    now: number,
    recorded: RecordedOutcome[],
  ): void {
    const row = new MemoryRun(this.idPrefix, ++this.made, job, ticks.fromAt, undefined, ticks.fromAt);
    row.state = 'ended';
    row.outcome = ticks.outcome;
    row.endedAt = now;
    const { noted } = row;
    noted.reason = ticks.reason;
    noted.count = ticks.count;
    noted.countIsAtLeast = ticks.countIsAtLeast;
    noted.scheduledUntil = ticks.toAt === ticks.fromAt ? null : ticks.toAt;
    const fact = toRecorded(row, into);
    if (into && ticks.outcome === 'coalesced') {
      into.noted.coalesced += ticks.count;
      into.noted.countIsAtLeast ||= ticks.countIsAtLeast;
    }
    const kept = this.history.addSpan(row, job.lastTickAt);
    recorded.push(kept === row ? fact : { ...fact, runId: kept.runId });
    job.lastTickAt = ticks.toAt;
  }

  aliveOf(job: MemoryJob): MemoryRun[] {
    if (job.alive === 0) return [];
    return [...this.alive].filter((run) => run.job === job);
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

  select(filter: RunFilter): Run[] {
    return selectRuns([...this.alive, ...this.history], filter, this.idPrefix);
  }
}

export function toRecorded(run: MemoryRun, into: MemoryRun | null): RecordedOutcome {
  const { details } = run;
  return {
    jobId: run.jobId,
    runId: run.runId,
    outcome: run.outcome as RecordedOutcome['outcome'],
    reason: details.reason!,
    scheduledAt: run.scheduledAt,
    scheduledUntil: details.scheduledUntil ?? run.scheduledAt,
    count: details.count,
    countIsAtLeast: details.countIsAtLeast && details.count > 1,
    attempt: run.attempt,
    into: run.outcome === 'coalesced' && into ? into.runId : null,
  };
}
