import { DateTrigger } from './date-trigger.js';
import { formatDuration } from '../time/duration.js';
import { BaseTrigger } from './base-trigger.js';
import { LAST_INSTANT_MS } from '../time/instant.js';
import { NeverFiresError } from '../errors/trigger-errors.js';
import type { AfterJson, AfterSetBack, ClockSetBack, TriggerBinding } from './trigger.js';

/**
 * Due once, a fixed time after its job is added. Bound it becomes a DateTrigger, which the job keeps and
 * a store records. Unbound it counts from the instant passed in.
 */
export class AfterTrigger extends BaseTrigger {
  readonly #afterMs: number;

  /** `after()` makes it, and checks first. */
  constructor(afterMs: number) {
    super();
    this.#afterMs = afterMs;
  }

  get type(): 'after' {
    return 'after';
  }

  get timezone(): undefined {
    return undefined;
  }

  override get isSettled(): boolean {
    return false;
  }

  nextAt(afterAt: number): number | null {
    const at = afterAt + this.#afterMs;
    return at <= LAST_INSTANT_MS ? at : null;
  }

  prevAt(): null {
    return null;
  }

  countBetween(fromAt: number, toAt: number): number {
    return fromAt + this.#afterMs <= toAt ? 1 : 0;
  }

  bind({ anchorAt }: Partial<TriggerBinding>): AfterTrigger | DateTrigger {
    if (anchorAt === undefined) return this;
    const at = this.nextAt(anchorAt);
    if (at !== null) return new DateTrigger(at);
    throw new NeverFiresError(`The trigger ${this.toString()}, is due after the year 9999.`, 'Shorten it.');
  }

  /** Not met in a job, which binds it first. */
  afterClockSetBack({ nowAt, lastTickAt }: ClockSetBack): AfterSetBack<AfterTrigger> {
    return { trigger: this, nextAt: lastTickAt === null ? this.nextAt(nowAt) : null, lastTickAt };
  }

  toJSON(): AfterJson {
    return { type: 'after', afterMs: this.#afterMs };
  }

  toString(): string {
    return `once, ${formatDuration(this.#afterMs)} after it is added`;
  }
}
