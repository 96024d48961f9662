import {
  type OutcomeReason,
  placeRun,
  type RecordedOutcome,
  span,
  type TickSpan,
} from '@carillon/scheduler/store';
import type { JobTable, RunTable } from '../schema/tables.js';
import type { Effects, Span } from './effects.js';
import type { LiveRuns } from './live-runs.js';
import type { RunIds } from './run-ids.js';
import { freeRun, newRun, toRecorded } from './run-row.js';
import type { StoredJob } from './stored-job.js';

export interface TurnContext {
  readonly ids: RunIds;
  /** Version of this process's time zone data (Z5). */
  readonly tzdata: string;
  readonly effects: Effects;
  /** Of the store, UTC ms. */
  readonly now: number;
}

/**
 * One job and its live runs while their rows are locked. Verbs change them here, and the context
 * collects what is to be written.
 */
export class JobTurn {
  /** When it is due, or what it counts, is to be written. */
  changed = false;
  /** The whole row is to be written. */
  edited = false;
  /** The job's row is to be deleted. */
  removed = false;
  /** The row as it was read. */
  readonly before: Readonly<JobTable>;
  readonly effects: Effects;

  constructor(
    readonly job: StoredJob,
    private readonly live: LiveRuns,
    /** The row that `row.span_id` names. */
    private lastSpan: Span | null,
    readonly context: TurnContext,
  ) {
    this.before = { ...job.row };
    this.effects = context.effects;
  }

  /** That have not ended, or hold their place; oldest first. Of those that wait to catch up the first. */
  get runs(): RunTable[] {
    return this.live.list;
  }

  get row(): JobTable {
    return this.job.row;
  }

  /** Runs that are alive, those queued among them. */
  get alive(): number {
    return this.runs.length + this.live.further;
  }

  /** Runs that are running or waiting: those that are not queued behind them. */
  get active(): number {
    let active = 0;
    for (const run of this.runs) if (run.state !== 'queued') active++;
    return active;
  }

  /** A run that catches up is on its way; the next one goes behind it. */
  get isCatchingUp(): boolean {
    return this.runs.some((run) => run.catch_up === 1 && run.state !== 'queued');
  }

  /** Runs that `maxRuns` still allows, those that ticks have made and that have not begun among them; null for any number. */
  get runsLeft(): number | null {
    const { maxRuns } = this.job.policies;
    if (maxRuns === null) return null;
    const unstarted = this.runs.filter(
      (run) => run.tick_at !== null && run.attempt === 0 && run.state !== 'ended',
    ).length;
    return Math.max(0, maxRuns - this.row.runs_started - unstarted - this.live.furtherTicks);
  }

  /** The job's next tick is this one; null: it is finished. */
  schedule(tickAt: number | null): void {
    const { row } = this;
    this.changed = true;
    row.tzdata = this.context.tzdata;
    if (tickAt === null || this.runsLeft === 0) {
      this.unschedule();
      if (row.state !== 'finished') this.effects.changed.push({ kind: 'finished', jobId: row.id });
      row.state = 'finished';
      return;
    }
    row.tick_at = tickAt;
    row.due_at = tickAt + this.job.trigger.delayAt(tickAt);
  }

  unschedule(): void {
    this.row.tick_at = null;
    this.row.due_at = null;
    this.changed = true;
  }

  /** A run that waits for its instant; its caller may say otherwise. */
  make(
    tickAt: number | null,
    dueAt: number,
    payload: string | null,
    standsFor: number | null = null,
  ): RunTable {
    const { ids, now } = this.context;
    const { id: jobId, generation } = this.row;
    const run = newRun({ id: ids.next(now), jobId, generation, tickAt, standsFor, dueAt, payload });
    this.runs.push(run);
    this.effects.insert(run);
    const { live_from: first } = this.row;
    // Another replica, whose clock is ahead, may have made the one before.
    if (first === null || run.id < first) this.row.live_from = run.id;
    this.changed = true;
    return run;
  }

  touch(run: RunTable): void {
    this.effects.touch(run);
  }

  end(run: RunTable, outcome: string, reason: OutcomeReason | null, endedAt: number): void {
    run.state = 'ended';
    run.outcome = outcome;
    run.reason = reason;
    run.ended_at = endedAt;
    this.touch(run);
  }

  /** Nobody carries the run any more; once it has ended it is none of the job's live runs. */
  free(run: RunTable): void {
    freeRun(run);
    this.touch(run);
    if (run.live === 0) this.runs.splice(this.runs.indexOf(run), 1);
  }

  /** Ends a run that is not under way; its place is free at once. */
  endUnstarted(
    run: RunTable,
    outcome: RecordedOutcome['outcome'],
    reason: OutcomeReason,
    endedAt: number,
    into: RunTable | null = null,
  ): void {
    if (into) {
      into.merged += 1 + run.merged;
      into.count_at_least = Math.max(into.count_at_least, run.count_at_least);
      this.touch(into);
    }
    this.end(run, outcome, reason, endedAt);
    this.free(run);
    this.effects.recorded.push(toRecorded(run, into));
  }

