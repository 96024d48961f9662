import { SchedulerError } from '../timing/errors/scheduler-error.js';

/** A test asks of time what cannot be: the message says what, and what to do instead. */
export class TimeTravelError extends SchedulerError {
  readonly code = 'TIME_TRAVEL';
  readonly statusCode = 500;
}
