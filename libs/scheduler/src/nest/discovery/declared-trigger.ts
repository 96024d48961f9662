import { InvalidOptionsError } from '../../model/index.js';
import {
  at,
  cron,
  type CronFields,
  type CronTrigger,
  type Duration,
  every,
  InvalidTimezoneError,
  parseDuration,
  timeoutAfter,
  type Trigger,
} from '../../timing/index.js';
import type { Declaration } from '../decorators/declaration.js';
import type { CronJobOptions, IntervalJobOptions, JobOptions } from '../decorators/job-options.js';

/** The trigger of a decorator. Some count from the start of scheduling, which is after their declaration. */
export type DeclaredTrigger =
  | { readonly counts: 'byTheClock'; readonly trigger: Trigger }
  | { readonly counts: 'fromTheStart'; triggerAt(startAt: number): Trigger };

/** The declaration of a job decorator. */
export type JobDeclaration = Declaration & { readonly kind: Exclude<Declaration['kind'], 'handler'> };

/** A decorator's arguments, by kind. `options` lacks those of the trigger. */
export interface ReadDecorator {
  readonly name: string | undefined;
  readonly trigger: DeclaredTrigger;
  readonly options: JobOptions;
  /** Options of this trigger, besides the job's. */
  readonly triggerOptions: readonly string[];
}

const OFFSET = /^[+-]\d\d:\d\d$/;
/** The largest offset of any zone, in minutes. */
const FARTHEST = 14 * 60;

const CRON_OPTIONS = [
  'timezone',
  'timeZone',
  'utcOffset',
  'initialDelay',
  'startAt',
  'endAt',
  'onGap',
  'onRepeat',
  'seed',
  'jitter',
] satisfies (keyof CronJobOptions)[];
const INTERVAL_OPTIONS = [
  'startAt',
  'endAt',
  'mode',
  'align',
  'runOnStart',
  'initialDelay',
  'jitter',
  'seed',
] satisfies (keyof IntervalJobOptions)[];

/** @throws InvalidCronError, InvalidDurationError, InvalidTimezoneError, InvalidTriggerError, InvalidOptionsError */
export function readDecorator({ kind, args }: JobDeclaration): ReadDecorator {
  switch (kind) {
    case 'cron':
      return readCron(args);
    case 'interval':
      return readInterval(args);
    case 'timeout':
      return readTimeout(args);
    default:
      return kind satisfies never;
  }
}

function readCron(args: readonly unknown[]): ReadDecorator {
  const inOptions = isObject(args[0]) && 'expression' in args[0];
  const given = inOptions
    ? (args[0] as CronJobOptions & { expression: unknown })
    : { ...asOptions(args[1]), expression: args[0] };
  const { expression, ...withDate } = given as CronJobOptions & { expression: unknown };
  if (expression instanceof Date || hasToJSDate(expression)) {
    const date = expression instanceof Date ? expression : expression.toJSDate();
    refuseWithDate(withDate);
    const trigger = { counts: 'byTheClock', trigger: at(date) } as const;
    return { name: undefined, trigger, options: withDate, triggerOptions: [] };
  }
  const zone = readZone(withDate);
  const { timezone: _, timeZone: __, utcOffset: ___, initialDelay, ...rest } = withDate;
  const { startAt, endAt, onGap, onRepeat, seed, jitter, ...options } = rest;
  const triggerOptions = { ...zone, startAt, endAt, onGap, onRepeat, seed, jitter };
  const trigger = cron(expression as string | CronFields, triggerOptions);
  const read = { name: undefined, options, triggerOptions: CRON_OPTIONS };
  if (initialDelay === undefined) return { ...read, trigger: { counts: 'byTheClock', trigger } };
  const delayMs = parseDuration(initialDelay, 'initialDelay');
  const notBefore = startAt === undefined ? Number.NEGATIVE_INFINITY : new Date(startAt).getTime();
  const triggerAt = (schedulingAt: number): CronTrigger => {
    const from = new Date(Math.max(notBefore, schedulingAt + delayMs));
    return cron(expression as string | CronFields, { ...triggerOptions, startAt: from });
  };
  return { ...read, trigger: { counts: 'fromTheStart', triggerAt } };
}

/**
 * The zone that `timezone`, `timeZone` or `utcOffset` names; none when none of them is given.
 *
 * @throws InvalidOptionsError when they disagree, or the offset is invalid; InvalidTimezoneError
 */
