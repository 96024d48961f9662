import { type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import { firstIdOf } from '../turn/run-ids.js';

/** How long, and how much, is kept. */
export interface Retention {
  /** Ended runs older than this go, ms; null for no limit. */
  readonly ageMs: number | null;
  /** Rows kept of each job; null for no limit. */
  readonly perJob: number | null;
}

/** Rows that go at once: a transaction of a moment. */
const BATCH = 500;
/** Batches at one beat. */
const BATCHES = 20;

/** Forgets history in small pieces, the oldest first. */
export class Forgetting {
  /** Rows made of each job since its history was last measured. */
  private readonly made = new Map<string, number>();
  /** The last run that was looked at for its age; empty at the beginning. */
  private lookedUntil = '';

  constructor(
    private readonly db: Database,
    private readonly retention: Retention,
  ) {}

  noteMade(jobId: string): void {
    if (this.retention.perJob !== null) this.made.set(jobId, (this.made.get(jobId) ?? 0) + 1);
  }

  async run(now: number): Promise<void> {
    const { ageMs } = this.retention;
    if (ageMs !== null) await this.forgetOlder(now - ageMs);
    await this.forgetSurplus();
  }

  /** Ids sort by when runs were made, which is before they end: no index by their end is needed. */
  private async forgetOlder(beforeAt: number): Promise<void> {
    if (beforeAt <= 0) return;
    const { kysely } = this.db;
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = await kysely
        .selectFrom('runs')
        .select(['id', 'live', 'ended_at'])
        .where('id', '>', this.lookedUntil)
        .where('id', '<', firstIdOf(beforeAt))
        .orderBy('id')
        .limit(BATCH)
        .execute();
      const isOld = ({ live, ended_at }: (typeof rows)[number]) => live === 0 && (ended_at ?? 0) < beforeAt;
      await this.delete(rows.filter(isOld).map(({ id }) => id));
      // What ended later than others that were made then is met again on the next way through.
      this.lookedUntil = rows.length < BATCH ? '' : rows.at(-1)!.id;
      if (rows.length < BATCH) break;
    }
    await this.forgetFinished(beforeAt);
  }

  /** A finished job is kept as long as the history has a row of it; a declared one, lest its next declaration begin it anew. */
  private async forgetFinished(beforeAt: number): Promise<void> {
    const isFinished = (kysely: Kysely<Tables>) =>
      kysely
        .selectFrom('jobs')
        .select('id')
        .where('state', '=', 'finished')
        .where('origin', '=', 'added')
        .where('updated_at', '<', beforeAt)
        .where(
          sql<SqlBool>`not exists (select 1 from ${sql.table('runs')} as r where r.job_id = ${sql.ref('jobs.id')})`,
        )
        .limit(BATCH);
    await this.db.transaction(async (trx) => {
      const query = isFinished(trx);
      const rows = await (this.db.dialect.skipLocked ? query.forUpdate().skipLocked() : query).execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) await trx.deleteFrom('jobs').where(this.db.dialect.isOneOf('id', ids)).execute();
    });
  }

  private async forgetSurplus(): Promise<void> {
    const { perJob } = this.retention;
    if (perJob === null) return;
    const worth = Math.max(1, Math.floor(perJob / 10));
    for (const [jobId, made] of this.made) {
      if (made < worth) continue;
      await this.forgetSurplusOf(jobId, perJob);
      this.made.delete(jobId);
    }
  }

  private async forgetSurplusOf(jobId: string, perJob: number): Promise<void> {
    const ended = () =>
      this.db.kysely.selectFrom('runs').select('id').where('job_id', '=', jobId).where('live', '=', 0);
    const first = await ended().orderBy('id', 'desc').offset(perJob).limit(1).executeTakeFirst();
    if (!first) return;
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = await ended().where('id', '<=', first.id).orderBy('id').limit(BATCH).execute();
      await this.delete(rows.map(({ id }) => id));
      if (rows.length < BATCH) return;
    }
  }

  private async delete(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.db.kysely.deleteFrom('runs').where(this.db.dialect.isOneOf('id', ids)).execute();
  }
}
