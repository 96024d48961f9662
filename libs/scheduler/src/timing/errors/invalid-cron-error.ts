import { SchedulerError } from './scheduler-error.js';
import { showValue } from './show-value.js';

/** Why a cron expression was refused. Stable: callers may switch on it. */
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
  | 'REVERSED_RANGE'
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
  /** The expression as it was given; in the field form the object. */
  expression: unknown;
  /** `minute`, `dayOfWeek`, …; null when the expression as a whole is at fault. */
  field: string | null;
  /** The piece at fault; null when nothing can be pointed at. */
  text: string | null;
  /** 0-based offset of `text` in the expression; null in the field form and when there is no `text`. */
  position: number | null;
  /** What would have been accepted there. */
  expected: string;
}

/** A cron expression that cannot be read. Its message names the field, its text, its place and the remedy. */
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
    return isWhole ? whole : `${whole}: ${showValue(text)}${placeOf(position)}`;
  }
  if (text === null) return `${whole}: the field "${field}"`;
  return `${whole}: the field "${field}", ${showValue(text)}${placeOf(position)},`;
}

function placeOf(position: number | null): string {
  return position === null ? '' : ` at position ${position}`;
}
