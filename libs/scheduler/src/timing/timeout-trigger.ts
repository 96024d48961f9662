import { formatDuration } from './duration.js';
import { DueRule } from './due-rule.js';
import { LAST_INSTANT_MS, toIso } from './instant.js';
import type { ClockSetBack, PreviewedTick, TimeoutJson, Trigger, TriggerBinding } from './trigger.js';

/**
 * Due once, so long after an anchor: the start of the process, supplied by `bind`. Unbound it counts
 * from the instant asked about.
 */
export class TimeoutTrigger extends DueRule {
  readonly #afterMs: number;
  readonly #anchorAt: number | null;

  /** Made by `timeoutAfter()`, which checks. */
  constructor(afterMs: number, anchorAt: number | null) {
    super();
    this.#afterMs = afterMs;
    this.#anchorAt = anchorAt;
  }

  get type(): 'timeout' {
    return 'timeout';
  }

  nextAt(afterAt: number): number | null {
    const at = this.#tickAt(afterAt);
    const isLater = this.#anchorAt === null || at > afterAt;
    return isLater && at <= LAST_INSTANT_MS ? at : null;
  }

  prevAt(beforeAt: number): number | null {
    if (this.#anchorAt === null) return null;
    const at = this.#tickAt(this.#anchorAt);
    return at < beforeAt && at <= LAST_INSTANT_MS ? at : null;
  }

  countBetween(fromAt: number, toAt: number): number {
    const at = this.#tickAt(fromAt);
    return fromAt <= at && at <= toAt ? 1 : 0;
  }

  override preview(count: number, from: Date): PreviewedTick[] {
    // Unbound, each answer would begin another wait; it is one tick all the same.
    return super.preview(count, from).slice(0, 1);
  }

  bind(job: TriggerBinding): TimeoutTrigger {
    return this.#anchorAt === null ? new TimeoutTrigger(this.#afterMs, job.anchorAt) : this;
  }

  afterClockSetBack({ stepMs, lastTickAt, nowAt }: ClockSetBack): {
    trigger: Trigger;
    nextAt: number | null;
  } {
    if (this.#anchorAt === null)
      return { trigger: this, nextAt: lastTickAt === null ? this.nextAt(nowAt) : null };
    const trigger = new TimeoutTrigger(this.#afterMs, this.#anchorAt - stepMs);
    return { trigger, nextAt: lastTickAt === null ? this.#anchorAt - stepMs + this.#afterMs : null };
  }

  toJSON(): TimeoutJson {
    return {
      type: 'timeout',
      afterMs: this.#afterMs,
      ...(this.#anchorAt === null ? {} : { anchorAt: toIso(this.#anchorAt) }),
    };
  }

  toString(): string {
    return `once, ${formatDuration(this.#afterMs)} after the start`;
  }

  #tickAt(askedAt: number): number {
    return (this.#anchorAt ?? askedAt) + this.#afterMs;
  }
}
