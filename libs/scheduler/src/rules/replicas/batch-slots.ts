import type { ConcurrencyLimits } from '../../model/index.js';
import type { StoreSession } from '../../ports/index.js';
import type { ClaimSlots } from '../claim.js';
import type { RunRecord } from '../records.js';

/** Attempts that a claim may still begin: of this process in all, and of each group among all replicas. */
export class BatchSlots implements ClaimSlots {
  private whole: number;
  private readonly left = new Map<string, number>();

  /**
   * @param held attempts of this process
   * @param taken slots that are taken, by group, of the groups that the claim has locked
   */
  constructor(
    private readonly limits: ConcurrencyLimits,
    held: number,
    taken: ReadonlyMap<string, number>,
  ) {
    this.whole = limits.whole === null ? Number.POSITIVE_INFINITY : limits.whole - held;
    for (const [group, count] of taken) this.left.set(group, limits.groups[group]! - count);
  }

  /** For a store whose claims see all runs under lock. */
  static among(runs: Iterable<RunRecord>, { replica, concurrency }: StoreSession): BatchSlots {
    const held = [...runs].filter(({ holdsSlot }) => holdsSlot);
    const own = held.filter(({ holder }) => holder === replica).length;
    const ofGroup = (name: string) => held.filter(({ group }) => group === name).length;
    const taken = Object.keys(concurrency.groups).map((name) => [name, ofGroup(name)] as const);
    return new BatchSlots(concurrency, own, new Map(taken));
  }

  get noneLeft(): boolean {
    return this.whole <= 0;
  }

  /** Of the groups that the claim has locked, those without a slot. */
  fullGroups(): string[] {
    return [...this.left.keys()].filter((group) => this.left.get(group)! <= 0);
  }

  isFull(group: string | null): boolean {
    if (this.whole <= 0) return true;
    if (group === null || this.limits.groups[group] === undefined) return false;
    // A group that is not locked is not counted, so none of its runs may begin.
    return (this.left.get(group) ?? 0) <= 0;
  }

  take(group: string | null): void {
    this.whole--;
    if (group !== null && this.left.has(group)) this.left.set(group, this.left.get(group)! - 1);
  }
}
