import { SchedulerError } from './scheduler-error.js';
import { showValue } from './show-value.js';

/** The reason why a cron expression is refused. Stable: callers may switch on it. */
export type CronFault =
  | 'NOT_STRING'
  | 'EMPTY'
  | 'TOO_LONG'
  | 'BAD_CHAR'
  | 'FIELD_COUNT'
  | 'UNKNOWN_ALIAS'
  | 'EMPTY_ITEM'
  | 'BAD_VALUE'
  | 'UNKNOWN_NAME'
  | 'OUT_OF_RANGE'
  | 'BAD_RANGE'
  | 'BAD_STEP'
  | 'BAD_NTH'
  | 'BAD_LAST'
  | 'BAD_W'
  | 'BAD_QUESTION'
  | 'BAD_HASH'
  | 'SEED_REQUIRED'
  | 'UNKNOWN_FIELD'
  | 'DOM_AND_DOW';

export interface CronFaultDetails {
  reason: CronFault;
  /** The caller's expression; in the field form the object. */
  expression: unknown;
  /** `minute`, `dayOfWeek`, …; null when the expression as a whole is at fault. */
  field: string | null;
  /** The part at fault; null when there is no such part. */
  text: string | null;
  /** 0-based offset of `text` in the expression; null in the field form and when there is no `text`. */
  position: number | null;
  /** Input that would be accepted there. */
  expected: string;
}

/** A cron expression that cannot be read. The message names the field, its text, its position and the remedy. */
export class InvalidCronError extends SchedulerError {
  readonly code = 'INVALID_CRON';
  readonly statusCode = 422;
  readonly reason: CronFault;
  readonly expression: unknown;
  readonly field: string | null;
  readonly text: string | null;
  readonly position: number | null;
  readonly expected: string;

  constructor(fact: string, details: CronFaultDetails) {
    super(`${subject(details)} ${fact}. Expected ${details.expected}.`);
    this.reason = details.reason;
    this.expression = details.expression;
    this.field = details.field;
    this.text = details.text;
    this.position = details.position;
    this.expected = details.expected;
  }
}

function subject({ expression, field, text, position }: CronFaultDetails): string {
  const whole = `The cron expression ${showValue(expression)}`;
  if (field === null) {
    const isWhole = text === null || (typeof expression === 'string' && text === expression.trim());
    return isWhole ? whole : `${whole}: ${showValue(text)}${positionOf(position)}`;
  }
  if (text === null) return `${whole}: the field "${field}"`;
  return `${whole}: the field "${field}", ${showValue(text)}${positionOf(position)},`;
}

function positionOf(position: number | null): string {
  return position === null ? '' : ` at position ${position}`;
}

/** A duration that cannot be read, or that its option does not allow (an interval of 0). */
export class InvalidDurationError extends SchedulerError {
  readonly code = 'INVALID_DURATION';
  readonly statusCode = 422;

  constructor(
    /** The option that holds the duration, e.g. `every` or `timeout`. */
    readonly field: string,
    readonly value: unknown,
    fact: string,
  ) {
    super(
      `The duration "${field}" is ${showValue(value)}, ${fact}. ` +
        `Give milliseconds as a number, a string such as '30s', '5m', '1h30m' or '250ms', or an object such as { minutes: 5 }.`,
    );
  }
}

/** A time zone, or a source of zone rules, that cannot be used. */
export class InvalidTimezoneError extends SchedulerError {
  readonly code = 'INVALID_TIMEZONE';
  readonly statusCode = 422;

  constructor(
    readonly value: unknown,
    /** Known names that look like the one given, best first; often empty. */
    readonly suggestions: readonly string[] = [],
    message?: string,
  ) {
    const remedy =
      suggestions.length > 0
        ? `Did you mean ${suggestions.map((name) => `"${name}"`).join(' or ')}?`
        : `Use an IANA name such as "Europe/Berlin", "UTC", or a fixed offset such as "+02:00".`;
    super(message ?? `The time zone ("timezone") is ${showValue(value)}, which is unknown here. ${remedy}`);
  }

  /** An option that is there and undefined comes from a variable that is not set. */
  static ofUnset(): InvalidTimezoneError {
    const remedy = 'Set the variable that it comes from, or leave it out for the default.';
    return new InvalidTimezoneError(
      undefined,
      [],
      `The time zone ("timezone") is given and undefined. ${remedy}`,
    );
  }

  static ofProcess(setting: unknown, fact: string): InvalidTimezoneError {
    const message = `The time zone of this process (the environment variable TZ) is ${showValue(setting)}, ${fact}.`;
    const remedy = 'Set TZ to an IANA name such as "Europe/Berlin" or "UTC", or give the option "timezone".';
    return new InvalidTimezoneError(setting, [], `${message} ${remedy}`);
  }

  static ofZoneinfo(choice: unknown, fact: string): InvalidTimezoneError {
    const message = `The option "zoneinfo" is ${showValue(choice)}, ${fact}.`;
    const remedy =
      "Give 'auto', 'runtime', 'system' or the absolute path of a folder of compiled zone files, or install tzdata.";
    return new InvalidTimezoneError(choice, [], `${message} ${remedy}`);
  }
}

/** Input of a trigger, other than a cron expression, duration or time zone, that cannot be used. */
export class InvalidTriggerError extends SchedulerError {
  readonly code = 'INVALID_TRIGGER';
  readonly statusCode = 422;

  constructor(
    /** The option or argument at fault, e.g. `endAt`. */
    readonly field: string,
    readonly value: unknown,
    fact: string,
    remedy: string,
  ) {
    super(`"${field}" is ${showValue(value)}, ${fact}. ${remedy}`);
  }
}

/** The impossible part of a cron expression; all null for other triggers. */
export interface NeverFiresDetails {
  expression: string | null;
  field: string | null;
  text: string | null;
  /** 0-based offset of `text` in `expression`; null when the expression came as fields. */
  position: number | null;
  expected: string | null;
}

const NO_DETAILS: NeverFiresDetails = {
  expression: null,
  field: null,
  text: null,
  position: null,
  expected: null,
};

/** A trigger that is well formed and can never be due. */
export class NeverFiresError extends SchedulerError {
  readonly code = 'NEVER_FIRES';
  readonly statusCode = 422;
  readonly reason = 'NEVER_FIRES';
  readonly expression: string | null;
  readonly field: string | null;
  readonly text: string | null;
  readonly position: number | null;
  readonly expected: string | null;

  constructor(fact: string, remedy: string, details: NeverFiresDetails = NO_DETAILS) {
    super(`${fact} ${remedy}`);
    this.expression = details.expression;
    this.field = details.field;
    this.text = details.text;
    this.position = details.position;
    this.expected = details.expected;
  }
}
