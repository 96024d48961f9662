import type { AttemptRecord, Claim } from '../model/index.js';
import { InstantQueue } from '../timing/index.js';
import { countFailure, freeSlot } from './complete.js';
import { recordedOutcome } from './facts.js';
import { parkJob, resumeJob } from './jobs.js';
import { admitRun, queueRun } from './overlap.js';
import { type DueTicks, planTicks, type TickPlan } from './plan-ticks.js';
import type { RunRecord } from './records.js';
import type { Holder, Unit } from './unit.js';

/** The replica that claims, and the attempts that it may begin. */
export interface Claimer extends Holder {
  /** Null without any limit. */
  readonly slots: ClaimSlots | null;
}

/** Attempts that may begin: of the process in all, and of each group that has a limit. */
export interface ClaimSlots {
  isFull(group: string | null): boolean;
  take(group: string | null): void;
}

/** A claim of several jobs: each job's ticks and waiting runs, in the order in which they fell due. */
export class DueUnit<Run extends RunRecord = RunRecord> {
  private ticksLeft = false;
  private readonly runsLeft = new Set<Run>();

  constructor(
    readonly unit: Unit<Run>,
    private readonly claimer: Claimer,
  ) {}

  /** When the next of its ticks or runs is due, UTC ms; Infinity for never, or not before a slot is free. */
  nextAt(): number {
    const ticksAt = this.ticksLeft ? null : this.unit.job.dueAt;
    return Math.min(this.nextRun()?.dueAt ?? Number.POSITIVE_INFINITY, ticksAt ?? Number.POSITIVE_INFINITY);
  }

  /** Something due was left behind for want of a slot. */
  get hasLeft(): boolean {
    return this.ticksLeft || this.runsLeft.size > 0;
  }

  takeNext(): void {
    const { unit, claimer } = this;
    if (unit.unreadable !== null) return parkJob(unit, unit.unreadable);
    const run = this.nextRun();
    const { dueAt } = unit.job;
    if (run && (dueAt === null || this.ticksLeft || run.dueAt <= dueAt)) {
      if (!takeRun(unit, run, claimer)) this.runsLeft.add(run);
    } else if (!takeTicks(unit, claimer)) this.ticksLeft = true;
  }

  private nextRun(): Run | null {
    let first: Run | null = null;
    for (const run of this.unit.runs.list) {
      if (run.state !== 'waiting' || this.runsLeft.has(run)) continue;
      if (first === null || run.dueAt < first.dueAt) first = run;
    }
    return first;
  }
}

/**
 * Takes what is due of several jobs in the order in which it fell due.
 *
 * @param knows whether this replica has the handler: only the end of a pause is taken without (D5)
 * @param limit claims
 * @returns `more`: the limit ended it; `left`: a slot was missing
 */
export function takeDue(
  units: readonly Unit[],
  claimer: Claimer,
  knows: (unit: Unit) => boolean,
  limit: number,
): { more: boolean; left: boolean } {
  const due = units.map((unit) => new DueUnit(unit, claimer));
  const queue = new InstantQueue();
  due.forEach((one, slot) => {
    const { unit } = one;
    const dueAt = one.nextAt();
    if (dueAt <= unit.now && (knows(unit) || unit.job.state === 'paused')) queue.set(slot, dueAt);
  });
  let left = false;
  while (queue.length > 0) {
    const slot = queue.first();
    const one = due[slot]!;
    const { unit } = one;
    if (unit.facts.claims.length >= limit) return { more: true, left };
    one.takeNext();
    const dueAt = one.nextAt();
    if (dueAt <= unit.now && knows(unit)) queue.set(slot, dueAt);
    else queue.delete(slot);
    left ||= one.hasLeft;
  }
  return { more: false, left };
}

/** Takes a waiting run that is due. Returns false when no slot is free for it. */
export function takeRun<Run extends RunRecord>(unit: Unit<Run>, run: Run, claimer: Claimer): boolean {
  const { job, now } = unit;
  const { misfireGraceMs, group } = job.policies;
  if (misfireGraceMs !== null && run.attempt > 0 && now - run.dueAt > misfireGraceMs) {
    const last = run.attempts?.at(-1);
    // A lost attempt is made up for however late.
    if (last && (last.result === 'failed' || last.result === 'timedOut')) {
      endLateRetry(unit, run, last);
      return true;
    }
  }
  if (claimer.slots?.isFull(group)) return false;
  beginRun(unit, run, claimer);
  return true;
}

/** A retry later than the job's grace is not attempted: the last attempt's result is the outcome (O3, O7). */
function endLateRetry<Run extends RunRecord>(unit: Unit<Run>, run: Run, last: AttemptRecord): void {
  const { now, facts, job } = unit;
  unit.end(run, last.result, 'misfireGrace', now);
  facts.record({ ...recordedOutcome(run, null), lastAttempt: last });
  if (countFailure(unit, last.result, now)) facts.change({ kind: 'paused', jobId: job.id });
  if (freeSlot(unit, run, now)) facts.change({ kind: 'finished', jobId: job.id });
}

