import { type Kysely, sql } from 'kysely';
import type { Database } from '../driver/database.js';
import { slot } from '../driver/templates.js';
import type { JobTable, RunTable, Tables } from '../schema/tables.js';

/** Runs of a job that wait to catch up and are read: they go one at a time. */
const NEXT_TO_CATCH_UP = 3;

/** A live run, and how many of its job are like it. */
export type LiveRun = RunTable & { place: number; alike: number; alike_ticks: number };

/** Reads the live runs of jobs that are locked. */
export class LiveRunReader {
  constructor(private readonly db: Database) {}

  /** Of those that wait to catch up only the next ones, unless `whole`. Oldest first. */
  async of(trx: Kysely<Tables>, jobs: readonly JobTable[], whole: boolean): Promise<LiveRun[]> {
    const having = jobs.filter(({ live_from }) => live_from !== null);
    if (having.length === 0) return [];
    const { kysely, dialect, templates } = this.db;
    const most = whole ? Number.MAX_SAFE_INTEGER : NEXT_TO_CATCH_UP;
    const query = () => sql<LiveRun>`
      select * from (
        select r.*,
          row_number() over (partition by r.job_id, r.state, r.catch_up order by r.id) as place,
          count(*) over (partition by r.job_id, r.state, r.catch_up) as alike,
          count(r.tick_at) over (partition by r.job_id, r.state, r.catch_up) as alike_ticks
        from ${sql.table('runs')} as r
        where r.live = 1 and ${dialect.isIn('r.job_id', slot('ids'))} and r.id >= ${slot('from')}
      ) as live_runs
      where state <> 'queued' or catch_up = 0 or place <= ${slot('most')}
      order by id`;
    const ids = dialect.list(having.map(({ id }) => id));
    const from = having
      .map(({ live_from }) => live_from!)
      .reduce((one, other) => (other < one ? other : one));
    const rows = await templates.run(trx, 'live runs', () => query().compile(kysely), { ids, from, most });
    // Compared here, so that no database takes another index for it, and with that the whole history.
    return rows.filter(({ generation }) => generation > 0);
  }

  /**
   * Locks those that a replica carries, whose ends need not lock the job, and reads them again.
   * @param how whether to wait for runs that another has locked, or to leave them out
   */
  async lockCarried(
    trx: Kysely<Tables>,
    runs: readonly RunTable[],
    how: 'wait' | 'skip',
  ): Promise<Map<string, RunTable>> {
    const carried = runs.filter(({ holds_place }) => holds_place === 1);
    if (!this.db.dialect.skipLocked || carried.length === 0)
      return new Map(carried.map((run) => [run.id, run]));
    const ids = carried.map(({ id }) => id);
    const query = trx
      .selectFrom('runs')
      .selectAll()
      .where(this.db.dialect.isOneOf('id', ids))
      .orderBy('id')
      .forUpdate()
      .$if(how === 'skip', (locking) => locking.skipLocked());
    return new Map((await query.execute()).map((run) => [run.id, run]));
  }
}
