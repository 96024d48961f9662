import { AllOfTrigger } from './all-of-trigger.js';
import { AnyOfTrigger } from './any-of-trigger.js';
import { combinable } from './combination.js';
import { NeverFiresError } from '../errors/never-fires-error.js';
import type { Trigger } from '../triggers/trigger.js';

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
 * @throws NeverFiresError for none and for triggers that never meet (told when a job binds them, while an
 * anchor, a seed or one of several zones is open), InvalidTriggerError as `anyOf`
 */
export function allOf(...triggers: Trigger[]): AllOfTrigger {
  const parts = combinable(triggers, 'allOf');
  if (parts.length === 0)
    throw new NeverFiresError('allOf() of no triggers never fires.', 'Give at least one.');
  const trigger = new AllOfTrigger(parts);
  trigger.refuseTickless();
  return trigger;
}
