import type { Claim, OutcomeReason } from '../model/index.js';
import type { RecordedOutcome } from '../ports/index.js';
import { at, type Trigger } from '../timing/index.js';
import { type Facts, recordedOutcome } from './facts.js';
import type { LiveRuns } from './live-runs.js';
import { admitRun } from './overlap.js';
import { span as spanOf, type TickSpan } from './plan-ticks.js';
import type { JobRecord, RunRecord, SpanRecord } from './records.js';

/** Stands for a trigger that cannot be read: it has no tick after any instant that rules ask about. */
export const UNREADABLE_TRIGGER: Trigger = at(new Date(0));

/** The replica that claims a run, and the end of its lease unless renewed; null in a store without leases. */
export interface Holder {
  readonly replica: string;
  readonly leaseUntil: number | null;
}

/**
 * A job and its live runs, held by one caller while rules decide.
 *
 * A store loads the unit under its own protection (in place, under row locks, or with the revision that a
 * compare-and-set checks), calls rules, and writes what they changed. Rules never ask the store for anything:
 * all they need is here, and the abstract methods are the store's bookkeeping in its own process.
 */
export abstract class Unit<Run extends RunRecord = RunRecord> {
  abstract readonly job: JobRecord;
  abstract readonly runs: LiveRuns<Run>;
  abstract readonly facts: Facts<Run>;
  /** Time of the store, UTC ms. */
  abstract readonly now: number;
  /** Why the record cannot be read: its trigger and policies are stand-ins, and it is parked (D5). */
  readonly unreadable: unknown = null;
  /** The record is to be deleted. */
  removed = false;
  /** Version of the time zone data of this process (Z5). */
  abstract readonly zoneVersion: string;
  /** The store keeps the unit beyond the process: a lost attempt may be followed by another (L4), and a recorded tick never comes again (M4). */
  abstract readonly isDurable: boolean;

  /** Makes the record of a run of this job, and keeps it. @param payload in the store's form */
  abstract keepRun(
    scheduledAt: number | null,
    dueAt: number,
    payload: unknown,
    standsForAt: number | null,
  ): Run;
  /** Notes that a record has changed. Called after each change of a run that is kept already. */
  abstract touch(run: Run): void;
  /** Notes that further ticks have joined a span. */
  abstract lengthen(span: SpanRecord): void;
  /** The claim of a run whose next attempt begins now. @throws when its payload cannot be read */
  abstract claimOf(run: Run): Claim;

  /** Runs that `maxRuns` still allows; those that ticks have made and that have not begun count. Null for any number. */
  get runsLeft(): number | null {
    const { maxRuns } = this.job.policies;
    if (maxRuns === null) return null;
    return Math.max(0, maxRuns - this.job.runsStarted - this.runs.unstartedTicks);
  }

  /** Sets when a claim looks at the job. */
  setDue(nextTickAt: number | null, dueAt: number | null): void {
    this.job.nextTickAt = nextTickAt;
    this.job.dueAt = dueAt;
  }

  unschedule(): void {
    this.setDue(null, null);
  }

  /** Schedules the next tick; null finishes the job. Returns true when it finishes now, which the caller publishes. */
  trySchedule(tickAt: number | null): boolean {
    const { job } = this;
    if (tickAt === null || (job.policies.maxRuns !== null && this.runsLeft === 0)) {
      this.unschedule();
      const finishes = job.state !== 'finished';
      job.state = 'finished';
      return finishes;
    }
    this.setDue(tickAt, tickAt + job.trigger.delayAt(tickAt));
    job.zoneVersion = this.zoneVersion;
    return false;
  }

  schedule(tickAt: number | null): void {
    if (this.trySchedule(tickAt)) this.facts.change({ kind: 'finished', jobId: this.job.id });
  }

  /** A run that waits and is alive from now on; the caller changes what differs, then calls `touch`. */
  makeRun(
    scheduledAt: number | null,
    dueAt: number,
    payload: unknown,
    standsForAt: number | null = null,
  ): Run {
    const run = this.keepRun(scheduledAt, dueAt, payload, standsForAt);
    this.runs.list.push(run);
    return run;
  }

  end(run: Run, outcome: Run['outcome'], reason: OutcomeReason | null, endedAt: number): void {
    run.state = 'ended';
    run.outcome = outcome;
    run.reason = reason;
    run.endedAt = endedAt;
    this.touch(run);
  }

  /** Gives the run a slot and a claim, under the next token. */
  hold(run: Run, group: string | null, { replica, leaseUntil }: Holder): void {
    run.token++;
    run.holdsSlot = true;
    run.group = group;
    run.holder = replica;
    run.leaseUntil = leaseUntil;
  }

