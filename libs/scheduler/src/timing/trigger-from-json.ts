import { makeCronTrigger, type CronOptions } from './cron-trigger.js';
import { DateTrigger } from './date-trigger.js';
import { parseInstant } from './instant.js';
import { IntervalTrigger } from './interval-trigger.js';
import { InvalidTriggerError } from './invalid-trigger-error.js';
import { TimeoutTrigger } from './timeout-trigger.js';
import type { Trigger, TriggerJson } from './trigger.js';
import { refuseUnknownKeys, triggerWindow } from './trigger-window.js';

const LONGEST_MS = 2 ** 53;

/**
 * The trigger that wrote this JSON. Unknown members are refused: a newer release may have written
 * them, and to leave one out would change when the job runs.
 * @throws InvalidTriggerError, and what `cron()` throws
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
    case 'cron': {
      const { type: _type, expression, ...options } = json;
      return makeCronTrigger(expression, options satisfies CronOptions);
    }
    case 'interval': {
      refuseUnknownKeys(json, ['type', 'everyMs', 'anchorAt', 'startAt', 'endAt'], 'an interval');
      if (json.anchorAt !== undefined && json.startAt !== undefined) {
        const remedy = 'Leave it out: startAt is the anchor.';
        throw new InvalidTriggerError('anchorAt', json.anchorAt, 'which stands beside startAt', remedy);
      }
      return new IntervalTrigger(wholeMs(json.everyMs, 'everyMs', 1), anchorOf(json), triggerWindow(json));
    }
    case 'date':
      refuseUnknownKeys(json, ['type', 'at'], 'a date');
      return new DateTrigger(parseInstant(json.at, 'at'));
    case 'timeout':
      refuseUnknownKeys(json, ['type', 'afterMs', 'anchorAt'], 'a timeout');
      return new TimeoutTrigger(wholeMs(json.afterMs, 'afterMs', 0), anchorOf(json));
    default: {
      const { type } = json satisfies never as { type: unknown };
      throw new InvalidTriggerError(
        'type',
        type,
        'which is unknown',
        'The types are cron, interval, date and timeout.',
      );
    }
  }
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
