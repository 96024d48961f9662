/** Before every instant. */
const UNKNOWN = Number.MIN_SAFE_INTEGER;

interface Uncommitted {
  dueAt: number;
  until: number;
}

/**
 * Nothing is due before it, as far as this process knows: where queries for what is due begin. PostgreSQL keeps the
 * index entries of past due instants as long as any transaction might see them, and a query from the beginning of
 * time walks over them all. What comes below it is heard of: from this process by `lower`, from others by a hint; and
 * once in `lookMs` a query begins at the beginning, in case a hint was lost.
 */
export class DueFloor {
  private at = UNKNOWN;
  /** The lowest that was heard of since a question was put. */
  private heardAt = Number.POSITIVE_INFINITY;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private handlers = 0;
  private uncommitted: Uncommitted[] = [];

  /** @param lookMs zero: there are no hints, so every query begins at the beginning */
  constructor(private readonly lookMs: number) {}

  /** Where a claim begins. @param handlers how many are known: a further one may have due jobs */
  from(now: number, handlers: number): number {
    if (handlers !== this.handlers || now >= this.lookedAt + this.lookMs || now < this.lookedAt) {
      this.handlers = handlers;
      this.lookedAt = now;
      this.reset();
    }
    return this.at;
  }

  /** Something is due then. */
  lower(dueAt: number | null): void {
    if (dueAt === null) return;
    this.at = Math.min(this.at, dueAt);
    this.heardAt = Math.min(this.heardAt, dueAt);
  }

  /** Something will be due then, once the user has committed it. */
  lowerLater(dueAt: number | null, now: number): void {
    if (dueAt === null) return;
    this.uncommitted = this.uncommitted.filter(({ until }) => until > now);
    this.uncommitted.push({ dueAt, until: Math.max(dueAt, now) + this.lookMs });
    this.lower(dueAt);
  }

  /** Something is due, who knows when. */
  reset(): void {
    this.lower(UNKNOWN);
  }

  /** Asks for the earliest due instant, from the floor on; the answer is where the next queries begin. */
  async raise(ask: (from: number) => Promise<number | null>): Promise<number | null> {
    if (this.lookMs === 0) return ask(UNKNOWN);
    this.heardAt = Number.POSITIVE_INFINITY;
    const earliest = await ask(this.at);
    const uncommitted = this.uncommitted.map(({ dueAt }) => dueAt);
    this.at = Math.min(earliest ?? Number.MAX_SAFE_INTEGER, this.heardAt, ...uncommitted);
    return earliest;
  }
}
