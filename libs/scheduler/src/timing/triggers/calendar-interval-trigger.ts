import { calendarEffects, instantsOfWall } from '../dst/calendar-walls.js';
import { dayOfStep, firstStepFrom, type CalendarPeriod } from './calendar-period.js';
import { DAY_SECONDS, formatOffset, formatWallSecond, LAST_SECOND } from '../time/civil-calendar.js';
import { BaseTrigger, type Landmarks } from './base-trigger.js';
import { FIRST_INSTANT_MS, LAST_INSTANT_MS, toIso } from '../time/instant.js';
import { jitterDelay, jitterJson } from './jitter.js';
import { chosenOnGap, chosenOnRepeat } from '../dst/offset-policy.js';
import type {
  CalendarIntervalJson,
  AfterSetBack,
  ClockSetBack,
  PreviewedTick,
  TriggerBinding,
} from './trigger.js';
import type { Lattice } from '../time/tick-span.js';
import { windowEdges, windowJson, type TriggerWindow } from './trigger-window.js';
import { processZone } from '../zone/process-zone.js';
import { zoneOf, type Zone } from '../zone/zone.js';

/** Settings of a calendar interval; immutable, so that bound copies share them. */
export interface CalendarSettings extends CalendarPeriod {
  /** The units and wall time as the caller gave them, for JSON and messages. */
  readonly given: Pick<CalendarIntervalJson, 'years' | 'months' | 'weeks' | 'days' | 'at'>;
  readonly secondOfDay: number;
  readonly policy: number;
  readonly jitterMs: number;
}

/** Gaps swallow at most one tick a year, so after this many in a row they swallow all. */
const MOST_SWALLOWED = 100;

/** Covers the distance of any wall clock from UTC, in days. */
const NEAR_DAYS = 2;

/**
 * Due at a wall time on the day of each calendar step k, k from 0, counted from the local date of
 * `startAt`, else of the anchor. The first tick is at or after `startAt`, or after the anchor. With
 * neither, it counts from the instant passed in.
 */
export class CalendarIntervalTrigger extends BaseTrigger {
  readonly #settings: CalendarSettings;
  readonly #zone: Zone | null;
  readonly #anchorAt: number | null;
  readonly #window: TriggerWindow;
  readonly #seed: string | undefined;

  /** `calendarInterval()` makes it, and checks first. */
  constructor(
    rhythm: CalendarSettings,
    zone: Zone | null,
    anchorAt: number | null,
    window: TriggerWindow,
    seed: string | undefined,
  ) {
    super();
    this.#settings = rhythm;
    this.#zone = zone;
    this.#anchorAt = anchorAt;
    this.#window = window;
    this.#seed = seed;
  }

  get type(): 'calendarInterval' {
    return 'calendarInterval';
  }

  get timezone(): string | null {
    return this.#zone?.name ?? null;
  }

  override get jitterMs(): number {
    return this.#settings.jitterMs;
  }

  override get isSettled(): boolean {
    return this.#anchorAt !== null || this.#window.startAt !== null;
  }

