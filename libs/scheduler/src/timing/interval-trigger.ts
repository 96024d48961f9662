import { formatDuration } from './duration.js';
import { DueRule } from './due-rule.js';
import { FIRST_INSTANT_MS, LAST_INSTANT_MS, toIso } from './instant.js';
import type { ClockSetBack, IntervalJson, Trigger, TriggerBinding } from './trigger.js';
import { windowJson, type TriggerWindow } from './trigger-window.js';

/**
 * Due at anchor + k · period, k from 1. With `startAt` that instant is the anchor, and k is from 0:
 * the first tick is at `startAt` itself. With neither, ticks are counted from the instant asked about.
 */
export class IntervalTrigger extends DueRule {
  readonly #everyMs: number;
  /** Given by a job; null when unbound, or when `startAt` stands in for it. */
  readonly #anchorAt: number | null;
  readonly #window: TriggerWindow;

  /** Made by `every()`, which checks. */
  constructor(everyMs: number, anchorAt: number | null, window: TriggerWindow) {
    super();
    this.#everyMs = everyMs;
    this.#anchorAt = anchorAt;
    this.#window = window;
  }

  get type(): 'interval' {
    return 'interval';
  }

  get everyMs(): number {
    return this.#everyMs;
  }

  nextAt(afterAt: number): number | null {
    const firstAt = this.#firstAt();
    if (firstAt === null) return this.#within(afterAt + this.#everyMs);
    if (afterAt < firstAt) return this.#within(firstAt);
    return this.#within(firstAt + (Math.floor((afterAt - firstAt) / this.#everyMs) + 1) * this.#everyMs);
  }

  prevAt(beforeAt: number): number | null {
    const { endAt } = this.#window;
    const firstAt = this.#firstAt();
    if (firstAt === null) return this.#within(beforeAt - this.#everyMs);
    const before = Math.min(beforeAt, (endAt ?? LAST_INSTANT_MS) + 1);
    if (before <= firstAt) return null;
    return firstAt + (Math.ceil((before - firstAt) / this.#everyMs) - 1) * this.#everyMs;
  }

  countBetween(fromAt: number, toAt: number): number {
    const to = Math.min(toAt, this.#window.endAt ?? LAST_INSTANT_MS);
    const firstAt = this.#firstAt();
    if (firstAt === null) return Math.max(0, Math.floor((to - fromAt) / this.#everyMs));
    if (to < firstAt || to < fromAt) return 0;
    const below = fromAt <= firstAt ? 0 : Math.ceil((fromAt - firstAt) / this.#everyMs);
    return Math.max(0, Math.floor((to - firstAt) / this.#everyMs) + 1 - below);
  }

  bind(job: TriggerBinding): IntervalTrigger {
    if (this.#firstAt() !== null) return this;
    return new IntervalTrigger(this.#everyMs, job.anchorAt, this.#window);
  }

  afterClockSetBack({ nowAt, stepMs }: ClockSetBack): { trigger: Trigger; nextAt: number | null } {
    // The anchor is a reading of the clock that was set back, so it moves along; startAt is an
    // instant that somebody chose, so it stays.
    const trigger =
      this.#anchorAt === null
        ? this
        : new IntervalTrigger(this.#everyMs, this.#anchorAt - stepMs, this.#window);
    return { trigger, nextAt: trigger.nextAt(nowAt) };
  }

  toJSON(): IntervalJson {
    return {
      type: 'interval',
      everyMs: this.#everyMs,
      ...(this.#anchorAt === null ? {} : { anchorAt: toIso(this.#anchorAt) }),
      ...windowJson(this.#window),
    };
  }

  toString(): string {
    const { startAt } = this.#window;
    return `every ${formatDuration(this.#everyMs)}${startAt === null ? '' : ` from ${toIso(startAt)}`}`;
  }

  /** Null while unbound. */
  #firstAt(): number | null {
    if (this.#window.startAt !== null) return this.#window.startAt;
    return this.#anchorAt === null ? null : this.#anchorAt + this.#everyMs;
  }

  #within(at: number): number | null {
    return at < FIRST_INSTANT_MS || at > (this.#window.endAt ?? LAST_INSTANT_MS) ? null : at;
  }
}
