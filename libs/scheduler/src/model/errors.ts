import { SchedulerError } from '../timing/errors/scheduler-error.js';
import { showValue } from '../timing/errors/show-value.js';
import { suggestNames } from '../timing/index.js';
import { describeError, toErrorRecord } from './error-record.js';

export { SchedulerError };

/** The code of every error of Carillon's packages. docs/errors.md has a line for each; a test compares the two. */
export const ERROR_CODES = [
  // timing
  'INVALID_CRON',
  'NEVER_FIRES',
  'INVALID_TIMEZONE',
  'INVALID_DURATION',
  'INVALID_TRIGGER',
  // this room
  'INVALID_OPTIONS',
  'INVALID_JOBS',
  'PAYLOAD_INVALID',
  'HANDLER_UNKNOWN',
  'HANDLER_NOT_DURABLE',
  'JOB_NOT_FOUND',
  'JOB_ID_TAKEN',
  'JOB_IS_DECLARED',
  'SCHEDULER_NOT_RUNNING',
  'SCHEDULER_EXISTS',
  'ATTEMPT_TIMED_OUT',
  'RUN_CANCELLED',
  'LEASE_LOST',
  'STORE_UNAVAILABLE',
  'STORE_AHEAD',
  'SCHEDULER_STOPPING',
  // @carillon/sql
  'DRIVER_MISSING',
  'DATABASE_REFUSED',
  'DATABASE_TOO_OLD',
  'FAKE_TIMERS',
  'SCHEMA_TOO_NEW',
  'SCHEMA_OUTDATED',
  // @carillon/scheduler/testing
  'TIME_TRAVEL',
] as const;

/** No job with this id: `updateJob`, `pauseJob`, `resumeJob`, `removeJob`, `runNow`, `backfill`. */
export class JobNotFoundError extends SchedulerError {
  readonly code = 'JOB_NOT_FOUND';
  readonly statusCode = 404;
  constructor(readonly jobId: string) {
    super(`No job has the id "${jobId}". List the ids with scheduler.getJobs().`);
  }
}

const OWN_NAME = {
  'job id': 'Give one of them its own id in the decorator',
  'handler name': 'Give one of them its own name (the id of a decorated job is the name of its handler, too)',
};

/** Two jobs have one id, or two methods have one handler name. At bootstrap `places` names both declarations. */
export class JobIdTakenError extends SchedulerError {
  readonly code = 'JOB_ID_TAKEN';
  readonly statusCode = 409;
  constructor(
    readonly jobId: string,
    readonly places: readonly string[] = [],
    name: 'job id' | 'handler name' = 'job id',
  ) {
    super(
      places.length > 0
        ? `The ${name} "${jobId}" is declared ${distinct(places)}. ${OWN_NAME[name]}, or provide the class in one module and export it.`
        : `A job with the id "${jobId}" exists. Choose another id, or say ifTaken: 'replace' or 'keep'.`,
    );
  }
}

/** A declared job cannot be removed at run time: the next start would declare it again. */
export class JobIsDeclaredError extends SchedulerError {
  readonly code = 'JOB_IS_DECLARED';
  readonly statusCode = 409;
  constructor(readonly jobId: string) {
    super(
      `The job "${jobId}" is declared by a decorator and would be back at the next start. ` +
        'Pause it with pauseJob(), or set disabled: true in the decorator.',
    );
  }
}

/** The job names a handler that this process does not have. */
export class HandlerUnknownError extends SchedulerError {
  readonly code = 'HANDLER_UNKNOWN';
  readonly statusCode = 422;
  constructor(
    readonly handler: string,
    known: readonly string[],
  ) {
    super(
      `No handler is registered under the name "${handler}". ` +
        (known.length > 0
          ? suggestNames(handler, known, `${known.length} others are.`)
          : 'None is registered at all.') +
        ' Mark a method of a provider with @JobHandler, and provide its class in a module of this application.',
    );
  }
}

/** A function cannot be stored; durable stores take a handler's name. */
export class HandlerNotDurableError extends SchedulerError {
  readonly code = 'HANDLER_NOT_DURABLE';
  readonly statusCode = 422;
  constructor(readonly jobId: string) {
    super(
      `The job "${jobId}" has a function as its handler, which cannot be stored. ` +
        "Define it with defineHandler('name') and mark a method with @JobHandler.",
    );
  }
}

/** An option has a value that it cannot take, or a name that does not exist. */
export class InvalidOptionsError extends SchedulerError {
  readonly code = 'INVALID_OPTIONS';
  readonly statusCode = 400;
  constructor(
    readonly field: string,
    readonly value: unknown,
    remedy: string,
    fact: string = `The option "${field}" cannot be ${showValue(value)}.`,
  ) {
    super(remedy === '' ? fact : `${fact} ${remedy}`);
  }
}

