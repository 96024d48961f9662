import type { TickGrid } from '../time/tick-grid.js';
import type { TickSet } from '../time/tick-set.js';
import { BaseTrigger, type Landmarks } from '../triggers/base-trigger.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';
import type {
  AfterSetBack,
  ClockSetBack,
  ExceptJson,
  PreviewedTick,
  TriggerBinding,
} from '../triggers/trigger.js';
import { processZone } from '../zone/process-zone.js';
import { zoneOf, type Zone } from '../zone/zone.js';
import { refuseTickless } from './combination.js';
import { CombinedTrigger } from './combined-trigger.js';
import { ExcludedDates } from './excluded-dates.js';

/** A quick search ends after so many ticks in a row that are left out. */
const FEW_LEFT_OUT = 64;

/**
 * The ticks of a trigger without those of another, or without instants and whole days (semantics.md T5).
 * `except()` makes it, and checks first.
 */
export class ExceptTrigger extends CombinedTrigger {
  readonly #trigger: BaseTrigger;
  readonly #excluded: BaseTrigger | ExcludedDates;
  /** The zone of the excluded days, when it was given. */
  readonly #daysIn: Zone | null;
  /** An interval that has all ticks of the trigger, also an interval, between its first and last. */
  readonly #cover: TickGrid | null;

  constructor(trigger: BaseTrigger, excluded: BaseTrigger | ExcludedDates, daysIn: Zone | null) {
    super(excluded instanceof BaseTrigger ? [trigger, excluded] : [trigger]);
    this.#trigger = trigger;
    this.#excluded = excluded;
    this.#daysIn = daysIn;
    this.#cover = excluded instanceof BaseTrigger ? coverOf(trigger.grid(), excluded.grid()) : null;
  }

  get type(): 'except' {
    return 'except';
  }

  get timezone(): string | null | undefined {
    return this.#trigger.timezone;
  }

  /** The ticks that are left keep their delays. */
  override get jitterMs(): number {
    return this.#trigger.jitterMs;
  }

  override quickNextAt(afterAt: number): number | null | undefined {
    let at = this.#trigger.quickNextAt(afterAt);
    for (let look = 0; look < FEW_LEFT_OUT; look++) {
      const stretch = typeof at === 'number' ? this.#excludedAround(at) : null;
      if (stretch === null) return at;
      at = this.#trigger.quickNextAt(stretch.toAt);
    }
    return undefined;
  }

  override quickPrevAt(beforeAt: number): number | null | undefined {
    let at = this.#trigger.quickPrevAt(beforeAt);
    for (let look = 0; look < FEW_LEFT_OUT; look++) {
      const stretch = typeof at === 'number' ? this.#excludedAround(at) : null;
      if (stretch === null) return at;
      at = this.#trigger.quickPrevAt(stretch.fromAt);
    }
    return undefined;
  }

  override firstAt(nowAt: number): number | null {
    const at = this.#trigger.firstAt(nowAt);
    return at === null ? null : this.bind({ anchorAt: nowAt }).nextAt(at - 1);
  }

  override delayAt(tickAt: number): number {
    return this.#trigger.delayAt(tickAt);
  }

