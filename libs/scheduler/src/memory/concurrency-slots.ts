import type { ConcurrencyLimits } from '../model/index.js';
import type { ClaimSlots } from '../rules/index.js';

/** Stands for the limit of the whole scheduler beside the names of groups. */
export const WHOLE = '\0whole';

/** Counts the attempts that run at once, in all and by group. */
export class ConcurrencySlots implements ClaimSlots {
  private readonly taken = new Map<string, number>();

  private constructor(private readonly limits: ConcurrencyLimits) {}

  /** Null without any limit: then nothing is counted. */
  static for(limits: ConcurrencyLimits): ConcurrencySlots | null {
    return limits.whole === null && Object.keys(limits.groups).length === 0
      ? null
      : new ConcurrencySlots(limits);
  }

  /** The limit that keeps a run of this group from starting; null when none does. */
  limitOf(group: string | null): string | null {
    if (this.limits.whole !== null && this.left(WHOLE) <= 0) return WHOLE;
    return group !== null && this.left(group) <= 0 ? group : null;
  }

  isFull(group: string | null): boolean {
    return this.limitOf(group) !== null;
  }

  readonly left = (group: string): number => {
    const limit = group === WHOLE ? this.limits.whole : (this.limits.groups[group] ?? null);
    return limit === null ? Number.POSITIVE_INFINITY : limit - (this.taken.get(group) ?? 0);
  };

  take(group: string | null): void {
    this.add(group, 1);
  }

  giveBack(group: string | null): void {
    this.add(group, -1);
  }

  private add(group: string | null, change: number): void {
    if (this.limits.whole !== null) this.taken.set(WHOLE, (this.taken.get(WHOLE) ?? 0) + change);
    if (group !== null) this.taken.set(group, (this.taken.get(group) ?? 0) + change);
  }
}
