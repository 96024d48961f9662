/**
 * Base of every error that Carillon raises. `code` is stable and listed in docs/errors.md; data are
 * fields; the message states the fact and then the remedy.
 *
 * `statusCode` is what makes Nest's own exception filter answer with that HTTP status and the
 * message, so a controller needs no mapping of its own.
 */
export abstract class SchedulerError extends Error {
  abstract readonly code: string;
  abstract readonly statusCode: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  /** Puts the place of the mistake, for example `ReportsService.daily`, before the message. */
  at(place: string): this {
    this.message = `${place}: ${this.message}`;
    return this;
  }
}
