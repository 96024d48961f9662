import { BaseTrigger } from '../triggers/base-trigger.js';
import { InvalidTriggerError, NeverFiresError } from '../errors/trigger-errors.js';
import type { TriggerBinding } from '../triggers/trigger.js';
import type { CombinedTrigger } from './combined-trigger.js';
import { TickSweep } from './tick-sweep.js';

/** The most triggers in one combination, those inside inner ones included. */
const MOST_TRIGGERS = 100;

/** Ticks are looked for after this, then before. Fixed, so that the verdict never changes. */
const REFERENCE_AT = Date.UTC(2020, 0, 1);

/** Checks that all can be parts of a combination. @throws InvalidTriggerError */
export function combinable(given: readonly unknown[], name: string): BaseTrigger[] {
  const triggers = given.map((trigger) => combinableOne(trigger, name));
  refuseTooMany(
    triggers.reduce((sum, trigger) => sum + trigger.size, 0),
    name,
  );
  return triggers;
}

/** @throws InvalidTriggerError */
export function refuseTooMany(size: number, name: string): void {
  if (size <= MOST_TRIGGERS) return;
  throw new InvalidTriggerError(
    'triggers',
    size,
    `which is more triggers than ${name} takes`,
    `Combine up to ${MOST_TRIGGERS}.`,
  );
}

function combinableOne(trigger: unknown, name: string): BaseTrigger {
  if (!(trigger instanceof BaseTrigger)) {
    throw new InvalidTriggerError(
      'triggers',
      trigger,
      'which is no trigger',
      `Give triggers one by one: ${name}(cron('0 3 * * *'), every('5m')).`,
    );
  }
  refuseWaiting(trigger, name);
  if (trigger.jitterMs > 0) {
    throw new InvalidTriggerError(
      'triggers',
      String(trigger),
      `whose jitter would have no meaning in ${name}`,
      'Leave out jitter there.',
    );
  }
  return trigger;
}

/** @throws InvalidTriggerError */
export function refuseWaiting(trigger: BaseTrigger, name: string): void {
  if (!trigger.waitsForRun) return;
  throw new InvalidTriggerError(
    'triggers',
    String(trigger),
    `whose ticks depend on when runs end, so ${name} cannot know them`,
    `Leave out mode: 'delay'.`,
  );
}

/**
 * Refuses a combination without a single tick. Waits until anchors and seeds are known; while all parts
 * wait for the same zone, any zone decides.
 * @throws NeverFiresError
 */
export function refuseTickless(trigger: CombinedTrigger, fact: string): void {
  if (!trigger.isSettled) return;
  const known = trigger.timezone === null ? trigger.bind({ timezone: 'UTC' }) : trigger;
  // Binding has checked it.
  if (known !== trigger || typeof trigger.quickNextAt(REFERENCE_AT - 1) === 'number') return;
  const sweep = new TickSweep(trigger);
  if (sweep.hasTick(REFERENCE_AT) || sweep.gaveUp) return;
  throw new NeverFiresError(
    `The trigger "${trigger}" never fires: ${fact}`,
    `Look at its parts with preview(); an interval meets a cron expression only with align: 'epoch' or a startAt on its seconds.`,
  );
}

/** Binds each; the same array when nothing was open. */
export function bindAll(
  triggers: readonly BaseTrigger[],
  job: Partial<TriggerBinding>,
): readonly BaseTrigger[] {
  const bound = triggers.map((trigger) => trigger.bind(job));
  return bound.every((trigger, index) => trigger === triggers[index]) ? triggers : bound;
}

/** The one zone of several triggers: null while it is open, undefined when there is none or more than one. */
export function commonTimezone(triggers: readonly BaseTrigger[]): string | null | undefined {
  const zones = new Set(triggers.map(({ timezone }) => timezone));
  zones.delete(undefined);
  return zones.size === 1 ? [...zones][0] : undefined;
}

export function earliest(instants: readonly (number | null)[]): number | null {
  let first: number | null = null;
  for (const at of instants) if (at !== null && (first === null || at < first)) first = at;
  return first;
}

export function latest(instants: readonly (number | null)[]): number | null {
  let last: number | null = null;
  for (const at of instants) if (at !== null && (last === null || at > last)) last = at;
  return last;
}
