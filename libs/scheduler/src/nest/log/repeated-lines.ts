const EVERY_MS = 60_000;
/** Beyond this many kinds of line the oldest are forgotten. */
const MOST_KINDS = 10_000;

/** Lets the first line of a kind through, and then one a minute, so that a flood does not hide the rest of the log. */
export class RepeatedLines {
  private readonly kinds = new Map<string, { saidAt: number; leftOut: number }>();

  /** How many lines of this kind were left out before this one; null when this one is left out, too. */
  say(kind: string, at: Date): number | null {
    const known = this.kinds.get(kind);
    if (known && Math.abs(at.getTime() - known.saidAt) < EVERY_MS) {
      known.leftOut++;
      return null;
    }
    this.kinds.delete(kind);
    this.kinds.set(kind, { saidAt: at.getTime(), leftOut: 0 });
    if (this.kinds.size > MOST_KINDS) this.kinds.delete(this.kinds.keys().next().value!);
    return known?.leftOut ?? 0;
  }
}
