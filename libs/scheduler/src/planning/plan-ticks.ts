import type { OutcomeReason, Policies } from '../model/index.js';
import type { Trigger } from '../timing/index.js';
import { mayStart } from './overlap.js';

/** Ticks of one job that are due: the oldest that has no outcome yet, up to `now`. */
export interface DueTicks {
  readonly trigger: Pick<Trigger, 'nextAt' | 'prevAt' | 'countBetween'>;
  readonly firstAt: number;
  readonly now: number;
  readonly policies: Policies;
  /** Runs of the job that are alive: running, waiting for a retry, or queued. */
  readonly alive: number;
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
}

/** What becomes of the due ticks: each is started, queued, or in exactly one span. */
export interface TickPlan {
  /** The tick whose run starts now. */
  readonly startAt: number | null;
  /** Ticks whose runs go one after the other, oldest first, behind what is alive. */
  readonly queued: readonly number[];
  readonly spans: readonly TickSpan[];
  /** The first tick after `now`; null when the trigger, or `maxRuns`, has ended. */
  readonly nextAt: number | null;
}

const NONE: readonly never[] = [];

/** Rules M1 to M3, O1 and T6 for the due ticks of one job. Pure, and in bounded time however many are due. */
export function planTicks(due: DueTicks): TickPlan {
  const secondAt = due.trigger.nextAt(due.firstAt);
  const plan = secondAt === null || secondAt > due.now ? planOne(due, secondAt) : planSeveral(due);
  return due.runsLeft === null ? plan : withinRunsLeft(plan, due.runsLeft);
}

function planOne(due: DueTicks, nextAt: number | null): TickPlan {
  const { firstAt, now, policies } = due;
  if (policies.misfireGraceMs !== null && now - firstAt > policies.misfireGraceMs) {
    return { startAt: null, queued: NONE, spans: [single('missed', 'misfireGrace', firstAt)], nextAt };
  }
  if (!mayStart(policies, due.alive)) {
    return { startAt: null, queued: NONE, spans: [single('skipped', 'overlap', firstAt)], nextAt };
  }
  return { startAt: firstAt, queued: NONE, spans: NONE, nextAt };
}

function planSeveral(due: DueTicks): TickPlan {
  const { trigger, now, policies } = due;
  const nextAt = trigger.nextAt(now);
  const newestAt = trigger.prevAt(now + 1) ?? due.firstAt;
  const spans: TickSpan[] = [];

  // Grace first: what is too late is missed, and only the rest is coalesced (M2).
  let oldestAt = due.firstAt;
  if (policies.misfireGraceMs !== null) {
    const graceAt = now - policies.misfireGraceMs;
    if (newestAt < graceAt) {
      return { startAt: null, queued: NONE, spans: [span(trigger, 'missed', 'misfireGrace', oldestAt, newestAt)], nextAt };
    }
    if (oldestAt < graceAt) {
      const lastMissedAt = trigger.prevAt(graceAt)!;
      spans.push(span(trigger, 'missed', 'misfireGrace', oldestAt, lastMissedAt));
      oldestAt = trigger.nextAt(lastMissedAt)!;
    }
  }

  if (policies.coalesce === 'all') {
    const ticks = newestTicks(trigger, oldestAt, newestAt, policies.maxCatchUp);
    if (ticks[0] > oldestAt) spans.push(span(trigger, 'missed', 'maxCatchUp', oldestAt, trigger.prevAt(ticks[0])!));
    const startsNow = mayStart(policies, due.alive);
    return { startAt: startsNow ? ticks[0] : null, queued: startsNow ? ticks.slice(1) : ticks, spans, nextAt };
  }
  if (!mayStart(policies, due.alive)) {
    spans.push(span(trigger, 'skipped', 'overlap', oldestAt, newestAt));
    return { startAt: null, queued: NONE, spans, nextAt };
  }
  if (policies.coalesce === 'latest') {
    if (oldestAt < newestAt) spans.push(span(trigger, 'coalesced', 'merged', oldestAt, trigger.prevAt(newestAt)!));
    return { startAt: newestAt, queued: NONE, spans, nextAt };
  }
  if (oldestAt < newestAt) spans.push(span(trigger, 'coalesced', 'merged', trigger.nextAt(oldestAt)!, newestAt));
  return { startAt: oldestAt, queued: NONE, spans, nextAt };
}

/** Up to `most` ticks that end at `newestAt`, oldest first. */
function newestTicks(trigger: DueTicks['trigger'], oldestAt: number, newestAt: number, most: number): number[] {
  const ticks: number[] = [];
  for (let at: number | null = newestAt; at !== null && at >= oldestAt && ticks.length < most; at = trigger.prevAt(at)) {
    ticks.push(at);
  }
  return ticks.reverse();
}

/** T6: after the last run that `maxRuns` allows the job is finished, and later ticks are not due. */
function withinRunsLeft(plan: TickPlan, runsLeft: number): TickPlan {
  const starts = (plan.startAt === null ? 0 : 1) + plan.queued.length;
  if (starts < runsLeft) return plan;
  return { ...plan, queued: plan.queued.slice(0, runsLeft - (plan.startAt === null ? 0 : 1)), nextAt: null };
}

/** The ticks in [fromAt, toAt] as one span; both ends are ticks. */
export function span(
  trigger: DueTicks['trigger'],
  outcome: TickSpan['outcome'],
  reason: OutcomeReason,
  fromAt: number,
  toAt: number,
): TickSpan {
  return { outcome, reason, fromAt, toAt, count: trigger.countBetween(fromAt, toAt) };
}

function single(outcome: TickSpan['outcome'], reason: OutcomeReason, at: number): TickSpan {
  return { outcome, reason, fromAt: at, toAt: at, count: 1 };
}
