import type { BatchSlots } from '@carillon/scheduler/store';
import { type CompiledQuery, type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import { slot } from '../driver/templates.js';
import type { LockedSchedule, Tables } from '../schema/tables.js';

export interface DueRange {
  /** Nothing that is due before it is looked at, UTC ms. */
  readonly from: number;
  readonly now: number;
  readonly limit: number;
  /** The only job to look at. */
  readonly only: string | null;
}

/** Queries for what is due and may be claimed, in the order in which it fell due. */
export class DueQueries {
  private readonly full: readonly string[];

  constructor(
    private readonly db: Database,
    private readonly trx: Kysely<Tables>,
    private readonly handlers: readonly string[],
    private readonly slots: BatchSlots,
    private readonly range: DueRange,
  ) {
    this.full = slots.fullGroups();
  }

  /** Locks those of the due jobs that no other transaction has locked. */
  lockJobs(): Promise<LockedSchedule[]> {
    return this.run('due jobs', () => {
      const rows = this.jobs().selectAll().orderBy('due_at').limit(slot('limit'));
      const isPostgres = this.db.dialect.name === 'postgres';
      const query = rows.$if(isPostgres, (all) => all.select(sql<string>`ctid::text`.as('row_at')));
      return (this.db.dialect.skipLocked ? query.forUpdate().skipLocked() : query).compile();
    });
  }

  /** Ids of due jobs, locked or not. */
  async jobIds(): Promise<string[]> {
    const query = () => this.jobs().select('id').orderBy('due_at').limit(slot('limit')).compile();
    return (await this.run('ids of due jobs', query)).map(({ id }) => id);
  }

  /** Ids of the jobs of due runs that wait. */
  async jobsOfRuns(): Promise<string[]> {
    const { db, trx, handlers, range, full } = this;
    const query = () =>
      trx
        .selectFrom('live_runs as r')
        .innerJoin('schedules as j', 'j.id', 'r.job_id')
        .select('r.job_id')
        .where('r.state', '=', sql.lit('waiting'))
        .where('r.due_at', '>=', slot('from'))
        .where('r.due_at', '<=', slot('now'))
        .where(db.dialect.isOneOf('j.handler', handlers))
        .$if(range.only !== null, (all) => all.where('r.job_id', '=', slot('only')))
        .$if(full.length > 0, (all) =>
          all.where((is) => is.or([is('j.group_name', 'is', null), is('j.group_name', 'not in', [...full])])),
        )
        .orderBy('r.due_at')
        .limit(slot('limit'))
        .compile();
    return (await this.run('due runs', query)).map(({ job_id }) => job_id);
  }

  private jobs() {
    const { db, trx, handlers, slots, range, full } = this;
    const known = db.dialect.isOneOf('handler', handlers);
    const query = trx
      .selectFrom('schedules')
      .where('due_at', '>=', slot('from'))
      .where('due_at', '<=', slot('now'))
      .where((is) => is.or([known, is('state', '=', 'paused')]))
      .$if(range.only !== null, (all) => all.where('id', '=', slot('only')));
    // Ticks that start no run, because one is alive, need no slot.
    const alive = sql<SqlBool>`exists (select 1 from ${sql.table('live_runs')} as r where r.job_id = ${sql.ref('schedules.id')})`;
    if (slots.noneLeft) return query.where((is) => is.or([alive, is('state', '=', 'paused')]));
    if (full.length === 0) return query;
    return query.where((is) =>
      is.or([
        is('group_name', 'is', null),
        is('group_name', 'not in', [...full]),
        alive,
        is('state', '=', 'paused'),
      ]),
    );
  }

  /** @param query its text depends on the handlers, the slots left, and whether there is an only job */
  private run<R>(name: string, query: () => CompiledQuery<R>): Promise<R[]> {
    const { db, trx, handlers, slots, range, full } = this;
    const key = JSON.stringify([name, handlers, slots.noneLeft, full, range.only !== null]);
    return db.templates.run(trx, key, query, { ...range });
  }
}

/** When the next job or waiting run is due whose handler is known. @param from nothing before it is looked at, UTC ms */
export async function selectEarliestDue(
  { kysely, dialect, templates }: Database,
  handlers: readonly string[],
  from: number,
): Promise<number | null> {
  const known = () => dialect.isOneOf('schedules.handler', handlers);
  const job = () =>
    kysely
      .selectFrom('schedules')
      .select('due_at as at')
      .where('due_at', '>=', slot('from'))
      .where((is) => is.or([known(), is('state', '=', 'paused')]))
      .orderBy('due_at')
      .limit(1);
  const run = () =>
    kysely
      .selectFrom('live_runs')
      .innerJoin('schedules', 'schedules.id', 'live_runs.job_id')
      .select('live_runs.due_at as at')
      .where('live_runs.state', '=', sql.lit('waiting'))
      .where('live_runs.due_at', '>=', slot('from'))
      .where(known())
      .orderBy('live_runs.due_at')
      .limit(1);
  const either = () =>
    kysely
      .selectNoFrom(job().as('at'))
      .unionAll(kysely.selectNoFrom(run().as('at')))
      .compile();
  let earliest = Number.POSITIVE_INFINITY;
  const key = JSON.stringify(['earliest', handlers]);
  for (const { at } of await templates.run(kysely, key, either, { from }))
    earliest = Math.min(earliest, at ?? earliest);
  return earliest === Number.POSITIVE_INFINITY ? null : earliest;
}

/** When the next tick is due that needs no slot, because its job has a run alive. */
export async function selectEarliestWithoutSlot(
  { kysely, dialect }: Database,
  handlers: readonly string[],
): Promise<number | null> {
  const job = await kysely
    .selectFrom('schedules')
    .innerJoin('live_runs', 'live_runs.job_id', 'schedules.id')
    .select('schedules.due_at')
    .where('schedules.due_at', 'is not', null)
    .where(dialect.isOneOf('schedules.handler', handlers))
    .orderBy('schedules.due_at')
    .limit(1)
    .executeTakeFirst();
  return job?.due_at ?? null;
}
