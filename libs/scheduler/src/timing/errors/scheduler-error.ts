/**
 * Base of every error that Carillon raises. `code` is stable and listed in docs/errors.md; data are
 * fields; the message states the fact and then the remedy.
 *
 * `status`, `statusCode` and `expose` are the shape by which HTTP frameworks know an error that may
 * be answered as it is, so a controller needs no mapping of its own.
 */
export abstract class SchedulerError extends Error {
  abstract readonly code: string;
  abstract readonly statusCode: number;
  readonly expose = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }

  get status(): number {
    return this.statusCode;
  }

  /** Prefixes the message with the location of the mistake, e.g. `ReportsService.daily`. */
  at(location: string): this {
    this.message = `${location}: ${this.message}`;
    return this;
  }
}
