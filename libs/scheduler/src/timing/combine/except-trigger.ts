import { BaseTrigger } from '../triggers/base-trigger.js';
import { countByWalking, COUNTS_UP_TO, earliest, latest, refuseTickless } from './combination.js';
import type { DayTimes } from '../triggers/day-times.js';
import type { ExcludedDates } from './excluded-dates.js';
import { excludedAround } from './excluded-ticks.js';
import type {
  AfterSetBack,
  ClockSetBack,
  ExceptJson,
  PreviewedTick,
  TriggerBinding,
} from '../triggers/trigger.js';
import { processZone, zoneOf, type Zone } from '../zone/zone.js';

/** A search ends after a hundred years of excluded ticks, or so many stretches of them. */
const LONGEST_SEARCH_MS = 100 * 366 * 86_400_000;
const MOST_STRETCHES = 50_000;

/** Days of the calendar repeat within forty years, so what is left out so long is left out for good. */
const LONGEST_CHECK_MS = 41 * 366 * 86_400_000;

/** The ticks of a trigger but those of another, or of instants and whole days (semantics.md T5). */
export class ExceptTrigger extends BaseTrigger {
  readonly #rule: BaseTrigger;
  /** The rule, or what it is any of: each part is searched by itself, since that can be told faster. */
  readonly #parts: readonly BaseTrigger[];
  readonly #excluded: BaseTrigger | ExcludedDates;
  /** Whose days are excluded, when that was given. */
  readonly #daysIn: Zone | null;

  /** Made by `except`, which checks. */
  constructor(rule: BaseTrigger, excluded: BaseTrigger | ExcludedDates, daysIn: Zone | null) {
    super();
    this.#rule = rule;
    const cases = rule.alternatives();
    this.#parts = cases.every((parts) => parts.length === 1) ? cases.flat() : [rule];
    this.#excluded = excluded;
    this.#daysIn = daysIn;
  }

  get type(): 'except' {
    return 'except';
  }

  get timezone(): string | null | undefined {
    return this.#rule.timezone;
  }

  override get countsUpTo(): number {
    return COUNTS_UP_TO;
  }

  /** Its ticks keep their delays; those left out make room only. */
  override get jitterMs(): number {
    return this.#rule.jitterMs;
  }

