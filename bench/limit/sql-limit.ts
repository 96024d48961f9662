/**
 * The least that a scheduler over a database must do: jobs with a due instant, a run for each tick under
 * a unique key, which ends. No payloads, policies, leases, tokens, errors or retries.
 */
export interface SqlLimit {
  /** Due instants, UTC ms. */
  add(dueAts: readonly number[]): Promise<void>;
  /** One transaction: ends runs, and starts those of at most BATCH due jobs. */
  step(ended: readonly StartedRun[], now: number): StartedRun[] | Promise<StartedRun[]>;
  nextDueAt(): number | null | Promise<number | null>;
  /** Closes the database and leaves nothing behind. */
  drop(): Promise<void>;
}

export interface StartedRun {
  id: number;
  dueAt: number;
}

export const BATCH = 100;

const LONGEST_SLEEP_MS = 1_000;

/** One step after the other while anything is due, else one timer for the next due instant. */
export class SqlLimitLoop {
  private stopped = false;
  private readonly ended: Promise<void>;

  constructor(
    private readonly sql: SqlLimit,
    private readonly handler: (dueAt: number) => void,
  ) {
    this.ended = this.work();
  }

  private async work(): Promise<void> {
    let runs: StartedRun[] = [];
    while (!this.stopped) {
      const hadNone = runs.length === 0;
      runs = await this.sql.step(runs, Date.now());
      for (const { dueAt } of runs) this.handler(dueAt);
      if (hadNone && runs.length === 0) await this.sleep();
    }
  }

  private async sleep(): Promise<void> {
    const at = (await this.sql.nextDueAt()) ?? Infinity;
    const ms = Math.min(LONGEST_SLEEP_MS, Math.max(0, at - Date.now()));
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended;
  }
}