  /** Gives back the run's slot and claim; a run that has ended is no longer alive. */
  free(run: Run): void {
    freeRun(run);
    if (run.state === 'ended') this.runs.remove(run);
    this.touch(run);
  }

  /** Ends a run that is not at work. @param into the run that it is merged into */
  endUnstarted(
    run: Run,
    outcome: RecordedOutcome['outcome'],
    reason: OutcomeReason,
    endedAt: number,
    into: Run | null = null,
  ): void {
    if (into) {
      into.coalesced += 1 + run.coalesced;
      into.countIsAtLeast ||= run.countIsAtLeast;
      this.touch(into);
    }
    this.end(run, outcome, reason, endedAt);
    this.free(run);
    this.facts.record(recordedOutcome(run, into));
  }

  /** Starts the first queued run if nothing is before it. Runs that catch up go one after the other whatever `overlap` says. */
  startNextQueued(): void {
    const { runs, job } = this;
    if (runs.list.length === 0) return;
    const next = runs.list.find(({ state }) => state === 'queued');
    if (!next || (next.catchesUp && runs.isCatchingUp)) return;
    if (admitRun(job.policies, runs.active) !== 'start') return;
    next.state = 'waiting';
    this.touch(next);
  }

  /** Gives the job's ticks in [firstAt, untilAt] this outcome, as one span. Returns the last of them, null when there is none. */
  recordFrom(
    firstAt: number | null,
    outcome: TickSpan['outcome'],
    reason: OutcomeReason,
    untilAt: number,
  ): number | null {
    if (firstAt === null || firstAt > untilAt) return null;
    const { trigger } = this.job;
    // A job that waits for its runs has one tick at most: the next is unknown before a run ends.
    const lastAt = trigger.waitsForRun ? firstAt : (trigger.prevAt(untilAt + 1) ?? firstAt);
    this.recordSpan(spanOf(trigger, outcome, reason, firstAt, lastAt), null, untilAt);
    return lastAt;
  }

  /** Gives overdue ticks an outcome; those inside a pause were skipped by it. */
  recordOverdue(outcome: TickSpan['outcome'], reason: OutcomeReason): void {
    const { job, now } = this;
    if (job.state === 'active') this.recordFrom(job.nextTickAt, outcome, reason, now);
    if (job.state === 'paused') this.recordFrom(job.pause?.firstTickAt ?? null, 'skipped', 'paused', now);
  }

  /** Keeps ticks that do not run: in the span before them if it has their outcome and reason, else in one of their own (M2). */
  recordSpan(ticks: TickSpan, into: Run | null, endedAt: number): void {
    const { job } = this;
    const { outcome, reason, fromAt, toAt, count, countIsAtLeast } = ticks;
    const isMerged = outcome === 'coalesced' && into !== null;
    if (isMerged) {
      into.coalesced += count;
      into.countIsAtLeast ||= countIsAtLeast;
      this.touch(into);
    }
    const joins = job.span !== null && job.span.outcome === outcome && job.span.reason === reason;
    const span = joins ? joinSpan(job.span!, ticks, endedAt) : this.keepSpan(ticks, endedAt);
    if (joins) this.lengthen(span);
    this.facts.record({
      jobId: job.id,
      runId: span.id,
      outcome,
      reason,
      scheduledAt: fromAt,
      scheduledUntil: toAt,
      count,
      countIsAtLeast: countIsAtLeast && count > 1,
      attempt: 0,
      into: isMerged ? into.id : null,
    });
    job.span = outcome === 'skipped' || outcome === 'missed' ? span : null;
    job.lastTickAt = toAt;
  }

  private keepSpan({ outcome, reason, fromAt, toAt, count, countIsAtLeast }: TickSpan, endedAt: number): Run {
    const run = this.keepRun(fromAt, fromAt, undefined, null);
    run.scheduledUntil = toAt === fromAt ? null : toAt;
    run.count = count;
    run.countIsAtLeast = countIsAtLeast;
    this.end(run, outcome, reason, endedAt);
    return run;
  }
}

export function freeRun(run: RunRecord): void {
  run.holdsSlot = false;
  run.group = null;
  run.holder = null;
  run.leaseUntil = null;
}

function joinSpan(span: SpanRecord, ticks: TickSpan, endedAt: number): SpanRecord {
  span.scheduledUntil = ticks.toAt;
  span.count += ticks.count;
  span.countIsAtLeast ||= ticks.countIsAtLeast;
  span.endedAt = endedAt;
  return span;
}
