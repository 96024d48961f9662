import type { Policies } from '../model/index.js';

/**
 * Where a new run of a job goes (O1):
 * - `start`: it starts now.
 * - `skip`: it does not run.
 * - `queue`: it waits behind what is alive.
 * - `replaceQueued`: it waits, and what waited is merged into it.
 * - `cancelPrevious`: the same, and what is alive is cancelled.
 */
export type Placement = 'start' | 'skip' | 'queue' | 'replaceQueued' | 'cancelPrevious';

export function placeRun(policies: Pick<Policies, 'overlap' | 'maxInstances'>, alive: number): Placement {
  if (alive === 0) return 'start';
  switch (policies.overlap) {
    case 'skip':
      return 'skip';
    case 'queueOne':
      return 'replaceQueued';
    case 'queueAll':
      return 'queue';
    case 'cancelPrevious':
      return 'cancelPrevious';
    case 'allow':
      return policies.maxInstances === null || alive < policies.maxInstances ? 'start' : 'skip';
    default:
      return policies.overlap satisfies never;
  }
}
