import { BaseTrigger, type Landmarks } from './base-trigger.js';
import { toIso } from '../time/instant.js';
import type { AfterSetBack, ClockSetBack, DateJson } from './trigger.js';

/** Due once, at an instant. */
export class DateTrigger extends BaseTrigger {
  readonly #at: number;

  /** `at()` makes it, and checks first. */
  constructor(at: number) {
    super();
    this.#at = at;
  }

  get type(): 'date' {
    return 'date';
  }

  get timezone(): undefined {
    return undefined;
  }

  nextAt(afterAt: number): number | null {
    return afterAt < this.#at ? this.#at : null;
  }

  prevAt(beforeAt: number): number | null {
    return beforeAt > this.#at ? this.#at : null;
  }

  countBetween(fromAt: number, toAt: number): number {
    return fromAt <= this.#at && this.#at <= toAt ? 1 : 0;
  }

  /** A date in the past is due at once (semantics.md T3). */
  override firstAt(): number {
    return this.#at;
  }

  bind(): this {
    return this;
  }

  /** Once is once: never due again after its tick; before it, the instant stays. */
  afterClockSetBack({ lastTickAt }: ClockSetBack): AfterSetBack<DateTrigger> {
    const nextAt = lastTickAt !== null && lastTickAt >= this.#at ? null : this.#at;
    return { trigger: this, nextAt, lastTickAt };
  }

  override addLandmarks({ instants, edges }: Landmarks): void {
    instants.push(this.#at);
    edges.push(this.#at);
  }

  toJSON(): DateJson {
    return { type: 'date', at: toIso(this.#at) };
  }

  toString(): string {
    return `once at ${toIso(this.#at)}`;
  }
}