  /** The job's ticks in [firstAt, untilAt] get this outcome, in one span; answers the last of them, null when there is none. */
  recordFrom(
    firstAt: number | null,
    outcome: TickSpan['outcome'],
    reason: OutcomeReason,
    untilAt: number,
  ): number | null {
    if (firstAt === null || firstAt > untilAt) return null;
    const { trigger } = this.job;
    // The next tick of a job that waits for its runs is not known before one ends.
    const lastAt = trigger.waitsForRun ? firstAt : (trigger.prevAt(untilAt + 1) ?? firstAt);
    this.recordSpan(span(trigger, outcome, reason, firstAt, lastAt), null, untilAt);
    return lastAt;
  }

  /** Ticks that do not run get one row; those that follow on others of the same outcome join theirs (M2). */
  recordSpan(ticks: TickSpan, into: RunTable | null, endedAt: number): void {
    const { row } = this;
    const { outcome, reason, fromAt, toAt, count } = ticks;
    const countAtLeast = ticks.countIsAtLeast ? 1 : 0;
    const isMerged = outcome === 'coalesced';
    if (into && isMerged) {
      into.merged += count;
      into.count_at_least = Math.max(into.count_at_least, countAtLeast);
      this.touch(into);
    }
    const joined = this.joinedSpan(outcome, reason);
    if (joined) {
      joined.count += count;
      joined.countAtLeast = Math.max(joined.countAtLeast, countAtLeast);
      this.effects.longer.set(joined.id, { ...joined, tickUntil: toAt, endedAt });
    } else {
      this.lastSpan = { id: this.insertSpan(ticks, endedAt), outcome, reason, count, countAtLeast };
    }
    const { id } = this.lastSpan!;
    this.effects.recorded.push({
      jobId: row.id,
      runId: id,
      outcome,
      reason,
      scheduledAt: fromAt,
      scheduledUntil: toAt,
      count,
      countIsAtLeast: ticks.countIsAtLeast && count > 1,
      attempt: 0,
      into: isMerged && into ? into.id : null,
    });
    row.span_id = outcome === 'skipped' || outcome === 'missed' ? id : null;
    row.last_tick_at = toAt;
    this.changed = true;
  }

  /** The last tick that has an outcome or a run is this one: it ends the span of those before. */
  tickTaken(tickAt: number): void {
    if (this.row.last_tick_at !== null && this.row.last_tick_at >= tickAt) return;
    this.row.last_tick_at = tickAt;
    this.row.span_id = null;
    this.changed = true;
  }

  /** To be called last: runs under way know whether their end changes the job. */
  finish(): void {
    const { runs, row } = this;
    if (runs.length === 0) return;
    const waits = this.live.further > 0 || runs.some(({ state }) => state === 'queued');
    const followed = waits || row.awaits_run === 1 || row.failures_in_row > 0 ? 1 : 0;
    for (const run of runs) {
      if (run.holds_place === 0 || run.followed === followed || run.generation < 0) continue;
      const isWrittenAnyway = this.effects.inserted.has(run) || this.effects.touched.has(run);
      if (followed === 0 && !isWrittenAnyway) continue;
      run.followed = followed;
      this.touch(run);
    }
  }

  /** Lets the first queued run go on if nothing is before it: runs that catch up go one after the other whatever `overlap` says. */
  goOn(): void {
    const next = this.runs.find(({ state }) => state === 'queued');
    if (!next || (next.catch_up === 1 && this.isCatchingUp)) return;
    if (placeRun(this.job.policies, this.active) !== 'start') return;
    next.state = 'waiting';
    this.touch(next);
  }

  private joinedSpan(outcome: TickSpan['outcome'], reason: OutcomeReason): Span | null {
    const { lastSpan: last, row } = this;
    if (last === null || row.span_id !== last.id) return null;
    return last.outcome === outcome && last.reason === reason ? last : null;
  }

  private insertSpan(
    { outcome, reason, fromAt, toAt, count, countIsAtLeast }: TickSpan,
    endedAt: number,
  ): string {
    const { ids, now } = this.context;
    const { id: jobId, generation } = this.row;
    const id = ids.next(now);
    this.effects.insert({
      ...newRun({ id, jobId, generation, tickAt: fromAt, standsFor: null, dueAt: fromAt, payload: null }),
      state: 'ended',
      live: 0,
      outcome,
      reason,
      ended_at: endedAt,
      count,
      count_at_least: countIsAtLeast ? 1 : 0,
      tick_until: toAt === fromAt ? null : toAt,
    });
    return id;
  }
}
