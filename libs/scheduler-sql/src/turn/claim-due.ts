import { type Claim, type JsonValue, placeRun, planTicks, type TickPlan } from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import { parkJob, resumeJob } from './change-job.js';
import type { JobTurn } from './job-turn.js';
import { countFailure, freePlace, queueBehind } from './run-queue.js';
import { lastResult, toRecorded } from './run-row.js';

/** Who claims, and what else it may begin. */
export interface Claimer {
  readonly replica: string;
  readonly leaseUntil: number;
  /** Attempts that may begin, of the whole process or of its group, if it has a limit. */
  readonly places: ClaimPlaces;
}

export interface ClaimPlaces {
  /** Whether a run of this group may not begin now. */
  full(group: string | null): boolean;
  enter(group: string | null): void;
}

/** What is due of one job, in the order in which it fell due. */
export class DueOfJob {
  /** Left behind for want of a place. */
  private ticksLeft = false;
  private readonly runsLeft = new Set<RunTable>();

  constructor(
    readonly turn: JobTurn,
    private readonly claimer: Claimer,
  ) {}

  /** When the next thing of this job is due, UTC ms; Infinity for never, or not before there is a place. */
  get nextAt(): number {
    const run = this.nextRun();
    const { row } = this.turn;
    const ticksAt = this.ticksLeft ? null : row.due_at;
    return Math.min(run?.due_at ?? Number.POSITIVE_INFINITY, ticksAt ?? Number.POSITIVE_INFINITY);
  }

  /** Something due was left behind. */
  get left(): boolean {
    return this.ticksLeft || this.runsLeft.size > 0;
  }

  takeNext(): void {
    const { turn } = this;
    const run = this.nextRun();
    const dueAt = turn.row.due_at;
    if (turn.job.unreadable !== null) return parkJob(turn, turn.job.unreadable);
    if (run && (dueAt === null || this.ticksLeft || run.due_at <= dueAt)) return this.takeRun(run);
    try {
      this.takeTicks(dueAt!);
    } catch (error) {
      parkJob(turn, error);
    }
  }

  private nextRun(): RunTable | null {
    let first: RunTable | null = null;
    for (const run of this.turn.runs) {
      if (run.state !== 'waiting' || this.runsLeft.has(run)) continue;
      if (first === null || run.due_at < first.due_at) first = run;
    }
    return first;
  }

  private takeRun(run: RunTable): void {
    const { turn } = this;
    const { effects, context, job } = turn;
    const { misfireGraceMs, group } = job.policies;
    const { now } = context;
    // A retry later than the job's grace is not tried: the last attempt's result is the outcome (O3).
    const last = run.attempt > 0 ? lastResult(run.attempts) : null;
    const isRetry = last === 'failed' || last === 'timedOut';
    if (isRetry && misfireGraceMs !== null && now - run.due_at > misfireGraceMs) {
      turn.end(run, last, 'misfireGrace', now);
      effects.recorded.push({ ...toRecorded(run, null), outcome: 'missed' });
      if (countFailure(turn, last, now)) effects.changed.push({ kind: 'paused', jobId: run.job_id });
      if (freePlace(turn, run, now)) effects.changed.push({ kind: 'finished', jobId: run.job_id });
    } else if (this.claimer.places.full(group)) {
      this.runsLeft.add(run);
    } else {
      this.begin(run);
    }
  }

  private takeTicks(dueAt: number): void {
    const { turn, claimer } = this;
    const { row, job, context, effects } = turn;
    const { policies, trigger } = job;
    if (row.state === 'paused') {
      // A tick at the very end of the pause is the first one after it.
      effects.changed.push({ kind: 'resumed', jobId: row.id });
      return resumeJob(turn, dueAt - 1);
    }
    const firstAt = row.tick_at ?? dueAt;
    // What has its outcome is not had again.
    if (row.last_tick_at !== null && firstAt <= row.last_tick_at)
      return turn.schedule(trigger.nextAt(row.last_tick_at));
    const { active } = turn;
    // Ticks that would start a run wait for a place; what becomes of the others does not depend on one.
    if (claimer.places.full(policies.group) && placeRun(policies, active) === 'start') {
      this.ticksLeft = true;
      return;
    }
    const { isCatchingUp: catchingUp, runsLeft } = turn;
    this.apply(
      planTicks({ trigger, firstAt, now: context.now, policies, alive: active, catchingUp, runsLeft }),
    );
  }

  private apply(plan: TickPlan): void {
    const { turn } = this;
    const { row } = turn;
    let into: RunTable | null = null;
    if (plan.startAt !== null) {
      into = this.makeTickRun(plan.startAt);
      if (plan.queued.length > 0) into.catch_up = 1;
      this.begin(into);
    }
    for (const tickAt of plan.queued) {
      const run = this.makeTickRun(tickAt);
      into ??= run;
      run.catch_up = plan.queued.length > 1 || plan.placement === 'start' ? 1 : 0;
      if (plan.placement === 'queue' || run.catch_up === 1) run.state = 'queued';
      else queueBehind(turn, run, plan.placement);
    }
    for (const ticks of plan.spans) turn.recordSpan(ticks, into, turn.context.now);
    turn.tickTaken(Math.max(plan.startAt ?? 0, plan.queued.at(-1) ?? 0));
    turn.changed = true;
    if (row.state === 'parked') return;
    row.awaits_run = plan.awaitsRun ? 1 : 0;
    if (plan.awaitsRun) turn.unschedule();
    else turn.schedule(plan.nextAt);
  }

  private makeTickRun(tickAt: number): RunTable {
    const { trigger } = this.turn.job;
    return this.turn.make(tickAt, tickAt + trigger.delayAt(tickAt), this.turn.row.payload);
  }

  private begin(run: RunTable): void {
    const { turn, claimer } = this;
    const { now } = turn.context;
    let payload: JsonValue | undefined;
    try {
      payload = run.payload === null ? undefined : (JSON.parse(run.payload) as JsonValue);
    } catch (error) {
      // The run has the tick.
      turn.endUnstarted(run, 'missed', 'parked', now);
      turn.unschedule();
      if (turn.row.state !== 'parked') parkJob(turn, error);
      return;
    }
    if (run.attempt === 0) {
      run.started_at = now;
      run.lateness_ms = now - run.due_at;
      if (run.tick_at !== null) {
        turn.row.runs_started++;
        turn.changed = true;
      }
    }
    const { group } = turn.job.policies;
    run.state = 'running';
    run.attempt++;
    run.token++;
    run.holds_place = 1;
    run.group_name = group;
    run.holder = claimer.replica;
    run.lease_until = claimer.leaseUntil;
    claimer.places.enter(group);
    turn.touch(run);
    turn.effects.claims.push(this.toClaim(run, payload));
    turn.effects.claimed.push(run);
  }

  private toClaim(run: RunTable, payload: JsonValue | undefined): Claim {
    const { row, job } = this.turn;
    return {
      runId: run.id,
      jobId: row.id,
      handler: row.handler,
      payload,
      policies: job.policies,
      scheduledAt: run.tick_at,
      standsForAt: run.stands_for,
      dueAt: run.due_at,
      attempt: run.attempt,
      token: run.token,
    };
  }
}