  override get isSettled(): boolean {
    const { isSettled } = this.#rule;
    return isSettled && (!(this.#excluded instanceof BaseTrigger) || this.#excluded.isSettled);
  }

  override get size(): number {
    return this.#rule.size + (this.#excluded instanceof BaseTrigger ? this.#excluded.size : 0);
  }

  nextAt(afterAt: number): number | null {
    if (!this.isSettled) return this.bind({ anchorAt: afterAt }).nextAt(afterAt);
    return earliest(this.#parts.map((part) => this.#nextOf(part, afterAt)));
  }

  prevAt(beforeAt: number): number | null {
    if (!this.isSettled) return this.bind({ anchorAt: beforeAt }).prevAt(beforeAt);
    return latest(this.#parts.map((part) => this.#prevOf(part, beforeAt)));
  }

  /** @see countsUpTo */
  countBetween(fromAt: number, toAt: number): number {
    if (!this.isSettled) return this.bind({ anchorAt: fromAt }).countBetween(fromAt, toAt);
    const dates = this.#excluded;
    if (dates instanceof BaseTrigger || this.#rule.countsUpTo !== Infinity)
      return countByWalking(this, fromAt, toAt);
    let count = this.#rule.countBetween(fromAt, toAt);
    for (const stretch of dates.stretchesBetween(this.#zoneOfDays(), fromAt, toAt))
      count -= this.#rule.countBetween(stretch.fromAt, stretch.toAt);
    return Math.min(count, COUNTS_UP_TO + 1);
  }

  override firstAt(nowAt: number): number | null {
    const at = this.#rule.firstAt(nowAt);
    return at === null ? null : this.bind({ anchorAt: nowAt }).nextAt(at - 1);
  }

  override delayAt(tickAt: number): number {
    return this.#rule.delayAt(tickAt);
  }

  /** @throws NeverFiresError when nothing turns out to be left. */
  bind(job: Partial<TriggerBinding>): ExceptTrigger {
    const rule = this.#rule.bind(job);
    const excluded = this.#excluded instanceof BaseTrigger ? this.#excluded.bind(job) : this.#excluded;
    if (rule === this.#rule && excluded === this.#excluded) return this;
    const bound = new ExceptTrigger(rule, excluded, this.#daysIn);
    bound.refuseTickless();
    return bound;
  }

  afterClockSetBack(step: ClockSetBack): AfterSetBack<ExceptTrigger> {
    // Not overdue, it may be another one: what is left out does not move along.
    const isOverdue = step.waitingAt !== null && step.waitingAt <= step.nowAt + step.stepMs;
    const waitingAt = isOverdue ? step.waitingAt : null;
    const { trigger: rule, nextAt, lastTickAt } = this.#rule.afterClockSetBack({ ...step, waitingAt });
    const excluded =
      this.#excluded instanceof BaseTrigger ? this.#excluded.afterClockSetBack(step).trigger : this.#excluded;
    const trigger = new ExceptTrigger(rule, excluded, this.#daysIn);
    return { trigger, nextAt: nextAt === null ? null : trigger.nextAt(nextAt - 1), lastTickAt };
  }

  toJSON(): ExceptJson {
    return {
      type: 'except',
      trigger: this.#rule.toJSON(),
      except: this.#excluded.toJSON(),
      ...(this.#daysIn === null ? {} : { timezone: this.#daysIn.name }),
    };
  }

  toString(): string {
    if (this.#excluded instanceof BaseTrigger) return `${this.#rule} except (${this.#excluded})`;
    const dates = this.#excluded.toJSON();
    return `${this.#rule} except ${dates.length === 1 ? dates[0] : `${dates.length} dates`}`;
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    return this.#rule.showTick(at);
  }

  override timesOfDay(zone: Zone, second: number): DayTimes | null {
    return this.#rule.timesOfDay(zone, second);
  }

  /** @throws NeverFiresError */
  refuseTickless(): void {
    const nextAt = (afterAt: number): number | null =>
      earliest(this.#parts.map((part) => this.#nextOf(part, afterAt, LONGEST_CHECK_MS)));
    refuseTickless(this, 'everything is left out.', nextAt);
  }

  #nextOf(part: BaseTrigger, afterAt: number, longestMs = LONGEST_SEARCH_MS): number | null {
    let at = part.nextAt(afterAt);
    const lastAt = (at ?? 0) + longestMs;
    for (let look = 0; at !== null && at <= lastAt && look < MOST_STRETCHES; look++) {
      const stretch = this.#excludedAround(part, at);
      if (stretch === null) return at;
      at = part.nextAt(stretch.toAt);
    }
    return null;
  }

  #prevOf(part: BaseTrigger, beforeAt: number): number | null {
    let at = part.prevAt(beforeAt);
    const firstAt = (at ?? 0) - LONGEST_SEARCH_MS;
    for (let look = 0; at !== null && at >= firstAt && look < MOST_STRETCHES; look++) {
      const stretch = this.#excludedAround(part, at);
      if (stretch === null) return at;
      at = part.prevAt(stretch.fromAt);
    }
    return null;
  }

  /** The stretch around a tick in which all ticks of the part are left out; null when that tick is not. */
  #excludedAround(part: BaseTrigger, at: number): { fromAt: number; toAt: number } | null {
    if (this.#excluded instanceof BaseTrigger) return excludedAround(part, this.#excluded, at);
    return this.#excluded.stretchAround(this.#zoneOfDays(), at);
  }

  #zoneOfDays(): Zone {
    const { timezone } = this.#rule;
    return this.#daysIn ?? (typeof timezone === 'string' ? zoneOf(timezone) : processZone());
  }
}