  /** @throws NeverFiresError when nothing turns out to be left */
  bind(job: Partial<TriggerBinding>): ExceptTrigger {
    const trigger = this.#trigger.bind(job);
    const excluded = this.#excluded instanceof BaseTrigger ? this.#excluded.bind(job) : this.#excluded;
    if (trigger === this.#trigger && excluded === this.#excluded) return this;
    const bound = new ExceptTrigger(trigger, excluded, this.#daysIn);
    bound.refuseTickless();
    return bound;
  }

  afterClockSetBack(step: ClockSetBack): AfterSetBack<ExceptTrigger> {
    // A tick that is not overdue may become another one, since exclusions do not move with an anchor.
    const isOverdue = step.waitingAt !== null && step.waitingAt <= step.nowAt + step.stepMs;
    const waitingAt = isOverdue ? step.waitingAt : null;
    const { trigger, nextAt, lastTickAt } = this.#trigger.afterClockSetBack({ ...step, waitingAt });
    const excluded =
      this.#excluded instanceof BaseTrigger ? this.#excluded.afterClockSetBack(step).trigger : this.#excluded;
    const without = new ExceptTrigger(trigger, excluded, this.#daysIn);
    return { trigger: without, nextAt: nextAt === null ? null : without.nextAt(nextAt - 1), lastTickAt };
  }

  toJSON(): ExceptJson {
    return {
      type: 'except',
      trigger: this.#trigger.toJSON(),
      except: this.#excluded.toJSON(),
      ...(this.#daysIn === null ? {} : { timezone: this.#daysIn.name }),
    };
  }

  toString(): string {
    if (this.#excluded instanceof BaseTrigger) return `${this.#trigger} except (${this.#excluded})`;
    const dates = this.#excluded.toJSON();
    return `${this.#trigger} except ${dates.length === 1 ? dates[0] : `${dates.length} dates`}`;
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    return this.#trigger.showTick(at);
  }

  override has(at: number): boolean {
    return this.#trigger.has(at) && this.#excludedAround(at) === null;
  }

  override boundAfter(afterAt: number, lattice: Lattice): number | null {
    const at = this.#trigger.boundAfter(afterAt, lattice);
    const stretch = at === null ? null : this.#longStretchAround(at);
    return stretch === null ? at : this.#trigger.boundAfter(stretch.toAt, lattice);
  }

  override boundBefore(beforeAt: number, lattice: Lattice): number | null {
    const at = this.#trigger.boundBefore(beforeAt, lattice);
    const stretch = at === null ? null : this.#longStretchAround(at);
    return stretch === null ? at : this.#trigger.boundBefore(stretch.fromAt, lattice);
  }

  override ticksIn(span: TickSpan): TickSet {
    const ticks = this.#trigger.ticksIn(span);
    if (ticks.isEmpty) return ticks;
    const excluded =
      this.#excluded instanceof BaseTrigger
        ? this.#excluded.ticksIn(span)
        : this.#excluded.ticksIn(span, this.#zoneOfDays());
    return span.difference(ticks, excluded);
  }

  override addLandmarks(to: Landmarks): void {
    super.addLandmarks(to);
    if (this.#excluded instanceof ExcludedDates) this.#excluded.addLandmarks(to);
  }

  /** @throws NeverFiresError */
  refuseTickless(): void {
    refuseTickless(this, 'everything is left out.');
  }

  /** A stretch around a tick in which all are left out, [from, to] in ms; null when the tick is not. */
  #excludedAround(at: number): { fromAt: number; toAt: number } | null {
    const stretch = this.#longStretchAround(at);
    if (stretch !== null || this.#excluded instanceof ExcludedDates) return stretch;
    return this.#excluded.has(at) ? { fromAt: at, toAt: at } : null;
  }

  /** Such a stretch where it is known to be more than the one tick, or that is a date. */
  #longStretchAround(at: number): { fromAt: number; toAt: number } | null {
    if (this.#excluded instanceof ExcludedDates) return this.#excluded.stretchAround(this.#zoneOfDays(), at);
    const cover = this.#cover;
    if (cover === null || at < cover.firstAt || at > cover.lastAt) return null;
    return { fromAt: cover.firstAt, toAt: cover.lastAt };
  }

  #zoneOfDays(): Zone {
    const { timezone } = this.#trigger;
    return this.#daysIn ?? (typeof timezone === 'string' ? zoneOf(timezone) : processZone());
  }
}

/** `outer` when it has all ticks of `inner` between its first and last. */
function coverOf(inner: TickGrid | null, outer: TickGrid | null): TickGrid | null {
  if (inner === null || outer === null || inner.everyMs % outer.everyMs !== 0) return null;
  return (inner.firstAt - outer.firstAt) % outer.everyMs === 0 ? outer : null;
}
