export { AllOfTrigger } from './combine/all-of-trigger.js';
export { AnyOfTrigger } from './combine/any-of-trigger.js';
export { allOf, anyOf, except } from './combine/combine.js';
export { ExceptTrigger } from './combine/except-trigger.js';
export type { CronClass } from './cron/compiled-cron.js';
export type { CronFieldName } from './cron/cron-field.js';
export type { CronFields } from './cron/cron-fields-form.js';
export type { CronWarning, CronWarningCode } from './cron/cron-lint.js';
export { stableHash } from './cron/stable-hash.js';
export { SchedulerError } from './errors/scheduler-error.js';
export {
  InvalidCronError,
  InvalidDurationError,
  InvalidTimezoneError,
  InvalidTriggerError,
  NeverFiresError,
  type CronFault,
  type CronFaultDetails,
  type NeverFiresDetails,
} from './errors/trigger-errors.js';
export { clip, oneLine } from './errors/show-value.js';
export { nearestName, suggestNames, unknownKeyOf } from './errors/unknown-key.js';
export { formatDuration, parseDuration, type Duration } from './time/duration.js';
export { InstantQueue } from './time/instant-queue.js';
export { toDate } from './time/instant.js';
export { triggerFromJson } from './trigger-from-json.js';
export { AfterTrigger } from './triggers/after-trigger.js';
export { CalendarIntervalTrigger } from './triggers/calendar-interval-trigger.js';
export { CronTrigger } from './triggers/cron-trigger.js';
export { DateTrigger } from './triggers/date-trigger.js';
export { IntervalTrigger } from './triggers/interval-trigger.js';
export { calendarInterval, type CalendarIntervalOptions } from './triggers/make-calendar-interval.js';
export { every, type IntervalOptions } from './triggers/make-interval.js';
export { cron, type CronOptions } from './triggers/make-cron.js';
export { after, at, timeoutAfter } from './triggers/make-trigger.js';
export { TimeoutTrigger } from './triggers/timeout-trigger.js';
export type { Instant, WindowOptions } from './triggers/trigger-window.js';
export type * from './triggers/trigger.js';
export { processTimezone } from './zone/process-zone.js';
export { useZoneinfo } from './zone/zone.js';
export {
  findZoneinfo,
  isNewerZoneinfo,
  otherZoneinfo,
  zoneinfoInUse,
  zoneinfoVersion,
  zonesThatDiffer,
  type Zoneinfo,
  type ZoneinfoChoice,
} from './zone/zoneinfo.js';
export { timezonesIn } from './zone/timezones-in.js';
