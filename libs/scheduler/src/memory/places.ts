import type { ConcurrencyLimits } from '../model/index.js';

/** Stands for the limit of the whole scheduler beside the names of groups. */
export const WHOLE = '\0whole';

/** How many attempts run at once, in all and by group, and how many more may. */
export class Places {
  private readonly running = new Map<string, number>();

  private constructor(private readonly limits: ConcurrencyLimits) {}

  /** Null without any limit: then nothing is counted. */
  static for(limits: ConcurrencyLimits): Places | null {
    return limits.whole === null && Object.keys(limits.groups).length === 0 ? null : new Places(limits);
  }

  /** What keeps a run of this group from starting; null when nothing does. */
  fullFor(group: string | null): string | null {
    if (this.limits.whole !== null && this.left(WHOLE) <= 0) return WHOLE;
    return group !== null && this.left(group) <= 0 ? group : null;
  }

  readonly left = (group: string): number => {
    const limit = group === WHOLE ? this.limits.whole : (this.limits.groups[group] ?? null);
    return limit === null ? Number.POSITIVE_INFINITY : limit - (this.running.get(group) ?? 0);
  };

  enter(group: string | null): void {
    this.add(group, 1);
  }

  leave(group: string | null): void {
    this.add(group, -1);
  }

  private add(group: string | null, change: number): void {
    if (this.limits.whole !== null) this.running.set(WHOLE, (this.running.get(WHOLE) ?? 0) + change);
    if (group !== null) this.running.set(group, (this.running.get(group) ?? 0) + change);
  }
}
