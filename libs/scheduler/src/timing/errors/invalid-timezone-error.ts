import { SchedulerError } from './scheduler-error.js';
import { showValue } from './show-value.js';

/** A time zone that this runtime's ICU does not know. */
export class InvalidTimezoneError extends SchedulerError {
  readonly code = 'INVALID_TIMEZONE';
  readonly statusCode = 422;

  constructor(
    readonly value: unknown,
    /** Known names that look like the one given, best first; often empty. */
    readonly suggestions: readonly string[] = [],
  ) {
    const remedy =
      suggestions.length > 0
        ? `Did you mean ${suggestions.map((name) => `"${name}"`).join(' or ')}?`
        : `Use an IANA name such as "Europe/Berlin", "UTC", or a fixed offset such as "+02:00".`;
    super(`The time zone ("timezone") is ${showValue(value)}, which is unknown here. ${remedy}`);
  }
}
