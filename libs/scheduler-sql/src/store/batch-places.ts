import type { ConcurrencyLimits } from '@carillon/scheduler/store';
import type { ClaimPlaces } from '../turn/claim-due.js';

/** How many more attempts may begin: of this process in all, and of each group among all that share the store. */
export class BatchPlaces implements ClaimPlaces {
  private whole: number;
  private readonly left = new Map<string, number>();

  /**
   * @param held attempts of this process
   * @param taken places by group, of the groups whose rows are locked
   */
  constructor(
    private readonly limits: ConcurrencyLimits,
    held: number,
    taken: ReadonlyMap<string, number>,
  ) {
    this.whole = limits.whole === null ? Number.POSITIVE_INFINITY : limits.whole - held;
    for (const [group, count] of taken) this.left.set(group, limits.groups[group]! - count);
  }

  get noneLeft(): boolean {
    return this.whole <= 0;
  }

  /** Of the groups that have something due, those without a place. */
  get fullGroups(): string[] {
    return [...this.left.keys()].filter((group) => this.left.get(group)! <= 0);
  }

  full(group: string | null): boolean {
    if (this.whole <= 0) return true;
    if (group === null || this.limits.groups[group] === undefined) return false;
    // One that is not locked is not counted, either.
    return (this.left.get(group) ?? 0) <= 0;
  }

  enter(group: string | null): void {
    this.whole--;
    if (group !== null && this.left.has(group)) this.left.set(group, this.left.get(group)! - 1);
  }
}