function readZone(options: CronJobOptions): { timezone?: string } {
  const { timezone, timeZone, utcOffset } = options;
  for (const name of ['timezone', 'timeZone'] as const) {
    // An unset variable must not mean the module's zone.
    if (name in options && options[name] === undefined) throw InvalidTimezoneError.ofUnset();
  }
  const zone = timezone ?? timeZone;
  if (timezone !== undefined && timeZone !== undefined && timezone !== timeZone) {
    throw new InvalidOptionsError(
      'timeZone',
      timeZone,
      `It is an alias of timezone, which is ${JSON.stringify(timezone)}: give one of the two.`,
    );
  }
  if (utcOffset === undefined || utcOffset === null) return zone === undefined ? {} : { timezone: zone };
  if (zone !== undefined) {
    throw new InvalidOptionsError(
      'utcOffset',
      utcOffset,
      `The time zone is ${JSON.stringify(zone)} already: give one of the two.`,
    );
  }
  return { timezone: fixedOffset(utcOffset) };
}

function fixedOffset(utcOffset: unknown): string {
  if (typeof utcOffset === 'string' && OFFSET.test(utcOffset)) return utcOffset;
  if (typeof utcOffset !== 'number' || !Number.isInteger(utcOffset) || Math.abs(utcOffset) > FARTHEST) {
    throw new InvalidOptionsError(
      'utcOffset',
      utcOffset,
      "Give whole minutes east of UTC (120 is two hours), or a string such as '+02:00'.",
    );
  }
  const minutes = Math.abs(utcOffset);
  return `${utcOffset < 0 ? '-' : '+'}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** A date is one instant, so it would silently ignore the options of an expression. */
function refuseWithDate(options: CronJobOptions): void {
  for (const name of CRON_OPTIONS) {
    if (options[name] === undefined || options[name] === null) continue;
    throw new InvalidOptionsError(
      name,
      options[name],
      'The job runs once, at a date, which is an instant already: leave it out, or give an expression.',
    );
  }
}

function readInterval(args: readonly unknown[]): ReadDecorator {
  const { name, duration, given } = readPeriod(args, 'every');
  const { initialDelay, ...rest } = given as IntervalJobOptions;
  const { startAt, endAt, mode, align, runOnStart, jitter, seed, ...options } = rest;
  const read = { name, options, triggerOptions: INTERVAL_OPTIONS };
  if (initialDelay !== undefined) {
    for (const other of ['startAt', 'align', 'runOnStart'] as const) {
      if (rest[other] !== undefined)
        throw new InvalidOptionsError(
          'initialDelay',
          initialDelay,
          `Leave it out, or ${other}: each sets the first tick.`,
        );
    }
    const delayMs = parseDuration(initialDelay, 'initialDelay');
    const delayed = every(duration, { endAt, mode, jitter, seed, runOnStart: true });
    const triggerAt = (schedulingAt: number): Trigger => delayed.bind({ anchorAt: schedulingAt + delayMs });
    return { ...read, trigger: { counts: 'fromTheStart', triggerAt } };
  }
  const trigger = every(duration, { startAt, endAt, mode, align, runOnStart, jitter, seed });
  // Ticks count from startAt or the epoch.
  if (startAt !== undefined || align !== undefined)
    return { ...read, trigger: { counts: 'byTheClock', trigger } };
  return { ...read, trigger: { counts: 'fromTheStart', triggerAt: () => trigger } };
}

function readTimeout(args: readonly unknown[]): ReadDecorator {
  const { name, duration, given } = readPeriod(args, 'after');
  const trigger = timeoutAfter(duration);
  const counts = 'fromTheStart';
  return { name, trigger: { counts, triggerAt: () => trigger }, options: given, triggerOptions: [] };
}

/** `(duration, options?)`, `(name, duration, options?)`, or `({ every, …options })`. */
function readPeriod(
  args: readonly unknown[],
  key: 'every' | 'after',
): { name: string | undefined; duration: Duration; given: JobOptions } {
  const [first, second] = args;
  if (isObject(first) && key in first) {
    const { [key]: duration, ...given } = first as Record<string, unknown>;
    return { name: undefined, duration: duration as Duration, given };
  }
  if (typeof first === 'string' && isDuration(second)) {
    return { name: first, duration: second, given: asOptions(args[2]) };
  }
  return { name: undefined, duration: first as Duration, given: asOptions(second) };
}

const UNITS = ['weeks', 'days', 'hours', 'minutes', 'seconds', 'milliseconds'];

/** Distinguishes `('name', 5000)` from `('5m', { overlap: 'allow' })`. */
function isDuration(value: unknown): value is Duration {
  if (typeof value === 'number' || typeof value === 'string') return true;
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => UNITS.includes(key));
}

function asOptions(value: unknown): object {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new InvalidOptionsError('options', value, "Give an object, for example { id: 'daily-report' }.");
}

function hasToJSDate(value: unknown): value is { toJSDate(): Date } {
  return isObject(value) && typeof (value as { toJSDate?: unknown }).toJSDate === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
