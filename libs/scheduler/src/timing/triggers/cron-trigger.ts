import { formatOffset, formatWallSecond } from '../time/civil-calendar.js';
import type { CronWarning } from '../cron/cron-lint.js';
import { cronPattern, seededRule, type CronPattern } from '../cron/cron-pattern.js';
import type { CronClass, CompiledCron } from '../cron/compiled-cron.js';
import { shiftTimes, type DayTimes } from './day-times.js';
import { BaseTrigger } from './base-trigger.js';
import { InvalidCronError, InvalidTriggerError, NeverFiresError } from '../errors/trigger-errors.js';
import { jitterDelay, jitterJson, jitterMsOf, seedOf, type JitterOptions } from './jitter.js';
import { checkOffsetChoices, chosenOnGap, chosenOnRepeat, offsetPolicy } from '../dst/offset-policy.js';
import { countTicks, firstTickFrom, lastTickUpTo, regularAround } from '../dst/tick-search.js';
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
import {
  OPEN_WINDOW,
  refuseUnknownKeys,
  triggerWindow,
  windowJson,
  withinWindow,
  type TriggerWindow,
  type WindowOptions,
} from './trigger-window.js';
import { processZone, zoneOf, type Zone } from '../zone/zone.js';

export interface CronOptions extends WindowOptions, JitterOptions {
  /** IANA name, `UTC` or a fixed offset such as `+02:00`. Left out, the job's; outside a job the process's. */
  timezone?: string;
  /** Whether wall times that a change of offset skips become one run right after it. Default: by class (semantics.md Z2). */
  onGap?: OnGap;
  /** Whether wall times that occur twice run in both passes. Default: by class (semantics.md Z3). */
  onRepeat?: OnRepeat;
}

const OPTION_NAMES = ['timezone', 'startAt', 'endAt', 'onGap', 'onRepeat', 'jitter', 'seed'] as const;

/** From where a trigger must find a tick within a hundred years; a fixed instant, so that the answer is always the same. */
const REFERENCE_SECOND = Date.UTC(2020, 0, 1) / 1000;

/** Due when a wall clock in a zone matches a cron expression. */
export class CronTrigger extends BaseTrigger {
  // Few and flat: a million jobs hold one of these each; all else is shared.
  readonly #pattern: CronPattern;
  /** Null while an `H` awaits its seed. */
  readonly #rule: CompiledCron | null;
  /** Null while the job's zone is awaited. */
  readonly #zone: Zone | null;
  readonly #policy: number;
  readonly #window: TriggerWindow;
  readonly #seed: string | undefined;
  readonly #jitterMs: number;