/** A payload is not JSON, or breaks a rule of the class it was defined with. */
export class PayloadInvalidError extends SchedulerError {
  readonly code = 'PAYLOAD_INVALID';
  readonly statusCode = 400;
  constructor(
    /** The offending property, `payload.address.street`. */
    readonly property: string,
    readonly problem: string,
    remedy: string,
  ) {
    super(`${property} ${problem}. ${remedy}`);
  }
}

/** `addJob`, `runNow` and `backfill` from the drain on; `runNow` and `backfill` before the start. */
export class SchedulerNotRunningError extends SchedulerError {
  readonly code = 'SCHEDULER_NOT_RUNNING';
  readonly statusCode = 503;
  constructor(readonly phase: 'starting' | 'stopping') {
    super(
      phase === 'starting'
        ? 'The scheduler has not started: it starts after every module has bootstrapped. Add a job with at(new Date()) instead, which runs then.'
        : 'The scheduler is shutting down and takes no new work. Send the request to another replica, or again after the restart.',
    );
  }
}

/** A second `SchedulerModule.forRoot` in one application. */
export class SchedulerExistsError extends SchedulerError {
  readonly code = 'SCHEDULER_EXISTS';
  readonly statusCode = 500;
  /** @param isCopied the imports are of two copies of this package */
  constructor(
    readonly importedBy: readonly string[] = [],
    isCopied: boolean = false,
  ) {
    super(
      `SchedulerModule.forRoot() is imported more than once${importedBy.length > 0 ? ` (by ${importedBy.join(', ')})` : ''}` +
        `${isCopied ? ', and from two copies of @carillon/scheduler: install one version of it' : ''}. ` +
        'Import it once, in the root module: it is global, so other modules need no import to inject SchedulerService or to use the decorators.',
    );
  }
}

/** The reason of a timed-out attempt's signal, and the error of the attempt. */
export class AttemptTimedOutError extends SchedulerError {
  readonly code = 'ATTEMPT_TIMED_OUT';
  readonly statusCode = 504;
  constructor(
    readonly jobId: string,
    readonly timeoutMs: number,
  ) {
    super(
      `An attempt of the job "${jobId}" ran longer than its timeout of ${timeoutMs} ms. ` +
        'Raise the timeout, or let the handler stop when run.signal is aborted.',
    );
  }
}

/** The reason of the signals of running attempts when `drainTimeout` has passed. */
export class SchedulerStoppingError extends SchedulerError {
  readonly code = 'SCHEDULER_STOPPING';
  readonly statusCode = 503;
  constructor(drainTimeoutMs: number) {
    super(
      `The scheduler is stopping and the run did not end within ${drainTimeoutMs} ms. ` +
        'Raise drainTimeout, or let the handler stop when run.signal is aborted.',
    );
  }
}

/** The reason of a cancelled run's signal. */
export class RunCancelledError extends SchedulerError {
  readonly code = 'RUN_CANCELLED';
  readonly statusCode = 409;
  constructor(readonly jobId: string) {
    super(
      `A newer run of the job "${jobId}" takes the place of this one. ` +
        "Choose another overlap than 'cancelPrevious' if runs must not be cut short.",
    );
  }
}

/** The reason of a run's signal when this process could not renew the run's lease in time. */
export class LeaseLostError extends SchedulerError {
  readonly code = 'LEASE_LOST';
  readonly statusCode = 503;
  constructor(readonly jobId: string) {
    super(
      `The lease on a run of the job "${jobId}" could not be renewed in time, so another replica may run it again. ` +
        'Stop when run.signal is aborted, and fence your own writes with run.token.',
    );
  }
}

/** The store does not answer a verb of the service. `cause` is the driver's error. */
export class StoreUnavailableError extends SchedulerError {
  readonly code = 'STORE_UNAVAILABLE';
  readonly statusCode = 503;
  constructor(cause: unknown) {
    super(
      `The store does not answer: ${describeError(toErrorRecord(cause))}. Nothing was changed for certain; try again.`,
    );
    this.cause = cause;
  }
}

/** At the start the store has runs of the future: a test moved time in it, or a clock was wrong. Reported, not thrown. */
export class StoreAheadError extends SchedulerError {
  readonly code = 'STORE_AHEAD';
  readonly statusCode = 500;
  constructor(
    readonly newestRunAt: Date,
    readonly now: Date,
  ) {
    super(
      `The newest run in the store is of ${newestRunAt.toISOString()}, and it is only ${now.toISOString()}: ` +
        'a test moved time in this store, or a clock was wrong. Jobs do not tick again before their last tick. ' +
        'Restore the store from a backup, or give those jobs a new trigger with updateJob().',
    );
  }
}

function distinct(places: readonly string[]): string {
  const [first, second] = places;
  return first === second ? `twice by ${first}` : `by ${places.join(' and by ')}`;
}
