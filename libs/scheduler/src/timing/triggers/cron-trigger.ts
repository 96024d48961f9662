import { TickSet } from '../time/tick-set.js';
import { formatOffset, formatWallSecond } from '../time/civil-calendar.js';
import type { CronWarning } from '../cron/cron-lint.js';
import { compileSeeded, type CronPattern } from '../cron/cron-pattern.js';
import type { CronClass, CompiledCron } from '../cron/compiled-cron.js';
import { trimCron } from '../cron/cron-text.js';
import { BaseTrigger, type Landmarks } from './base-trigger.js';
import { InvalidCronError, NeverFiresError } from '../errors/trigger-errors.js';
import { jitterDelay, jitterJson } from './jitter.js';
import { chosenOnGap, chosenOnRepeat, offsetPolicy } from '../dst/offset-policy.js';
import { ticksOfDay } from '../dst/day-ticks.js';
import { countTicks, firstTickFrom, lastTickUpTo } from '../dst/tick-search.js';
import { effectsAt } from '../dst/tick-effects.js';
import type {
  AfterSetBack,
  ClockSetBack,
  CronJson,
  OnGap,
  OnRepeat,
  PreviewedTick,
  TriggerBinding,
} from './trigger.js';
import type { Lattice, TickSpan } from '../time/tick-span.js';
import { windowEdges, windowJson, type TriggerWindow } from './trigger-window.js';
import { processZone } from '../zone/process-zone.js';
import { zoneOf, type Zone } from '../zone/zone.js';

/** A trigger must have a tick within a hundred years after this. Fixed, so that the verdict never changes. */
const REFERENCE_SECOND = Date.UTC(2020, 0, 1) / 1000;

export interface CronParts {
  pattern: CronPattern;
  /** Null while an `H` has no seed. */
  compiled: CompiledCron | null;
  /** Null until a job supplies its zone. */
  zone: Zone | null;
  /** The bits of offset-policy.ts. */
  policy: number;
  window: TriggerWindow;
  seed: string | undefined;
  jitterMs: number;
}

/** Due when a wall clock in a zone matches a cron expression. */
export class CronTrigger extends BaseTrigger {
  // Few flat fields: a million jobs hold one trigger each. All else is shared.
  readonly #pattern: CronPattern;
  readonly #compiled: CompiledCron | null;
  readonly #zone: Zone | null;
  readonly #policy: number;
  readonly #window: TriggerWindow;
  readonly #seed: string | undefined;
  readonly #jitterMs: number;

  /** `cron()` makes it, and checks first; then call `refuseSwallowed`. */
  constructor({ pattern, compiled, zone, policy, window, seed, jitterMs }: CronParts) {
    super();
    this.#pattern = pattern;
    this.#compiled = compiled;
    this.#zone = zone;
    this.#policy = policy;
    this.#window = window;
    this.#seed = seed;
    this.#jitterMs = jitterMs;
  }

  get type(): 'cron' {
    return 'cron';
  }

  get expression(): string {
    return this.#pattern.expression;
  }

  /** Null until a job supplies its zone. */
  get timezone(): string | null {
    return this.#zone?.name ?? null;
  }

  /** Parts of the expression that are probably not meant; logged when the job is declared. */
  get warnings(): readonly CronWarning[] {
    return this.#pattern.warnings;
  }

  /** Decides the defaults at changes of offset (semantics.md Z1). @throws InvalidCronError while an `H` has no seed */
  get class(): CronClass {
    return this.#usable().class;
  }

  override get jitterMs(): number {
    return this.#jitterMs;
  }

  override get isSettled(): boolean {
    return this.#compiled !== null;
  }

