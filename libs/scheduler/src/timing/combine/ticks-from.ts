import type { TickSet } from '../time/tick-set.js';
import { BaseTrigger, type Landmarks } from '../triggers/base-trigger.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';
import type {
  AfterSetBack,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
  TriggerJson,
} from '../triggers/trigger.js';

/**
 * The ticks of a trigger from an instant on: a part of a combination whose clock was set back behind ticks
 * that must not be repeated. Lives in memory only, so its JSON is the trigger's own.
 */
export class TicksFrom extends BaseTrigger {
  readonly #trigger: BaseTrigger;
  readonly #fromAt: number;

  /** @param fromAt the first tick that is still to come; Infinity for none */
  constructor(trigger: BaseTrigger, fromAt: number) {
    super();
    this.#trigger = trigger;
    this.#fromAt = fromAt;
  }

  get type(): TriggerJson['type'] {
    return this.#trigger.type;
  }

  get timezone(): string | null | undefined {
    return this.#trigger.timezone;
  }

  override get countsUpTo(): number {
    return this.#trigger.countsUpTo;
  }

  override get isSettled(): boolean {
    return this.#trigger.isSettled;
  }

  override get size(): number {
    return this.#trigger.size;
  }

  nextAt(afterAt: number): number | null {
    return this.#trigger.nextAt(Math.max(afterAt, this.#fromAt - 1));
  }

  prevAt(beforeAt: number): number | null {
    const at = this.#trigger.prevAt(beforeAt);
    return at === null || at < this.#fromAt ? null : at;
  }

  countBetween(fromAt: number, toAt: number): number {
    const from = Math.max(fromAt, this.#fromAt);
    return from > toAt ? 0 : this.#trigger.countBetween(from, toAt);
  }

  bind(job: Partial<TriggerBinding>): TicksFrom {
    const bound = this.#trigger.bind(job);
    return bound === this.#trigger ? this : new TicksFrom(bound, this.#fromAt);
  }

  /** Set back twice, ticks before the first step are still not repeated. */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<TicksFrom> {
    const { trigger, nextAt, lastTickAt } = this.#trigger.afterClockSetBack(step);
    const kept = new TicksFrom(trigger, Math.max(this.#fromAt, nextAt ?? Infinity));
    return { trigger: kept, nextAt: kept.nextAt(-Infinity), lastTickAt };
  }

  toJSON(): TriggerJson {
    return this.#trigger.toJSON();
  }

  toString(): string {
    return this.#trigger.toString();
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    return this.#trigger.showTick(at);
  }

  override has(at: number): boolean {
    return at >= this.#fromAt && this.#trigger.has(at);
  }

  override quickNextAt(afterAt: number): number | null | undefined {
    return this.#trigger.quickNextAt(Math.max(afterAt, this.#fromAt - 1));
  }

  override quickPrevAt(beforeAt: number): number | null | undefined {
    const at = this.#trigger.quickPrevAt(beforeAt);
    return typeof at === 'number' && at < this.#fromAt ? null : at;
  }

  override boundAfter(afterAt: number, lattice: Lattice): number | null {
    return this.#trigger.boundAfter(Math.max(afterAt, this.#fromAt - 1), lattice);
  }

  override boundBefore(beforeAt: number, lattice: Lattice): number | null {
    const at = this.#trigger.boundBefore(beforeAt, lattice);
    return at === null || at < this.#fromAt ? null : at;
  }

  override ticksIn(span: TickSpan): TickSet {
    return span.clip(this.#trigger.ticksIn(span), this.#fromAt, Infinity);
  }

  override addLandmarks(to: Landmarks): void {
    this.#trigger.addLandmarks(to);
    to.edges.push(this.#fromAt);
  }
}
