import { AfterTrigger } from './after-trigger.js';
import { DateTrigger } from './date-trigger.js';
import { parseDuration, type Duration } from '../time/duration.js';
import { parseInstant } from '../time/instant.js';
import { TimeoutTrigger } from './timeout-trigger.js';
import type { Instant } from './trigger-window.js';

/** Due once. @throws InvalidTriggerError when `date` is no instant */
export function at(date: Instant): DateTrigger {
  return new DateTrigger(parseInstant(date, 'at'));
}

/**
 * Due once, a fixed time after its job is added, or after the `updateJob` that sets it. Counts by the
 * scheduler's clock, which a test or a store may steer. @throws InvalidDurationError
 */
export function after(duration: Duration): AfterTrigger {
  return new AfterTrigger(parseDuration(duration, 'after'));
}

/** Due once, a fixed time after the start of the process; for `@Timeout`, never stored. @throws InvalidDurationError */
export function timeoutAfter(duration: Duration): TimeoutTrigger {
  return new TimeoutTrigger(parseDuration(duration, 'after'), null);
}
