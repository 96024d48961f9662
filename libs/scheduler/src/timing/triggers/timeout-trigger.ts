import { formatDuration } from '../time/duration.js';
import { BaseTrigger, type Landmarks } from './base-trigger.js';
import { LAST_INSTANT_MS, toIso } from '../time/instant.js';
import type { AfterSetBack, ClockSetBack, TimeoutJson, TriggerBinding } from './trigger.js';

/**
 * Due once, a fixed time after the start of the process, which `bind` supplies as the anchor. Unbound it
 * counts from the instant passed in.
 */
export class TimeoutTrigger extends BaseTrigger {
  readonly #afterMs: number;
  readonly #anchorAt: number | null;

  /** `timeoutAfter()` makes it, and checks first. */
  constructor(afterMs: number, anchorAt: number | null) {
    super();
    this.#afterMs = afterMs;
    this.#anchorAt = anchorAt;
  }

  get type(): 'timeout' {
    return 'timeout';
  }

  get timezone(): undefined {
    return undefined;
  }

  override get isSettled(): boolean {
    return this.#anchorAt !== null;
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

  /** A timeout that has passed is due at once (semantics.md T3). */
  override firstAt(nowAt: number): number | null {
    const at = this.#tickAt(nowAt);
    return at <= LAST_INSTANT_MS ? at : null;
  }

  bind({ anchorAt }: Partial<TriggerBinding>): TimeoutTrigger {
    if (this.#anchorAt !== null || anchorAt === undefined) return this;
    return new TimeoutTrigger(this.#afterMs, anchorAt);
  }

  afterClockSetBack({ stepMs, lastTickAt, nowAt }: ClockSetBack): AfterSetBack<TimeoutTrigger> {
    if (this.#anchorAt === null) {
      const nextAt = lastTickAt === null ? this.nextAt(nowAt) : null;
      return { trigger: this, nextAt, lastTickAt };
    }
    const trigger = new TimeoutTrigger(this.#afterMs, this.#anchorAt - stepMs);
    if (lastTickAt !== null) return { trigger, nextAt: null, lastTickAt: lastTickAt - stepMs };
    return { trigger, nextAt: this.#anchorAt - stepMs + this.#afterMs, lastTickAt };
  }

  override addLandmarks({ instants, edges }: Landmarks): void {
    if (this.#anchorAt === null) return;
    instants.push(this.#tickAt(this.#anchorAt));
    edges.push(this.#tickAt(this.#anchorAt));
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