  nextAt(afterAt: number): number | null {
    const firstAt = this.#firstPossibleAt(afterAt);
    const from = Math.max(afterAt + 1, firstAt);
    const lastAt = this.#window.endAt ?? LAST_INSTANT_MS;
    if (from > lastAt) return null;
    const firstDay = this.#firstDay(firstAt);
    const firstStep = firstStepFrom(firstDay, this.#settings, dayOf(from) - NEAR_DAYS);
    let swallowed = 0;
    for (let step = firstStep; swallowed < MOST_SWALLOWED; step++) {
      const instants = this.#instantsOf(firstDay, step);
      if (instants === null) return null;
      const at = instants.find((instant) => instant >= from);
      if (at !== undefined) return at <= lastAt ? at : null;
      if (instants.length === 0) swallowed++;
    }
    return null;
  }

  prevAt(beforeAt: number): number | null {
    if (!this.isSettled) return null;
    const firstAt = this.#firstPossibleAt(beforeAt);
    const to = Math.min(beforeAt - 1, this.#window.endAt ?? LAST_INSTANT_MS);
    if (to < firstAt) return null;
    const firstDay = this.#firstDay(firstAt);
    let swallowed = 0;
    let step = firstStepFrom(firstDay, this.#settings, dayOf(to) + NEAR_DAYS + 1);
    for (; step >= 0 && swallowed < MOST_SWALLOWED; step--) {
      const instants = this.#instantsOf(firstDay, step) ?? [];
      const at = instants.findLast((instant) => instant <= to);
      if (at !== undefined) return at >= firstAt ? at : null;
      if (instants.length === 0) swallowed++;
    }
    return null;
  }

  countBetween(fromAt: number, toAt: number): number {
    const firstAt = this.#firstPossibleAt(fromAt);
    const from = Math.max(fromAt, firstAt, FIRST_INSTANT_MS);
    const to = Math.min(toAt, this.#window.endAt ?? LAST_INSTANT_MS);
    if (to < from) return 0;
    const firstDay = this.#firstDay(firstAt);
    const stepFrom = (day: number): number => firstStepFrom(firstDay, this.#settings, day);
    // A step far from the ends and from changes of offset is exactly one tick: visit only the others.
    let counted = stepFrom(dayOf(from) - NEAR_DAYS);
    let count = 0;
    for (const day of this.#unevenDays(from, to)) {
      const first = Math.max(counted, stepFrom(day - NEAR_DAYS));
      const end = stepFrom(day + NEAR_DAYS + 1);
      count += Math.max(0, first - counted);
      for (let step = first; step < end; step++) {
        const instants = this.#instantsOf(firstDay, step) ?? [];
        count += instants.filter((instant) => instant >= from && instant <= to).length;
      }
      counted = Math.max(counted, end);
    }
    return count;
  }

  override delayAt(tickAt: number): number {
    const { jitterMs } = this.#settings;
    return jitterMs === 0 ? 0 : jitterDelay(jitterMs, this.#seed ?? '', tickAt, this.nextAt(tickAt));
  }

  bind({ jobId, timezone, anchorAt }: Partial<TriggerBinding>): CalendarIntervalTrigger {
    const zone = this.#zone ?? (timezone === undefined ? null : zoneOf(timezone));
    const anchor = this.isSettled ? this.#anchorAt : (anchorAt ?? null);
    const seed = this.#settings.jitterMs === 0 ? this.#seed : (this.#seed ?? jobId);
    if (zone === this.#zone && anchor === this.#anchorAt && seed === this.#seed) return this;
    return new CalendarIntervalTrigger(this.#settings, zone, anchor, this.#window, seed);
  }

  /** A calendar date stays, and ticks at or before lastTickAt are not repeated (semantics.md M4). */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<CalendarIntervalTrigger> {
    const { nowAt, lastTickAt } = step;
    const nextAt = this.stillOverdue(step) ?? this.nextAt(Math.max(nowAt, lastTickAt ?? nowAt));
    return { trigger: this, nextAt, lastTickAt };
  }

  toJSON(): CalendarIntervalJson {
    const { given, policy, jitterMs } = this.#settings;
    const onGap = chosenOnGap(policy);
    const onRepeat = chosenOnRepeat(policy);
    return {
      type: 'calendarInterval',
      ...given,
      ...(this.#zone === null ? {} : { timezone: this.#zone.name }),
      ...(this.#anchorAt === null ? {} : { anchorAt: toIso(this.#anchorAt) }),
      ...windowJson(this.#window),
      ...(onGap === undefined ? {} : { onGap }),
      ...(onRepeat === undefined ? {} : { onRepeat }),
      ...jitterJson(jitterMs, this.#seed),
    };
  }

  toString(): string {
    const { at, ...units } = this.#settings.given;
    const amounts = Object.entries(units).map(([unit, amount]) =>
      amount === 1 ? `1 ${unit.slice(0, -1)}` : `${amount} ${unit}`,
    );
    const zone = this.#zone === null ? '' : ` in ${this.#zone.name}`;
    return `every ${amounts.join(' and ')} at ${at}${zone}`;
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    const zone = this.#usableZone();
    const { offset } = zone.at(at / 1000);
    const before = this.prevAt(at) ?? at;
    const firstDay = this.#firstDay(this.#firstPossibleAt(at));
    const walls: number[] = [];
    const end = firstStepFrom(firstDay, this.#settings, dayOf(at) + NEAR_DAYS + 1);
    for (let step = firstStepFrom(firstDay, this.#settings, dayOf(before) - NEAR_DAYS); step < end; step++)
      walls.push(this.#wallOf(firstDay, step));
    return {
      at: new Date(at),
      wallTime: formatWallSecond(at / 1000 + offset),
      offset: formatOffset(offset),
      effects: calendarEffects(zone, walls, this.#settings.policy, at / 1000, before / 1000),
    };
  }

  override boundAfter(afterAt: number, { isWholeSeconds }: Lattice): number | null {
    return isWholeSeconds ? this.nextAt(afterAt) : null;
  }

  override boundBefore(beforeAt: number, { isWholeSeconds }: Lattice): number | null {
    return isWholeSeconds ? this.prevAt(beforeAt) : null;
  }

  override addLandmarks({ edges }: Landmarks): void {
    edges.push(...windowEdges(this.#window));
    if (this.#anchorAt !== null) edges.push(this.#anchorAt);
  }

  #usableZone(): Zone {
    return this.#zone ?? processZone();
  }

  /** Lower bound of all ticks: `startAt`, or just after the anchor. */
  #firstPossibleAt(askedAt: number): number {
    return this.#window.startAt ?? Math.max(this.#anchorAt ?? askedAt, FIRST_INSTANT_MS) + 1;
  }

  #firstDay(firstPossibleAt: number): number {
    const anchorAt = this.#window.startAt ?? firstPossibleAt - 1;
    const second = Math.floor(anchorAt / 1000);
    return Math.floor((second + this.#usableZone().at(second).offset) / DAY_SECONDS);
  }

  #wallOf(firstDay: number, step: number): number {
    return dayOfStep(firstDay, this.#settings, step) * DAY_SECONDS + this.#settings.secondOfDay;
  }

  /** UTC ms, ascending; null beyond the year 9999. */
  #instantsOf(firstDay: number, step: number): number[] | null {
    const wall = this.#wallOf(firstDay, step);
    if (wall > LAST_SECOND + DAY_SECONDS) return null;
    return instantsOfWall(this.#usableZone(), wall, this.#settings.policy).map((second) => second * 1000);
  }

  /** The days, ascending, near which a step may not be exactly one tick of [fromAt, toAt]: both ends, and changes of offset. */
  *#unevenDays(fromAt: number, toAt: number): Iterable<number> {
    const zone = this.#usableZone();
    yield dayOf(fromAt);
    for (let { end } = zone.at(fromAt / 1000); end * 1000 <= toAt; { end } = zone.at(end)) {
      if (zone.at(end).shift !== 0) yield dayOf(end * 1000);
    }
    yield dayOf(toAt);
  }
}

function dayOf(at: number): number {
  return Math.floor(at / 1000 / DAY_SECONDS);
}
