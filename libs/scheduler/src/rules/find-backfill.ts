import type { BackfillRequest } from '../ports/index.js';
import type { Trigger } from '../timing/index.js';

/** The instants of the trigger in the asked span that still want a run, oldest first. */
export function findBackfill(
  trigger: Trigger,
  { fromAt, toAt, force, most }: BackfillRequest,
  started: ReadonlySet<number>,
): { instants: number[]; leftOut: number; tooMany: boolean } {
  const instants: number[] = [];
  let leftOut = 0;
  for (let at = trigger.nextAt(fromAt - 1); at !== null && at <= toAt; at = trigger.nextAt(at)) {
    if (!force && started.has(at)) leftOut++;
    else instants.push(at);
    if (instants.length > most) return { instants, leftOut, tooMany: true };
  }
  return { instants, leftOut, tooMany: false };
}
