import type { OutcomeReason, Policies } from '../model/index.js';
import type { Trigger } from '../timing/index.js';
import { type Admission, admitRun } from './overlap.js';

export type PlannedTrigger = Pick<
  Trigger,
  'nextAt' | 'prevAt' | 'countBetween' | 'countsUpTo' | 'delayAt' | 'waitsForRun'
>;

/** Ticks of one job that are due: the oldest that has no outcome yet, up to `now`. */
export interface DueTicks {
  readonly trigger: PlannedTrigger;
  readonly firstAt: number;
  readonly now: number;
  readonly policies: Policies;
  /** Runs of the job that are running or waiting for a retry. */
  readonly active: number;
  /** One of them catches up: further ticks that do go behind it. */
  readonly catchingUp: boolean;
  /** Runs that `maxRuns` still allows; null for any number. */
  readonly runsLeft: number | null;
}

/** Ticks that share an outcome and do not run. */
export interface TickSpan {
  readonly outcome: 'skipped' | 'missed' | 'coalesced' | 'cancelled';
  readonly reason: OutcomeReason;
  readonly fromAt: number;
  readonly toAt: number;
  readonly count: number;
  /** There may be more than `count`: a combined trigger counts no further. */
  readonly countIsAtLeast: boolean;
}

/** The fate of the due ticks: each is started, queued, or in exactly one span. */
export interface TickPlan {
  /** Of the runs that the ticks make. */
  readonly admission: Admission;
  /** The tick whose run starts now. */
  readonly startAt: number | null;
  /** Ticks whose runs go one after the other, oldest first, behind what is alive. */
  readonly queued: readonly number[];
  readonly spans: readonly TickSpan[];
  /** The first tick that is not due yet; null when the trigger, or `maxRuns`, has ended, or waits for the run. */
  readonly nextAt: number | null;
  /** The next tick is computed when the run ends (T2). */
  readonly awaitsRun: boolean;
}

const NONE: readonly never[] = [];

/** Rules M1 to M3, O1 and T6 for the due ticks of one job. Pure, and in bounded time however many are due. */
export function planTicks(due: DueTicks): TickPlan {
  const { trigger, firstAt, now } = due;
  let plan: TickPlan;
  if (trigger.waitsForRun) {
    plan = planOne(due, null);
    const awaitsRun = plan.startAt !== null || plan.queued.length > 0;
    plan = { ...plan, awaitsRun, nextAt: awaitsRun ? null : trigger.nextAt(now) };
  } else {
    const secondAt = trigger.nextAt(firstAt);
    const several = secondAt !== null && secondAt + trigger.delayAt(secondAt) <= now;
    plan = several ? planSeveral(due) : planOne(due, secondAt);
  }
  return due.runsLeft === null ? plan : withinRunsLeft(plan, due.runsLeft);
}

function planOne(due: DueTicks, nextAt: number | null): TickPlan {
  const { trigger, firstAt, now, policies } = due;
  const { misfireGraceMs } = policies;
  if (misfireGraceMs !== null && now - firstAt - trigger.delayAt(firstAt) > misfireGraceMs) {
    return noRun([oneTick('missed', 'misfireGrace', firstAt)], nextAt);
  }
  const admission = admitRun(policies, due.active);
  if (admission === 'skip') return noRun([oneTick('skipped', 'overlap', firstAt)], nextAt);
  return oneRun(admission, firstAt, NONE, nextAt);
}

