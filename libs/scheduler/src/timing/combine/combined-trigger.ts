import { BaseTrigger, type Landmarks } from '../triggers/base-trigger.js';
import type { TriggerBinding } from '../triggers/trigger.js';
import { TickSweep } from './tick-sweep.js';

/** Combinations count exactly up to this; `countBetween` returns one more for "more than this" (semantics.md M2). */
export const COUNTS_UP_TO = 10_000;

/** A few ticks are counted one by one, which needs no sweep. */
const FEW = 20;

/** Base of the triggers that consist of others. A result that a few steps do not find comes from a sweep. */
export abstract class CombinedTrigger extends BaseTrigger {
  readonly #size: number;
  readonly #isSettled: boolean;

  constructor(protected readonly parts: readonly BaseTrigger[]) {
    super();
    this.#size = parts.reduce((sum, part) => sum + part.size, 0);
    this.#isSettled = parts.every((part) => part.isSettled);
  }

  abstract override bind(job: Partial<TriggerBinding>): CombinedTrigger;
  abstract override quickNextAt(afterAt: number): number | null | undefined;
  abstract override quickPrevAt(beforeAt: number): number | null | undefined;

  override get countsUpTo(): number {
    return COUNTS_UP_TO;
  }

  override get isSettled(): boolean {
    return this.#isSettled;
  }

  override get size(): number {
    return this.#size;
  }

  nextAt(afterAt: number): number | null {
    const trigger = this.#settledAt(afterAt);
    const quick = trigger.quickNextAt(afterAt);
    return quick === undefined ? new TickSweep(trigger).next(afterAt) : quick;
  }

  prevAt(beforeAt: number): number | null {
    const trigger = this.#settledAt(beforeAt);
    const quick = trigger.quickPrevAt(beforeAt);
    return quick === undefined ? new TickSweep(trigger).prev(beforeAt) : quick;
  }

  /** @see countsUpTo */
  countBetween(fromAt: number, toAt: number): number {
    const trigger = this.#settledAt(fromAt);
    let count = 0;
    let at = trigger.quickNextAt(fromAt - 1);
    for (; typeof at === 'number' && at <= toAt && count < FEW; at = trigger.quickNextAt(at)) count++;
    if (at === null || (typeof at === 'number' && at > toAt)) return count;
    return new TickSweep(trigger).count(fromAt, toAt, COUNTS_UP_TO + 1);
  }

  override addLandmarks(to: Landmarks): void {
    for (const part of this.parts) part.addLandmarks(to);
  }

  /**
   * Counted from `at` where the anchor is open.
   * @throws InvalidCronError for an `H` without a seed, which only its trigger can name
   */
  #settledAt(at: number): CombinedTrigger {
    if (this.isSettled) return this;
    const bound = this.bind({ anchorAt: at });
    if (!bound.isSettled) for (const part of bound.parts) if (!part.isSettled) part.nextAt(at);
    return bound;
  }
}
