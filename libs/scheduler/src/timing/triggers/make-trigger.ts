import { AfterTrigger } from './after-trigger.js';
import { cronTextOfFields, type CronFields } from '../cron/cron-fields-form.js';
import { makeCronTrigger, type CronOptions, type CronTrigger } from './cron-trigger.js';
import { DateTrigger } from './date-trigger.js';
import { parseDuration, type Duration } from '../time/duration.js';
import { parseInstant } from '../time/instant.js';
import { TimeoutTrigger } from './timeout-trigger.js';
import type { Instant } from './trigger-window.js';

/**
 * Due when a wall clock matches: 5 fields, 6 with seconds first, a macro such as `@daily`, or fields
 * by name. Grammar and what happens at changes of offset: docs/time.md.
 * @throws InvalidCronError, NeverFiresError, InvalidTimezoneError, InvalidTriggerError
 */
export function cron(expression: string | CronFields, options?: CronOptions): CronTrigger {
  if (typeof expression !== 'object' || expression === null) return makeCronTrigger(expression, options);
  return makeCronTrigger(cronTextOfFields(expression), options, expression);
}

/** Due once. @throws InvalidTriggerError when it is no instant. */
export function at(date: Instant): DateTrigger {
  return new DateTrigger(parseInstant(date, 'at'));
}

/**
 * Due once, so long after its job is added; with `updateJob` after that call. By the scheduler's clock,
 * so also where a test or a store says what time it is. @throws InvalidDurationError
 */
export function after(duration: Duration): AfterTrigger {
  return new AfterTrigger(parseDuration(duration, 'after'));
}

/** Due once, so long after the start of the process; for `@Timeout`, never stored. @throws InvalidDurationError */
export function timeoutAfter(duration: Duration): TimeoutTrigger {
  return new TimeoutTrigger(parseDuration(duration, 'after'), null);
}