function planSeveral(due: DueTicks): TickPlan {
  const { trigger, now, policies } = due;
  const newestAt = newestDue(trigger, now);
  const nextAt = trigger.nextAt(newestAt);
  const spans: TickSpan[] = [];

  // Grace first: what is too late is missed, and only the rest is coalesced (M2).
  let oldestAt = due.firstAt;
  if (policies.misfireGraceMs !== null) {
    const lastMissedAt = lastDueBefore(trigger, now - policies.misfireGraceMs);
    if (lastMissedAt !== null && lastMissedAt >= oldestAt) {
      spans.push(span(trigger, 'missed', 'misfireGrace', oldestAt, lastMissedAt));
      if (lastMissedAt >= newestAt) return noRun(spans, nextAt);
      oldestAt = trigger.nextAt(lastMissedAt)!;
    }
  }

  const admission = admitRun(policies, due.active);
  if (policies.coalesce === 'all') {
    const ticks = newestTicks(trigger, oldestAt, newestAt, policies.maxCatchUp);
    if (ticks[0] > oldestAt)
      spans.push(span(trigger, 'missed', 'maxCatchUp', oldestAt, trigger.prevAt(ticks[0])!));
    // Queued behind each other whatever `overlap` says.
    if (admission !== 'start' || due.catchingUp)
      return { admission: 'queue', startAt: null, queued: ticks, spans, nextAt, awaitsRun: false };
    return { admission, startAt: ticks[0], queued: ticks.slice(1), spans, nextAt, awaitsRun: false };
  }
  if (admission === 'skip') {
    spans.push(span(trigger, 'skipped', 'overlap', oldestAt, newestAt));
    return noRun(spans, nextAt);
  }
  const latest = policies.coalesce === 'latest';
  if (oldestAt < newestAt) {
    const fromAt = latest ? oldestAt : trigger.nextAt(oldestAt)!;
    const toAt = latest ? trigger.prevAt(newestAt)! : newestAt;
    spans.push(span(trigger, 'coalesced', 'merged', fromAt, toAt));
  }
  return oneRun(admission, latest ? newestAt : oldestAt, spans, nextAt);
}

function noRun(spans: readonly TickSpan[], nextAt: number | null): TickPlan {
  return { admission: 'skip', startAt: null, queued: NONE, spans, nextAt, awaitsRun: false };
}

function oneRun(
  admission: Admission,
  tickAt: number,
  spans: readonly TickSpan[],
  nextAt: number | null,
): TickPlan {
  const starts = admission === 'start';
  return {
    admission,
    startAt: starts ? tickAt : null,
    queued: starts ? NONE : [tickAt],
    spans,
    nextAt,
    awaitsRun: false,
  };
}

/** The newest tick whose jitter is over, too. Called when at least one is. */
function newestDue(trigger: PlannedTrigger, now: number): number {
  const newestAt = trigger.prevAt(now + 1)!;
  // Jitter ends before the next tick, so only the newest can still be within its own.
  return newestAt + trigger.delayAt(newestAt) > now ? trigger.prevAt(newestAt)! : newestAt;
}

/** The newest tick that fell due before `at`. */
function lastDueBefore(trigger: PlannedTrigger, at: number): number | null {
  const tickAt = trigger.prevAt(at);
  return tickAt !== null && tickAt + trigger.delayAt(tickAt) >= at ? trigger.prevAt(tickAt) : tickAt;
}

/** Up to `most` ticks that end at `newestAt`, oldest first. */
function newestTicks(trigger: PlannedTrigger, oldestAt: number, newestAt: number, most: number): number[] {
  const ticks: number[] = [];
  for (
    let at: number | null = newestAt;
    at !== null && at >= oldestAt && ticks.length < most;
    at = trigger.prevAt(at)
  ) {
    ticks.push(at);
  }
  return ticks.reverse();
}

/** T6: after the last run that `maxRuns` allows the job is finished, and later ticks are not due. */
function withinRunsLeft(plan: TickPlan, runsLeft: number): TickPlan {
  const starts = (plan.startAt === null ? 0 : 1) + plan.queued.length;
  if (starts < runsLeft) return plan;
  const queued = plan.queued.slice(0, runsLeft - (plan.startAt === null ? 0 : 1));
  return { ...plan, queued, nextAt: null, awaitsRun: false };
}

/** The ticks in [fromAt, toAt] as one span; both ends are ticks. */
export function span(
  trigger: Pick<PlannedTrigger, 'countBetween' | 'countsUpTo'>,
  outcome: TickSpan['outcome'],
  reason: OutcomeReason,
  fromAt: number,
  toAt: number,
): TickSpan {
  const count = fromAt === toAt ? 1 : trigger.countBetween(fromAt, toAt);
  const countIsAtLeast = count > trigger.countsUpTo;
  return {
    outcome,
    reason,
    fromAt,
    toAt,
    count: countIsAtLeast ? trigger.countsUpTo : count,
    countIsAtLeast,
  };
}

export function oneTick(outcome: TickSpan['outcome'], reason: OutcomeReason, at: number): TickSpan {
  return { outcome, reason, fromAt: at, toAt: at, count: 1, countIsAtLeast: false };
}
