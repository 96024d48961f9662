import { cronTextOfFields, type CronFields } from './cron-fields-form.js';
import { makeCronTrigger, type CronOptions, type CronTrigger } from './cron-trigger.js';
import { DateTrigger } from './date-trigger.js';
import { parseDuration, type Duration } from './duration.js';
import { parseInstant } from './instant.js';
import { IntervalTrigger } from './interval-trigger.js';
import { InvalidDurationError } from './invalid-duration-error.js';
import { InvalidTriggerError } from './invalid-trigger-error.js';
import { TimeoutTrigger } from './timeout-trigger.js';
import { refuseUnknownKeys, triggerWindow, type Instant, type WindowOptions } from './trigger-window.js';

/**
 * Due when a wall clock matches: 5 fields, 6 with seconds first, a macro such as `@daily`, or fields
 * by name. Grammar and what happens at changes of offset: docs/time.md.
 * @throws InvalidCronError, NeverFiresError, InvalidTimezoneError, InvalidTriggerError
 */
export function cron(expression: string | CronFields, options?: CronOptions): CronTrigger {
  if (typeof expression !== 'object' || expression === null) return makeCronTrigger(expression, options);
  return makeCronTrigger(cronTextOfFields(expression), options, expression);
}

/**
 * Due at a fixed rate. The first tick is one period after the anchor, which the job supplies; or at
 * `startAt`, when that is given. Both ends of the window are inclusive; a day is 24 h.
 * @throws InvalidDurationError (a period of 0 included), InvalidTriggerError
 */
export function every(duration: Duration, options: WindowOptions = {}): IntervalTrigger {
  const everyMs = parseDuration(duration, 'every');
  if (everyMs === 0) throw new InvalidDurationError('every', duration, 'which is no time at all');
  if (typeof options !== 'object' || options === null) {
    throw new InvalidTriggerError(
      'options',
      options,
      'which is not an object',
      'Give startAt, endAt or nothing.',
    );
  }
  refuseUnknownKeys(options, ['startAt', 'endAt'], 'every');
  return new IntervalTrigger(everyMs, null, triggerWindow(options));
}

/** Due once. @throws InvalidTriggerError when it is no instant. */
export function at(date: Instant): DateTrigger {
  return new DateTrigger(parseInstant(date, 'at'));
}

/** Due once, so long after the start of the process; for `@Timeout`, never stored. @throws InvalidDurationError */
export function timeoutAfter(duration: Duration): TimeoutTrigger {
  return new TimeoutTrigger(parseDuration(duration, 'timeout'), null);
}
