import { InvalidTriggerError, NeverFiresError } from '../errors/trigger-errors.js';
import { BaseTrigger } from '../triggers/base-trigger.js';
import type { ExceptedDate, ExceptOptions, Trigger } from '../triggers/trigger.js';
import { refuseUnknownKeys } from '../triggers/trigger-window.js';
import { namedZone } from '../zone/zone.js';
import { AllOfTrigger } from './all-of-trigger.js';
import { AnyOfTrigger } from './any-of-trigger.js';
import { combinable, refuseTooMany, refuseWaiting } from './combination.js';
import { ExceptTrigger } from './except-trigger.js';
import { ExcludedDates } from './excluded-dates.js';

/**
 * Due when any of the triggers is; where several are, once.
 * @throws NeverFiresError for none, InvalidTriggerError for what cannot be combined: `mode: 'delay'`, jitter
 */
export function anyOf(...triggers: Trigger[]): AnyOfTrigger {
  const parts = combinable(triggers, 'anyOf');
  if (parts.length > 0) return new AnyOfTrigger(parts);
  throw new NeverFiresError('anyOf() of no triggers never fires.', 'Give at least one.');
}

/**
 * Due at the instants that all of the triggers have, to the millisecond.
 * @throws NeverFiresError for none and for triggers that never meet (thrown by `bind` while an anchor, a
 * seed or one of several zones is open), InvalidTriggerError as `anyOf`
 */
export function allOf(...triggers: Trigger[]): AllOfTrigger {
  const parts = combinable(triggers, 'allOf');
  if (parts.length === 0)
    throw new NeverFiresError('allOf() of no triggers never fires.', 'Give at least one.');
  const trigger = new AllOfTrigger(parts);
  trigger.refuseTickless();
  return trigger;
}

/**
 * Due when `trigger` is and `excluded` is not: another trigger, or days and instants. The ticks keep the
 * delays that `trigger` gives them.
 * @throws NeverFiresError when nothing is left (thrown by `bind` while an anchor, a seed or a zone is open),
 * InvalidTriggerError, InvalidTimezoneError
 */
export function except(
  trigger: Trigger,
  excluded: Trigger | readonly ExceptedDate[],
  options: ExceptOptions = {},
): ExceptTrigger {
  if (!(trigger instanceof BaseTrigger)) {
    const remedy = "Give it first: except(cron('0 9 * * *'), ['2027-12-25']).";
    throw new InvalidTriggerError('triggers', trigger, 'which is no trigger', remedy);
  }
  refuseUnknownKeys(options, ['timezone'], 'except');
  const daysIn = namedZone(options);
  refuseWaiting(trigger, 'except');
  const without = new ExceptTrigger(trigger, readExcluded(trigger, excluded, daysIn === null), daysIn);
  refuseTooMany(without.size, 'except');
  without.refuseTickless();
  return without;
}

/** @param needsZone whether days can only be those of the trigger's own zone */
function readExcluded(
  trigger: BaseTrigger,
  excluded: unknown,
  needsZone: boolean,
): BaseTrigger | ExcludedDates {
  if (typeof excluded === 'string' || excluded instanceof Date) {
    const remedy = "Put it in a list: except(trigger, ['2027-12-25']).";
    throw new InvalidTriggerError('except', excluded, 'which is a single date', remedy);
  }
  if (!Array.isArray(excluded)) return combinable([excluded], 'except')[0]!;
  const dates = new ExcludedDates(excluded);
  if (dates.hasDays && needsZone && trigger.timezone === undefined) {
    throw new InvalidTriggerError(
      'timezone',
      undefined,
      `but "${trigger}" has no zone whose days could be meant`,
      `Name one: except(trigger, dates, { timezone: 'Europe/Berlin' }).`,
    );
  }
  return dates;
}
