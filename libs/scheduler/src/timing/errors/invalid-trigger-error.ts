import { SchedulerError } from './scheduler-error.js';
import { showValue } from './show-value.js';

/** A trigger's input, other than its cron text, duration or time zone, that cannot be used. */
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
