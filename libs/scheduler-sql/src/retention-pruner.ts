import type { Database } from './driver/database.js';
import {
  deleteHistory,
  lockForgottenJobs,
  selectEndedUntil,
  selectFirstSurplus,
  selectMadeBefore,
} from './statements/history.js';
import { deleteJobs } from './statements/jobs.js';

/** How long, and how much, is kept. */
export interface Retention {
  /** Ended runs older than this go, ms; null for no limit. */
  readonly ageMs: number | null;
  /** Rows kept of each job; null for no limit. */
  readonly perJob: number | null;
}

/** Rows that one statement deletes: a short transaction. */
const BATCH = 500;
/** Batches at one beat. */
const BATCHES = 20;

/** Deletes history in small batches, the oldest first. */
export class RetentionPruner {
  /** Rows made of each job since its history was last measured. */
  private readonly made = new Map<string, number>();
  /** The last run whose age was looked at; empty at the beginning. */
  private prunedUntil = '';

  constructor(
    private readonly db: Database,
    private readonly retention: Retention,
  ) {}

  readonly noteMade = (jobId: string): void => {
    if (this.retention.perJob !== null) this.made.set(jobId, (this.made.get(jobId) ?? 0) + 1);
  };

  async prune(now: number): Promise<void> {
    const { ageMs } = this.retention;
    if (ageMs !== null) await this.pruneOlder(now - ageMs);
    await this.pruneSurplus();
  }

  /** Ids sort by when runs were made, which is before they end: no index by their end is needed. */
  private async pruneOlder(beforeAt: number): Promise<void> {
    if (beforeAt <= 0) return;
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = await selectMadeBefore(this.db, { afterId: this.prunedUntil, beforeAt, limit: BATCH });
      const isOld = ({ ended_at }: (typeof rows)[number]) => (ended_at ?? 0) < beforeAt;
      await deleteHistory(
        this.db,
        rows.filter(isOld).map(({ id }) => id),
      );
      // Runs that ended later than others that were made then are met again on the next way through.
      this.prunedUntil = rows.length < BATCH ? '' : rows.at(-1)!.id;
      if (rows.length < BATCH) break;
    }
    await this.db.transaction(async (trx) => {
      const ids = await lockForgottenJobs(this.db, trx, { beforeAt, limit: BATCH });
      await deleteJobs(this.db, trx, ids);
    });
  }

  private async pruneSurplus(): Promise<void> {
    const { perJob } = this.retention;
    if (perJob === null) return;
    const worthwhile = Math.max(1, Math.floor(perJob / 10));
    for (const [jobId, made] of this.made) {
      if (made < worthwhile) continue;
      await this.pruneSurplusOf(jobId, perJob);
      this.made.delete(jobId);
    }
  }

  private async pruneSurplusOf(jobId: string, perJob: number): Promise<void> {
    const untilId = await selectFirstSurplus(this.db, jobId, perJob);
    if (untilId === null) return;
    for (let batch = 0; batch < BATCHES; batch++) {
      const ids = await selectEndedUntil(this.db, { jobId, untilId, limit: BATCH });
      await deleteHistory(this.db, ids);
      if (ids.length < BATCH) return;
    }
  }
}
