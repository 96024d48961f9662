import { BaseTrigger } from '../triggers/base-trigger.js';
import type { DayTimes } from '../triggers/day-times.js';
import type {
  AfterSetBack,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
  TriggerJson,
} from '../triggers/trigger.js';
import type { Zone } from '../zone/zone.js';

/**
 * A trigger inside a combination, after the clock was set back behind ticks that are not to come again.
 * It lives in memory only, so its JSON is the trigger's own.
 */
export class TicksFrom extends BaseTrigger {
  readonly #rule: BaseTrigger;
  readonly #fromAt: number;

  /** @param fromAt the first tick that is still to come; Infinity for none. */
  constructor(rule: BaseTrigger, fromAt: number) {
    super();
    this.#rule = rule;
    this.#fromAt = fromAt;
  }

  get type(): TriggerJson['type'] {
    return this.#rule.type;
  }

  get timezone(): string | null | undefined {
    return this.#rule.timezone;
  }

  override get countsUpTo(): number {
    return this.#rule.countsUpTo;
  }

  override get isSettled(): boolean {
    return this.#rule.isSettled;
  }

  override get size(): number {
    return this.#rule.size;
  }

  nextAt(afterAt: number): number | null {
    return this.#rule.nextAt(Math.max(afterAt, this.#fromAt - 1));
  }

  prevAt(beforeAt: number): number | null {
    const at = this.#rule.prevAt(beforeAt);
    return at === null || at < this.#fromAt ? null : at;
  }

  countBetween(fromAt: number, toAt: number): number {
    const from = Math.max(fromAt, this.#fromAt);
    return from > toAt ? 0 : this.#rule.countBetween(from, toAt);
  }

  bind(job: Partial<TriggerBinding>): TicksFrom {
    const bound = this.#rule.bind(job);
    return bound === this.#rule ? this : new TicksFrom(bound, this.#fromAt);
  }

  /** Set back twice, what ran before the first step is still not to come again. */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<TicksFrom> {
    const { trigger, nextAt, lastTickAt } = this.#rule.afterClockSetBack(step);
    const kept = new TicksFrom(trigger, Math.max(this.#fromAt, nextAt ?? Infinity));
    return { trigger: kept, nextAt: kept.nextAt(-Infinity), lastTickAt };
  }

  toJSON(): TriggerJson {
    return this.#rule.toJSON();
  }

  toString(): string {
    return this.#rule.toString();
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    return this.#rule.showTick(at);
  }

  override timesOfDay(zone: Zone, second: number): DayTimes | null {
    return this.#rule.timesOfDay(zone, second);
  }
}
