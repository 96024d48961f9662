import { type CompiledQuery, type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import { slot } from '../driver/templates.js';
import type { LockedJob, Tables } from '../schema/tables.js';
import type { BatchPlaces } from './batch-places.js';

export interface DueRange {
  /** Nothing that is due before it is looked at, UTC ms. */
  readonly from: number;
  readonly now: number;
  readonly limit: number;
  /** The only job to look at. */
  readonly only: string | null;
}

/** Asks what is due that may be claimed, in the order in which it fell due. */
export class DueQueries {
  constructor(
    private readonly db: Database,
    private readonly trx: Kysely<Tables>,
    private readonly handlers: readonly string[],
    private readonly places: BatchPlaces,
    private readonly range: DueRange,
  ) {}

  /** Those of the due jobs that no other has locked. */
  lockJobs(): Promise<LockedJob[]> {
    return this.ask('due jobs', () => {
      const rows = this.jobs().selectAll().orderBy('due_at').limit(slot('limit'));
      const isPostgres = this.db.dialect.name === 'postgres';
      const query = rows.$if(isPostgres, (all) => all.select(sql<string>`ctid::text`.as('row_at')));
      return (this.db.dialect.skipLocked ? query.forUpdate().skipLocked() : query).compile();
    });
  }

  jobIds(limit: number): Promise<{ id: string }[]> {
    const query = () => this.jobs().select('id').orderBy('due_at').limit(slot('limit')).compile();
    return this.ask('ids of due jobs', query, limit);
  }

  jobsOfRuns(): Promise<{ job_id: string }[]> {
    const { db, trx, handlers, places, range } = this;
    const full = places.fullGroups;
    const query = () =>
      trx
        .selectFrom('runs as r')
        .innerJoin('jobs as j', 'j.id', 'r.job_id')
        .select('r.job_id')
        .where('r.state', '=', sql.lit('waiting'))
        .where('r.due_at', '>=', slot('from'))
        .where('r.due_at', '<=', slot('now'))
        .where(db.dialect.isOneOf('j.handler', handlers))
        .$if(range.only !== null, (all) => all.where('r.job_id', '=', slot('only')))
        .$if(full.length > 0, (all) =>
          all.where((is) => is.or([is('j.group_name', 'is', null), is('j.group_name', 'not in', full)])),
        )
        .orderBy('r.due_at')
        .limit(slot('limit'))
        .compile();
    return this.ask('due runs', query);
  }

  private jobs() {
    const { db, trx, handlers, places, range } = this;
    const known = db.dialect.isOneOf('handler', handlers);
    const full = places.fullGroups;
    const query = trx
      .selectFrom('jobs')
      .where('due_at', '>=', slot('from'))
      .where('due_at', '<=', slot('now'))
      .where((is) => is.or([known, is('state', '=', 'paused')]))
      .$if(range.only !== null, (all) => all.where('id', '=', slot('only')));
    // Ticks that start no run, because one is alive, need no place.
    const alive = sql<SqlBool>`exists (select 1 from ${sql.table('runs')} as r where r.live = 1 and r.job_id = ${sql.ref('jobs.id')})`;
    if (places.noneLeft) return query.where((is) => is.or([alive, is('state', '=', 'paused')]));
    if (full.length === 0) return query;
    return query.where((is) =>
      is.or([
        is('group_name', 'is', null),
        is('group_name', 'not in', full),
        alive,
        is('state', '=', 'paused'),
      ]),
    );
  }

  /** @param query what it says depends on the handlers, the places left, and whether there is an only job */
  private ask<R>(name: string, query: () => CompiledQuery<R>, limit = this.range.limit): Promise<R[]> {
    const { db, trx, handlers, places, range } = this;
    const { noneLeft, fullGroups } = places;
    const key = JSON.stringify([name, handlers, noneLeft, fullGroups, range.only !== null]);
    return db.templates.run(trx, key, query, { ...range, limit });
  }
}
