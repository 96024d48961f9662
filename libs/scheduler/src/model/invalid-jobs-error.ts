import { SchedulerError } from './errors.js';

/** A request of `addJobs` that cannot be carried out. */
export interface InvalidJob {
  /** Its position in the requests, from 0. */
  readonly index: number;
  /** The property at fault, for example `requests[17].trigger`. */
  readonly field: string;
  /** Code and message of the error that `addJob` throws for it. */
  readonly code: string;
  readonly message: string;
}

/** The wrong request at this index, and its error. */
export interface WrongRequest {
  readonly index: number;
  readonly error: SchedulerError;
}

/** Wrong requests that the error lists. */
const MOST_LISTED = 20;
/** Of those the ones in the message. */
const MOST_IN_MESSAGE = 3;

/** Requests of `addJobs` are wrong, or their ids are taken: no job of the call was added. */
export class InvalidJobsError extends SchedulerError {
  readonly code = 'INVALID_JOBS';
  /** That of the errors of the requests, if they have one in common; else 400. */
  readonly statusCode: number;
  /** The first 20 wrong requests, in the order of the call. */
  readonly errors: readonly InvalidJob[];
  /** How many requests are wrong. */
  readonly count: number;

  /** @param wrong at least one, in the order of the call @param of how many requests */
  constructor(wrong: readonly WrongRequest[], of: number) {
    const errors = wrong.slice(0, MOST_LISTED).map(describe);
    super(messageOf(errors, wrong.length, of), { cause: wrong[0]!.error });
    this.errors = errors;
    this.count = wrong.length;
    const [status, ...others] = new Set(wrong.map(({ error }) => error.statusCode));
    this.statusCode = others.length === 0 ? status! : 400;
  }
}

function describe({ index, error }: WrongRequest): InvalidJob {
  return { index, field: `requests[${index}]${fieldOf(error)}`, code: error.code, message: error.message };
}

/** Errors whose own field, if any, is a part of this property. */
const PROPERTIES: Readonly<Record<string, string>> = {
  INVALID_CRON: '.trigger',
  NEVER_FIRES: '.trigger',
  INVALID_TIMEZONE: '.trigger',
  INVALID_TRIGGER: '.trigger',
  HANDLER_UNKNOWN: '.handler',
  HANDLER_NOT_DURABLE: '.handler',
  JOB_ID_TAKEN: '.id',
};

function fieldOf(error: SchedulerError): string {
  const property = PROPERTIES[error.code];
  if (property !== undefined) return property;
  const { field, property: path } = error as { field?: unknown; property?: unknown };
  const name = typeof path === 'string' ? path : field;
  // `options` and `arguments` are the request itself.
  const isPart = typeof name === 'string' && name !== 'options' && name !== 'arguments';
  return isPart ? `.${name}` : '';
}

function messageOf(errors: readonly InvalidJob[], count: number, of: number): string {
  const shown = errors.slice(0, MOST_IN_MESSAGE).map(({ field, message }) => `${field}: ${message}`);
  if (count > shown.length) shown.push(`And ${count - shown.length} more.`);
  return `No job was added, because ${count} of ${of} requests cannot be carried out. ${shown.join(' ')}`;
}
