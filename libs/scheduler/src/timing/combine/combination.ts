import { BaseTrigger } from '../triggers/base-trigger.js';
import { InvalidTriggerError, NeverFiresError } from '../errors/trigger-errors.js';
import type { TriggerBinding } from '../triggers/trigger.js';

/** Combinations count exactly up to this; a larger answer of `countBetween` means "more than this" (semantics.md M2). */
export const COUNTS_UP_TO = 10_000;

/** How many triggers may be combined in one, those inside combinations included. */
const MOST_TRIGGERS = 100;

/** From where on a combination must have a tick; fixed, so that the answer is always the same. */
const REFERENCE_AT = Date.UTC(2020, 0, 1);

/** The triggers, known to be usable inside a combination. @throws InvalidTriggerError */
export function combinable(triggers: readonly unknown[], what: string): BaseTrigger[] {
  const rules = triggers.map((trigger) => combinableOne(trigger, what));
  refuseTooMany(
    rules.reduce((sum, rule) => sum + rule.size, 0),
    what,
  );
  return rules;
}

/** @throws InvalidTriggerError */
export function refuseTooMany(size: number, what: string): void {
  if (size <= MOST_TRIGGERS) return;
  throw new InvalidTriggerError(
    'triggers',
    size,
    `which is more triggers than ${what} takes`,
    `Combine up to ${MOST_TRIGGERS}.`,
  );
}

function combinableOne(trigger: unknown, what: string): BaseTrigger {
  if (!(trigger instanceof BaseTrigger)) {
    throw new InvalidTriggerError(
      'triggers',
      trigger,
      'which is no trigger',
      `Give triggers one by one: ${what}(cron('0 3 * * *'), every('5m')).`,
    );
  }
  refuseWaiting(trigger, what);
  if (trigger.jitterMs > 0) {
    throw new InvalidTriggerError(
      'triggers',
      String(trigger),
      `whose jitter would have no meaning in ${what}`,
      'Leave out jitter there.',
    );
  }
  return trigger;
}

/** @throws InvalidTriggerError */
export function refuseWaiting(trigger: BaseTrigger, what: string): void {
  if (!trigger.waitsForRun) return;
  throw new InvalidTriggerError(
    'triggers',
    String(trigger),
    `whose ticks depend on when runs end, so ${what} cannot tell them`,
    `Leave out mode: 'delay'.`,
  );
}

/**
 * Refuses a combination that has no tick. While it waits for an anchor or a seed nothing is said; while
 * all of it waits for the same zone, any zone tells.
 * @throws NeverFiresError
 */
export function refuseTickless(
  rule: BaseTrigger,
  fact: string,
  nextAt: (afterAt: number) => number | null,
): void {
  if (!rule.isSettled) return;
  const known = rule.timezone === null ? rule.bind({ timezone: 'UTC' }) : rule;
  // Bound to another zone it has checked itself.
  if (known !== rule || nextAt(REFERENCE_AT - 1) !== null) return;
  throw new NeverFiresError(
    `The trigger "${rule}" never fires: ${fact}`,
    `Look at its parts with preview(); an interval meets a cron expression only with align: 'epoch' or a startAt on its seconds.`,
  );
}

/** Each bound; the same array when nothing was open. */
export function bindAll(rules: readonly BaseTrigger[], job: Partial<TriggerBinding>): readonly BaseTrigger[] {
  const bound = rules.map((rule) => rule.bind(job));
  return bound.every((rule, index) => rule === rules[index]) ? rules : bound;
}

/** The one zone of several rules: null when it is left to the job, undefined when there is none or more than one. */
export function commonTimezone(rules: readonly BaseTrigger[]): string | null | undefined {
  const zones = new Set(rules.map(({ timezone }) => timezone));
  zones.delete(undefined);
  return zones.size === 1 ? [...zones][0] : undefined;
}

/** The ticks of a rule in [fromAt, toAt], counted one by one up to one more than are counted exactly. */
export function countByWalking(rule: BaseTrigger, fromAt: number, toAt: number): number {
  let count = 0;
  let at = rule.nextAt(fromAt - 1);
  while (at !== null && at <= toAt && count <= COUNTS_UP_TO) {
    count++;
    at = rule.nextAt(at);
  }
  return count;
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
