import { AfterTrigger } from './triggers/after-trigger.js';
import { allOf, anyOf, except } from './combine/combine.js';
import { makeCronTrigger } from './triggers/make-cron.js';
import { DateTrigger } from './triggers/date-trigger.js';
import { parseInstant } from './time/instant.js';
import { InvalidTriggerError } from './errors/trigger-errors.js';
import { makeCalendarInterval } from './triggers/make-calendar-interval.js';
import { makeInterval } from './triggers/make-interval.js';
import { TimeoutTrigger } from './triggers/timeout-trigger.js';
import type {
  CalendarIntervalJson,
  CronJson,
  ExceptJson,
  IntervalJson,
  Trigger,
  TriggerJson,
} from './triggers/trigger.js';
import { refuseUnknownKeys } from './triggers/trigger-window.js';

const LONGEST_MS = 2 ** 53;
const COMMON_KEYS = ['startAt', 'endAt', 'jitterMs', 'seed'];

/**
 * The trigger that wrote this JSON. Unknown members are refused: a newer release may have written them,
 * and to drop one would change when the job runs.
 * @throws InvalidTriggerError, and the errors of `cron()`
 */
export function triggerFromJson(json: TriggerJson): Trigger {
  const given: unknown = json;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidTriggerError(
      'trigger',
      given,
      'which is not an object',
      'Give what toJSON() of a trigger returned.',
    );
  }
  switch (json.type) {
    case 'cron':
      return cronFromJson(json);
    case 'interval':
      return intervalFromJson(json);
    case 'date':
      refuseUnknownKeys(json, ['type', 'at'], 'a date');
      return new DateTrigger(parseInstant(json.at, 'at'));
    case 'after':
      refuseUnknownKeys(json, ['type', 'afterMs'], 'an after');
      return new AfterTrigger(wholeMs(json.afterMs, 'afterMs', 0));
    case 'timeout':
      refuseUnknownKeys(json, ['type', 'afterMs', 'anchorAt'], 'a timeout');
      return new TimeoutTrigger(wholeMs(json.afterMs, 'afterMs', 0), anchorOf(json));
    case 'calendarInterval':
      return calendarIntervalFromJson(json);
    case 'anyOf':
      refuseUnknownKeys(json, ['type', 'triggers'], 'an any-of');
      return anyOf(...triggersFromJson(json.triggers));
    case 'allOf':
      refuseUnknownKeys(json, ['type', 'triggers'], 'an all-of');
      return allOf(...triggersFromJson(json.triggers));
    case 'except':
      return exceptFromJson(json);
    default: {
      const { type } = json satisfies never as { type: unknown };
      throw new InvalidTriggerError(
        'type',
        type,
        'which is unknown',
        'The types are cron, interval, date, after, timeout, calendarInterval, anyOf, allOf and except.',
      );
    }
  }
}

function cronFromJson(json: CronJson): Trigger {
  refuseUnknownKeys(json, ['type', 'expression', 'timezone', 'onGap', 'onRepeat', ...COMMON_KEYS], 'a cron');
  const { type: _type, expression, jitterMs, ...options } = json;
  // Undefined options let all such triggers share one set of defaults.
  if (Object.keys(options).length === 0 && jitterMs === undefined)
    return makeCronTrigger(expression, undefined);
  return makeCronTrigger(expression, { ...options, jitter: jitterOf(jitterMs) });
}

function intervalFromJson(json: IntervalJson): Trigger {
  const keys = ['type', 'everyMs', 'mode', 'align', 'runOnStart', 'anchorAt', ...COMMON_KEYS];
  refuseUnknownKeys(json, keys, 'an interval');
  return makeInterval(wholeMs(json.everyMs, 'everyMs', 1), anchorOf(json), {
    ...json,
    jitter: jitterOf(json.jitterMs),
  });
}

function calendarIntervalFromJson(json: CalendarIntervalJson): Trigger {
  const units = ['years', 'months', 'weeks', 'days'];
  const keys = ['type', ...units, 'at', 'timezone', 'onGap', 'onRepeat', 'anchorAt', ...COMMON_KEYS];
  refuseUnknownKeys(json, keys, 'a calendar interval');
  return makeCalendarInterval({ ...json, jitter: jitterOf(json.jitterMs) }, anchorOf(json));
}

function exceptFromJson(json: ExceptJson): Trigger {
  refuseUnknownKeys(json, ['type', 'trigger', 'except', 'timezone'], 'an exception');
  const excluded = Array.isArray(json.except) ? json.except : triggerFromJson(json.except);
  const { timezone } = json;
  return except(triggerFromJson(json.trigger), excluded, timezone === undefined ? {} : { timezone });
}

function triggersFromJson(triggers: unknown): Trigger[] {
  if (Array.isArray(triggers)) return triggers.map((json) => triggerFromJson(json as TriggerJson));
  throw new InvalidTriggerError('triggers', triggers, 'which is no array', 'Give the JSON of each trigger.');
}

function jitterOf(jitterMs: unknown): number | undefined {
  return jitterMs === undefined ? undefined : wholeMs(jitterMs, 'jitterMs', 0);
}

function anchorOf({ anchorAt }: { anchorAt?: string }): number | null {
  return anchorAt === undefined ? null : parseInstant(anchorAt, 'anchorAt');
}

function wholeMs(value: unknown, field: string, least: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= LONGEST_MS)
    return value as number;
  throw new InvalidTriggerError(
    field,
    value,
    'which is not usable',
    `Give whole milliseconds, ${least} to 2^53.`,
  );
}