  nextAt(afterAt: number): number | null {
    const { startAt, endAt } = this.#window;
    const after = startAt !== null && afterAt < startAt ? startAt - 1 : afterAt;
    const zone = this.#zone ?? processZone();
    const tick = firstTickFrom(this.#usable(), zone, this.#policy, Math.floor(after / 1000) + 1);
    if (tick === null) return null;
    const at = tick * 1000;
    return endAt !== null && at > endAt ? null : at;
  }

  prevAt(beforeAt: number): number | null {
    const { startAt, endAt } = this.#window;
    const before = endAt !== null && beforeAt > endAt ? endAt + 1 : beforeAt;
    const zone = this.#zone ?? processZone();
    const tick = lastTickUpTo(this.#usable(), zone, this.#policy, Math.ceil(before / 1000) - 1);
    if (tick === null) return null;
    const at = tick * 1000;
    return startAt !== null && at < startAt ? null : at;
  }

  countBetween(fromAt: number, toAt: number): number {
    const { startAt, endAt } = this.#window;
    const from = startAt === null ? fromAt : Math.max(fromAt, startAt);
    const to = endAt === null ? toAt : Math.min(toAt, endAt);
    const zone = this.#zone ?? processZone();
    return countTicks(this.#usable(), zone, this.#policy, Math.ceil(from / 1000), Math.floor(to / 1000));
  }

  override delayAt(tickAt: number): number {
    if (this.#jitterMs === 0) return 0;
    return jitterDelay(this.#jitterMs, this.#seed ?? '', tickAt, this.nextAt(tickAt));
  }

  bind({ jobId, timezone }: Partial<TriggerBinding>): CronTrigger {
    const needsSeed = this.#compiled === null || (this.#jitterMs > 0 && this.#seed === undefined);
    const seed = needsSeed ? jobId : this.#seed;
    const zone = this.#zone ?? (timezone === undefined ? null : zoneOf(timezone));
    if (seed === this.#seed && zone === this.#zone) return this;
    const compiled = this.#compiled ?? (seed === undefined ? null : compileSeeded(this.#pattern, seed));
    // Until the seed is known, so are neither the class nor the defaults that follow from it.
    const policy = policyOf(compiled, chosenOnGap(this.#policy), chosenOnRepeat(this.#policy));
    const bound = new CronTrigger({
      pattern: this.#pattern,
      compiled,
      zone,
      policy,
      window: this.#window,
      seed,
      jitterMs: this.#jitterMs,
    });
    bound.refuseSwallowed();
    return bound;
  }

  afterClockSetBack(step: ClockSetBack): AfterSetBack<CronTrigger> {
    const { nowAt, lastTickAt } = step;
    // Class E goes on at once; a fixed time that has run is not repeated (semantics.md M4).
    const goesOn = this.class === 'E' || lastTickAt === null;
    const nextAt = this.stillOverdue(step) ?? this.nextAt(goesOn ? nowAt : Math.max(nowAt, lastTickAt));
    return { trigger: this, nextAt, lastTickAt };
  }

  toJSON(): CronJson {
    const onGap = chosenOnGap(this.#policy);
    const onRepeat = chosenOnRepeat(this.#policy);
    return {
      type: 'cron',
      expression: this.#pattern.expression,
      ...(this.#zone === null ? {} : { timezone: this.#zone.name }),
      ...windowJson(this.#window),
      ...(onGap === undefined ? {} : { onGap }),
      ...(onRepeat === undefined ? {} : { onRepeat }),
      ...jitterJson(this.#jitterMs, this.#seed),
    };
  }

  toString(): string {
    const zone = this.#zone === null ? '' : ` in ${this.#zone.name}`;
    return `cron "${trimCron(this.expression)}"${zone}`;
  }

  /**
   * With `onGap: 'skip'` a fixed time may lie in gaps only, which month lengths cannot show.
   * @throws NeverFiresError
   */
  refuseSwallowed(): void {
    if (chosenOnGap(this.#policy) !== 'skip' || this.#compiled === null || this.#zone === null) return;
    if (firstTickFrom(this.#compiled, this.#zone, this.#policy, REFERENCE_SECOND) !== null) return;
    throw new NeverFiresError(
      `The cron expression "${this.expression}" never fires in ${this.#zone.name}: every wall time it names is skipped by a change of offset, and onGap is 'skip'.`,
      `Choose another time, or leave out onGap.`,
      {
        expression: this.expression,
        field: null,
        text: null,
        position: null,
        expected: 'a wall time that the zone has',
      },
    );
  }

  override boundAfter(afterAt: number, { isWholeSeconds }: Lattice): number | null {
    return isWholeSeconds ? this.nextAt(afterAt) : null;
  }

  override boundBefore(beforeAt: number, { isWholeSeconds }: Lattice): number | null {
    return isWholeSeconds ? this.prevAt(beforeAt) : null;
  }

  override ticksIn(span: TickSpan): TickSet {
    if (!span.lattice.isWholeSeconds) return TickSet.EMPTY;
    const ticks = ticksOfDay(this.#usable(), this.#zone ?? processZone(), this.#policy, span);
    return span.clip(ticks, this.#window.startAt ?? -Infinity, this.#window.endAt ?? Infinity);
  }

  override addLandmarks({ edges }: Landmarks): void {
    edges.push(...windowEdges(this.#window));
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    const zone = this.#zone ?? processZone();
    const tick = at / 1000;
    const { offset } = zone.at(tick);
    return {
      at: new Date(at),
      wallTime: formatWallSecond(tick + offset),
      offset: formatOffset(offset),
      effects: effectsAt(this.#usable(), zone, this.#policy, tick),
    };
  }

  #usable(): CompiledCron {
    if (this.#compiled !== null) return this.#compiled;
    throw new InvalidCronError('has an H and no seed to hash', {
      reason: 'SEED_REQUIRED',
      expression: this.expression,
      field: null,
      text: null,
      position: null,
      expected: 'a job, whose id is the seed, or the option seed, e.g. cron(expression, { seed: "reports" })',
    });
  }
}

/** Without a compiled expression the class is open: F stands in until `bind`. */
export function policyOf(compiled: CompiledCron | null, onGap?: OnGap, onRepeat?: OnRepeat): number {
  return offsetPolicy(compiled?.class ?? 'F', onGap, onRepeat);
}
