import type { Policies } from '../model/index.js';

/** O1: whether another run may be alive beside the `alive` ones. */
export function mayStart(policies: Pick<Policies, 'overlap' | 'maxInstances'>, alive: number): boolean {
  if (alive === 0) return true;
  switch (policies.overlap) {
    case 'skip':
      return false;
    case 'allow':
      return policies.maxInstances === null || alive < policies.maxInstances;
    default:
      return policies.overlap satisfies never;
  }
}