/** Takes the ticks of the job that are due, or the end of its pause. Returns false when no slot is free for their run. */
export function takeTicks<Run extends RunRecord>(unit: Unit<Run>, claimer: Claimer): boolean {
  try {
    return decideTicks(unit, claimer);
  } catch (error) {
    parkJob(unit, error);
    return true;
  }
}

/** Reused for each plan, which keeps nothing of it: a claim in memory allocates as little as it can. */
const asked = {} as { -readonly [K in keyof DueTicks]: DueTicks[K] };

function decideTicks<Run extends RunRecord>(unit: Unit<Run>, claimer: Claimer): boolean {
  const { job, now, runs } = unit;
  const dueAt = job.dueAt!;
  if (job.state === 'paused') {
    // A tick at the very end of the pause is the first one after it.
    unit.facts.change({ kind: 'resumed', jobId: job.id });
    resumeJob(unit, dueAt - 1);
    return true;
  }
  const { policies, trigger } = job;
  const firstAt = job.nextTickAt ?? dueAt;
  // Another replica, whose clock is ahead, has given the tick its outcome.
  if (unit.isDurable && job.lastTickAt !== null && firstAt <= job.lastTickAt) {
    unit.schedule(trigger.nextAt(job.lastTickAt));
    return true;
  }
  const isAlone = runs.list.length === 0;
  const active = isAlone ? 0 : runs.active;
  // Only ticks that would start a run wait for a slot; the others have their outcome now.
  if (claimer.slots?.isFull(policies.group) && admitRun(policies, active) === 'start') return false;
  asked.trigger = trigger;
  asked.firstAt = firstAt;
  asked.now = now;
  asked.policies = policies;
  asked.active = active;
  asked.catchingUp = !isAlone && runs.isCatchingUp;
  asked.runsLeft = policies.maxRuns === null ? null : unit.runsLeft;
  carryOut(unit, planTicks(asked), claimer);
  return true;
}

function carryOut<Run extends RunRecord>(unit: Unit<Run>, plan: TickPlan, claimer: Claimer): void {
  const { startAt, queued, spans } = plan;
  let into: Run | null = null;
  let lastTickAt = startAt ?? 0;
  if (startAt !== null) {
    into = makeTickRun(unit, startAt);
    if (queued.length > 0) into.catchesUp = true;
    beginRun(unit, into, claimer);
  }
  // Most plans start one run and nothing else.
  if (queued.length > 0) {
    lastTickAt = Math.max(lastTickAt, queued.at(-1)!);
    into = queueTicks(unit, plan, into);
  }
  if (spans.length > 0) for (const ticks of spans) unit.recordSpan(ticks, into, unit.now);
  const { job } = unit;
  // A tick that has a run ends the span of those before it.
  if (job.lastTickAt === null || job.lastTickAt < lastTickAt) {
    job.lastTickAt = lastTickAt;
    job.span = null;
  }
  if (job.state === 'parked') return;
  job.awaitsRun = plan.awaitsRun;
  if (plan.awaitsRun) unit.unschedule();
  else unit.schedule(plan.nextAt);
}

/** Returns the run that coalesced ticks are merged into. */
function queueTicks<Run extends RunRecord>(
  unit: Unit<Run>,
  { queued, admission }: TickPlan,
  into: Run | null,
): Run | null {
  const catchesUp = queued.length > 1 || admission === 'start';
  for (const tickAt of queued) {
    const run = makeTickRun(unit, tickAt);
    into ??= run;
    run.catchesUp = catchesUp;
    if (admission === 'queue' || catchesUp) {
      run.state = 'queued';
      unit.touch(run);
    } else queueRun(unit, run, admission);
  }
  return into;
}

function makeTickRun<Run extends RunRecord>(unit: Unit<Run>, tickAt: number): Run {
  const { trigger, payload } = unit.job;
  return unit.makeRun(tickAt, tickAt + trigger.delayAt(tickAt), payload);
}

function beginRun<Run extends RunRecord>(unit: Unit<Run>, run: Run, claimer: Claimer): void {
  const { job, now } = unit;
  let claim: Claim;
  try {
    claim = unit.claimOf(run);
  } catch (error) {
    // The tick has this run as its outcome, so parking records none.
    unit.endUnstarted(run, 'missed', 'parked', now);
    unit.unschedule();
    if (job.state !== 'parked') parkJob(unit, error);
    return;
  }
  if (run.attempt === 0) {
    run.startedAt = now;
    run.latenessMs = now - run.dueAt;
    if (run.scheduledAt !== null) job.runsStarted++;
  }
  const { group } = job.policies;
  run.state = 'running';
  run.attempt++;
  unit.hold(run, group, claimer);
  claimer.slots?.take(group);
  unit.touch(run);
  unit.facts.claim(claim);
}