  /** Made by `cron()`, which checks. */
  constructor(
    pattern: CronPattern,
    rule: CompiledCron | null,
    zone: Zone | null,
    policy: number,
    window: TriggerWindow,
    seed: string | undefined,
    jitterMs: number,
  ) {
    super();
    this.#pattern = pattern;
    this.#rule = rule;
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

  /** Null while it is left to the job. */
  get timezone(): string | null {
    return this.#zone?.name ?? null;
  }

  /** What in the expression is probably not meant; for a log line when the job is declared. */
  get warnings(): readonly CronWarning[] {
    return this.#pattern.warnings;
  }

  /** Decides the defaults at changes of offset (semantics.md Z1). @throws InvalidCronError while an `H` awaits its seed. */
  get class(): CronClass {
    return this.#usableRule().class;
  }

  override get jitterMs(): number {
    return this.#jitterMs;
  }

  override get isSettled(): boolean {
    return this.#rule !== null;
  }

  nextAt(afterAt: number): number | null {
    const { startAt, endAt } = this.#window;
    const after = startAt !== null && afterAt < startAt ? startAt - 1 : afterAt;
    const zone = this.#zone ?? processZone();
    const tick = firstTickFrom(this.#usableRule(), zone, this.#policy, Math.floor(after / 1000) + 1);
    if (tick === null) return null;
    const at = tick * 1000;
    return endAt !== null && at > endAt ? null : at;
  }

  prevAt(beforeAt: number): number | null {
    const { startAt, endAt } = this.#window;
    const before = endAt !== null && beforeAt > endAt ? endAt + 1 : beforeAt;
    const zone = this.#zone ?? processZone();
    const tick = lastTickUpTo(this.#usableRule(), zone, this.#policy, Math.ceil(before / 1000) - 1);
    if (tick === null) return null;
    const at = tick * 1000;
    return startAt !== null && at < startAt ? null : at;
  }

  countBetween(fromAt: number, toAt: number): number {
    const { startAt, endAt } = this.#window;
    const from = startAt === null ? fromAt : Math.max(fromAt, startAt);
    const to = endAt === null ? toAt : Math.min(toAt, endAt);
    const zone = this.#zone ?? processZone();
    return countTicks(this.#usableRule(), zone, this.#policy, Math.ceil(from / 1000), Math.floor(to / 1000));
  }

  override delayAt(tickAt: number): number {
    if (this.#jitterMs === 0) return 0;
    return jitterDelay(this.#jitterMs, this.#seed ?? '', tickAt, this.nextAt(tickAt));
  }

  bind({ jobId, timezone }: Partial<TriggerBinding>): CronTrigger {
    const needsSeed = this.#rule === null || (this.#jitterMs > 0 && this.#seed === undefined);
    const seed = needsSeed ? jobId : this.#seed;
    const zone = this.#zone ?? (timezone === undefined ? null : zoneOf(timezone));
    if (seed === this.#seed && zone === this.#zone) return this;
    const rule = this.#rule ?? (seed === undefined ? null : seededRule(this.#pattern, seed));
    // An open seed left the class open, and with it the defaults.
    const policy = policyOf(rule, chosenOnGap(this.#policy), chosenOnRepeat(this.#policy));
    const bound = new CronTrigger(this.#pattern, rule, zone, policy, this.#window, seed, this.#jitterMs);
    bound.refuseSwallowed();
    return bound;
  }

  afterClockSetBack(step: ClockSetBack): AfterSetBack<CronTrigger> {
    const { nowAt, lastTickAt } = step;
    // What runs all day goes on at once; a fixed time that ran is not run again (semantics.md M4).
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
    return `cron "${this.#pattern.expression}"${zone}`;
  }

  /**
   * With made-up runs switched off, a fixed time may lie in gaps only; then no month table tells.
   * @throws NeverFiresError
   */
  refuseSwallowed(): void {
    if (chosenOnGap(this.#policy) !== 'skip' || this.#rule === null || this.#zone === null) return;
    if (firstTickFrom(this.#rule, this.#zone, this.#policy, REFERENCE_SECOND) !== null) return;
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

  override timesOfDay(zone: Zone, second: number): DayTimes | null {
    if (this.#zone === null) return null;
    return shiftTimes(this.#usableRule(), zone.at(second).offset - this.#zone.at(second).offset);
  }

  override regularAround(zone: Zone, at: number): { fromAt: number; toAt: number } | null {
    const around =
      zone === this.#zone ? regularAround(this.#usableRule(), zone, this.#policy, at / 1000) : null;
    return around === null ? null : withinWindow(this.#window, around.first * 1000, around.last * 1000 + 999);
  }

  override showTick(at: number): Omit<PreviewedTick, 'delayMs'> {
    const zone = this.#zone ?? processZone();
    const tick = at / 1000;
    const { offset } = zone.at(tick);
    return {
      at: new Date(at),
      wallTime: formatWallSecond(tick + offset),
      offset: formatOffset(offset),
      effects: effectsAt(this.#usableRule(), zone, this.#policy, tick),
    };
  }

  #usableRule(): CompiledCron {
    if (this.#rule !== null) return this.#rule;
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

/** Checks everything about a cron trigger. `fields` is the field form it came from, if any. */
export function makeCronTrigger(
  expression: unknown,
  options: CronOptions | undefined,
  fields?: object,
): CronTrigger {
  const pattern = cronPattern(expression, fields);
  if (options === undefined) {
    const { rule } = pattern;
    return new CronTrigger(pattern, rule, null, policyOf(rule), OPEN_WINDOW, undefined, 0);
  }
  checkOptions(options);
  const seed = seedOf(options);
  const rule = pattern.rule ?? (seed === undefined ? null : seededRule(pattern, seed));
  const zone = options.timezone === undefined ? null : zoneOf(options.timezone);
  const policy = policyOf(rule, options.onGap, options.onRepeat);
  // A seed that nothing uses is kept all the same: what was declared is what is stored.
  const jitterMs = jitterMsOf(options);
  const trigger = new CronTrigger(pattern, rule, zone, policy, triggerWindow(options), seed, jitterMs);
  trigger.refuseSwallowed();
  return trigger;
}

/** While the seed is open so is the class; bind() asks again. */
function policyOf(rule: CompiledCron | null, onGap?: OnGap, onRepeat?: OnRepeat): number {
  return offsetPolicy(rule?.class ?? 'F', onGap, onRepeat);
}

function checkOptions(options: CronOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidTriggerError(
      'options',
      options,
      'which is not an object',
      `Give e.g. { timezone: 'Europe/Berlin' }.`,
    );
  }
  refuseUnknownKeys(options, OPTION_NAMES, 'cron');
  checkOffsetChoices(options);
}
