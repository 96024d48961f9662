import { SchedulerError } from './scheduler-error.js';
import { showValue } from './show-value.js';

/** A duration that cannot be read, or that its place does not allow (an interval of 0). */
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
        `Give milliseconds as a number, a text such as '30s', '5m', '1h30m' or '250ms', or an object such as { minutes: 5 }.`,
    );
  }
}
