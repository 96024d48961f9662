import { CalendarIntervalTrigger, type CalendarSettings } from './calendar-interval-trigger.js';
import { InvalidTriggerError, NeverFiresError } from '../errors/trigger-errors.js';
import { jitterMsOf, seedOf, type JitterOptions } from './jitter.js';
import { checkOffsetChoices, offsetPolicy } from '../dst/offset-policy.js';
import type { OnGap, OnRepeat } from './trigger.js';
import { refuseUnknownKeys, triggerWindow, type WindowOptions } from './trigger-window.js';
import { namedZone } from '../zone/zone.js';

export interface CalendarIntervalOptions extends WindowOptions, JitterOptions {
  /** Whole numbers, at least one of them over 0. Several add up: months first, then days. */
  years?: number;
  months?: number;
  weeks?: number;
  days?: number;
  /** Wall time, `08:00` or `08:00:30`. */
  at: string;
  /** IANA name, `UTC` or a fixed offset such as `+02:00`. Default: the job's, outside a job the process's. */
  timezone?: string;
  /** `'run'`: a wall time that a change of offset (DST) skips runs right after it. Default: `'run'`. */
  onGap?: OnGap;
  /** A wall time that occurs twice runs in the first pass or in both. Default: `'first'`. */
  onRepeat?: OnRepeat;
}

const UNITS = ['years', 'months', 'weeks', 'days'] as const;
const OPTION_NAMES = [
  ...UNITS,
  'at',
  'timezone',
  'onGap',
  'onRepeat',
  'jitter',
  'seed',
  'startAt',
  'endAt',
] as const;

/** More than the days of the years 1 to 9999. */
const MOST_OF_A_UNIT = 4_000_000;

/**
 * Due at a wall time every so many years, months, weeks and days. The dates are counted from the local
 * date of `startAt`, or else of the instant when the job was first scheduled, and clamped to the end of
 * the month: 31 January, 29 February, 31 March.
 * @throws InvalidTriggerError, InvalidTimezoneError, InvalidDurationError (jitter), NeverFiresError
 */
export function calendarInterval(options: CalendarIntervalOptions): CalendarIntervalTrigger {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidTriggerError(
      'options',
      options,
      'which is not an object',
      `Give e.g. { months: 1, at: '08:00' }.`,
    );
  }
  refuseUnknownKeys(options, OPTION_NAMES, 'calendarInterval');
  return makeCalendarInterval(options, null);
}

/** @param anchorAt the anchor of the job that bound it; null while unbound */
export function makeCalendarInterval(
  options: CalendarIntervalOptions,
  anchorAt: number | null,
): CalendarIntervalTrigger {
  if (anchorAt !== null && options.startAt !== undefined) {
    const remedy = 'Leave it out: startAt is the anchor.';
    throw new InvalidTriggerError('anchorAt', new Date(anchorAt), 'which stands beside startAt', remedy);
  }
  const zone = namedZone(options);
  const window = triggerWindow(options);
  const trigger = new CalendarIntervalTrigger(settingsOf(options), zone, anchorAt, window, seedOf(options));
  if (options.startAt !== undefined && zone !== null && trigger.nextAt(-Infinity) === null) {
    throw new NeverFiresError(
      `The calendar interval "${trigger}" never fires: no tick lies in its window, or gaps swallow them all.`,
      'Give a later endAt or another wall time.',
    );
  }
  return trigger;
}

function settingsOf(options: CalendarIntervalOptions): CalendarSettings {
  checkOffsetChoices(options);
  const amounts: Partial<Record<(typeof UNITS)[number], number>> = {};
  for (const unit of UNITS) {
    const amount = options[unit];
    if (amount === undefined) continue;
    if (!Number.isInteger(amount) || amount < 0 || amount > MOST_OF_A_UNIT) {
      throw new InvalidTriggerError(
        unit,
        amount,
        'which is no whole number of them',
        'Give 1 or more, or leave it out.',
      );
    }
    if (amount > 0) amounts[unit] = amount;
  }
  const { years = 0, months = 0, weeks = 0, days = 0 } = amounts;
  if (years + months + weeks + days === 0) {
    throw new InvalidTriggerError(
      'months',
      options.months,
      'and no unit is over 0',
      'Give at least one of years, months, weeks and days.',
    );
  }
  return {
    given: { ...amounts, at: options.at },
    months: years * 12 + months,
    days: weeks * 7 + days,
    secondOfDay: secondOfDay(options.at),
    // A calendar interval is a fixed time (class F of semantics.md Z1).
    policy: offsetPolicy('F', options.onGap, options.onRepeat),
    jitterMs: jitterMsOf(options),
  };
}

function secondOfDay(at: unknown): number {
  const match = typeof at === 'string' ? /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(at) : null;
  if (match === null) {
    throw new InvalidTriggerError('at', at, 'which is no wall time', `Give e.g. '08:00' or '08:00:30'.`);
  }
  return Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
}
