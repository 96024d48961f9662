import { type Trigger, triggerFromJson } from '../../../libs/scheduler/src/timing/index.js';
import type { TriggerPlan } from './plans.js';

/** A trigger while it was in force: its ticks in (fromAt, toAt] were due. */
interface Reign {
  readonly trigger: Trigger;
  readonly fromAt: number;
  toAt: number;
}

/** The ticks in (fromAt, toAt], one by one. */
export function ticksIn(trigger: Trigger, fromAt: number, toAt: number): number[] {
  const ticks: number[] = [];
  for (
    let tickAt = trigger.nextAt(fromAt);
    tickAt !== null && tickAt <= toAt;
    tickAt = trigger.nextAt(tickAt)
  )
    ticks.push(tickAt);
  return ticks;
}

/** The trigger as the engine is given it. */
export function boundTrigger({ json }: TriggerPlan, jobId: string, anchorAt: number): Trigger {
  return triggerFromJson(json).bind({ jobId, timezone: 'UTC', anchorAt });
}

/**
 * The instants at which one job was due, told from its triggers and from what happened to the clock. Of
 * what was recorded it asks one thing: which tick was the last when the rule in force came to its end.
 */
export class DueTimes {
  private readonly reigns: Reign[] = [];
  private current: Reign | null = null;
  private plan!: TriggerPlan;
  private anchorAt = 0;
  private trigger!: Trigger;
  /** The last recorded tick of the trigger, by the clock as it is now. */
  private lastAt: number | null = null;
  /** What had been recorded when the present reign began. */
  private before: readonly number[] = [];

  /** @param outlives its store outlives the process: what was due stays so though the clock is set back */
  constructor(
    private readonly jobId: string,
    private readonly outlives: boolean,
  ) {}

  /** The job has this trigger from now on. */
  begin(plan: TriggerPlan, now: number, recorded: readonly number[], isEnabled: boolean): void {
    this.end(now, recorded);
    this.plan = plan;
    this.anchorAt = now;
    this.trigger = boundTrigger(plan, this.jobId, now);
    this.lastAt = null;
    if (isEnabled) this.goOn(now, recorded);
  }

  /** It is due from now on: a date or a timeout even if it has passed, what runs on start at once, the rest later. */
  goOn(now: number, recorded: readonly number[]): void {
    const { json } = this.plan;
    const isFirst = this.lastAt === null;
    if ((json.type === 'date' || json.type === 'timeout') && isFirst) this.reign(-Infinity, recorded);
    else if (json.type === 'interval' && json.runOnStart === true && isFirst) this.reign(now - 1, recorded);
    else this.reign(Math.max(now, this.lastAt ?? now), recorded);
  }

  /** It is not due after this instant. */
  end(now: number, recorded: readonly number[]): void {
    const lastAt = this.noteLast(recorded);
    if (this.current) this.current.toAt = this.reached(now, lastAt);
    this.current = null;
  }

  /** It was finished with its last run: what came after the last recorded tick was not due. */
  finish(recorded: readonly number[]): void {
    const lastAt = this.noteLast(recorded);
    if (this.current) this.current.toAt = lastAt ?? this.current.fromAt;
    this.current = null;
  }

  /** The clock was set back by `stepMs` to `now`, and whoever was to notice has. */
  setBack(now: number, stepMs: number, recorded: readonly number[]): void {
    const { current, plan } = this;
    const lastAt = this.noteLast(recorded);
    const resumes = plan.whenSetBack === 'resumes' && this.lastAt !== null;
    if (plan.whenSetBack === 'moves') {
      this.anchorAt -= stepMs;
      this.trigger = boundTrigger(plan, this.jobId, this.anchorAt);
      if (this.lastAt !== null) this.lastAt -= stepMs;
    }
    if (!current) return;
    const reachedAt = lastAt ?? current.fromAt;
    current.toAt = reachedAt;
    if (plan.whenSetBack === 'moves') this.reign(reachedAt - stepMs, recorded);
    // What was overdue by both clocks still is.
    else this.reign(resumes ? reachedAt : Math.min(reachedAt, now), recorded);
  }

  /** All instants that were due up to `now`, in order. */
  upTo(now: number, recorded: readonly number[]): number[] {
    const untilAt = this.reached(now, this.noteLast(recorded));
    return this.reigns
      .flatMap(({ trigger, fromAt, toAt }) => ticksIn(trigger, fromAt, toAt === Infinity ? untilAt : toAt))
      .sort(ascending);
  }

  /** The ticks of a row that stands for several; null when no trigger of the job has them. */
  inSpan(fromAt: number, toAt: number, count: number): number[] | null {
    const newestFirst = this.reigns.toReversed();
    // Two triggers may have as many ticks between the same ends: the row is of the one that was in force.
    const inForce = newestFirst.filter((reign) => reign.fromAt < fromAt && toAt <= reign.toAt);
    for (const { trigger } of [...inForce, ...newestFirst]) {
      const ticks = ticksIn(trigger, fromAt - 1, toAt);
      if (ticks.length === count && ticks[0] === fromAt && ticks.at(-1) === toAt) return ticks;
    }
    return null;
  }

  private reached(now: number, lastAt: number | null): number {
    return this.outlives ? Math.max(now, lastAt ?? now) : now;
  }

  private reign(fromAt: number, recorded: readonly number[]): void {
    this.current = { trigger: this.trigger, fromAt, toAt: Infinity };
    this.reigns.push(this.current);
    this.before = recorded;
  }

  /** The last tick that was recorded in the present reign; null when none was. */
  private noteLast(recorded: readonly number[]): number | null {
    if (!this.current) return null;
    const earlier = new Map<number, number>();
    for (const at of this.before) earlier.set(at, (earlier.get(at) ?? 0) + 1);
    let lastAt: number | null = null;
    for (const at of recorded) {
      const left = earlier.get(at) ?? 0;
      if (left > 0) earlier.set(at, left - 1);
      else lastAt = Math.max(at, lastAt ?? at);
    }
    if (lastAt !== null) this.lastAt = lastAt;
    return lastAt;
  }
}

export function ascending(a: number, b: number): number {
  return a - b;
}
