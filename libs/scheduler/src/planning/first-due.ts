import type { Trigger } from '../timing/index.js';

/** The first tick of a job that is scheduled at `now`. A date in the past is due at once (T3); all else begins after `now`. */
export function firstDueAt(trigger: Trigger, now: number): number | null {
  const once = trigger.type === 'date' || trigger.type === 'timeout';
  return trigger.nextAt(once ? Number.NEGATIVE_INFINITY : now);
}
