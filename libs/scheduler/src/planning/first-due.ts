import type { Trigger } from '../timing/index.js';

/** The first tick of a job that is scheduled at `now`: a date in the past and `runOnStart` are due at once (T2, T3), all else begins after `now`. */
export function firstDueAt(trigger: Trigger, now: number): number | null {
  return trigger.firstAt(now);
}
