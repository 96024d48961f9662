/** Before every instant. */
const UNKNOWN = Number.MIN_SAFE_INTEGER;

interface Uncommitted {
  dueAt: number;
  until: number;
}

/**
 * The instant from which queries for what is due begin: nothing is due before it, as far as this process knows.
 * PostgreSQL keeps the index entries of past due instants as long as any transaction might see them, and a query from
 * the beginning of time walks over them all. This process lowers the floor by `lower`, others by a hint; and once in
 * `resetMs` a query begins at the beginning, in case a hint was lost.
 */
export class DueFloor {
  private at = UNKNOWN;
  /** The lowest instant since a query was sent. */
  private loweredTo = Number.POSITIVE_INFINITY;
  private resetAt = Number.NEGATIVE_INFINITY;
  private handlers = 0;
  private uncommitted: Uncommitted[] = [];

  /** @param resetMs zero: there are no hints, so every query begins at the beginning */
  constructor(private readonly resetMs: number) {}

  /** Where a claim begins. @param handlers how many are known: a further one may have due jobs */
  from(now: number, handlers: number): number {
    if (handlers !== this.handlers || now >= this.resetAt + this.resetMs || now < this.resetAt) {
      this.handlers = handlers;
      this.resetAt = now;
      this.reset();
    }
    return this.at;
  }

  /** Something is due then. */
  lower(dueAt: number | null): void {
    if (dueAt === null) return;
    this.at = Math.min(this.at, dueAt);
    this.loweredTo = Math.min(this.loweredTo, dueAt);
  }

  /** Something will be due then, once the user has committed it. */
  lowerLater(dueAt: number | null, now: number): void {
    if (dueAt === null) return;
    this.uncommitted = this.uncommitted.filter(({ until }) => until > now);
    this.uncommitted.push({ dueAt, until: Math.max(dueAt, now) + this.resetMs });
    this.lower(dueAt);
  }

  /** Something may be due at any instant. */
  reset(): void {
    this.lower(UNKNOWN);
  }

  /** Asks for the earliest due instant, from the floor on; later queries begin there. */
  async raise(ask: (from: number) => Promise<number | null>): Promise<number | null> {
    if (this.resetMs === 0) return ask(UNKNOWN);
    this.loweredTo = Number.POSITIVE_INFINITY;
    const earliest = await ask(this.at);
    const uncommitted = this.uncommitted.map(({ dueAt }) => dueAt);
    this.at = Math.min(earliest ?? Number.MAX_SAFE_INTEGER, this.loweredTo, ...uncommitted);
    return earliest;
  }
}
