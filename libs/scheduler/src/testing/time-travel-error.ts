import { SchedulerError } from '../timing/errors/scheduler-error.js';

/** A test asked the time machine for the impossible. The message says what to do instead. */
export class TimeTravelError extends SchedulerError {
  readonly code = 'TIME_TRAVEL';
  readonly statusCode = 500;
}
