import { type Kysely, sql } from 'kysely';
import type { Database } from '../driver/database.js';
import { slot } from '../driver/templates.js';
import type { HistoryTable, LiveRunTable, RunRow, ScheduleTable, Tables } from '../schema/tables.js';

/** Runs of a job that are queued to catch up and are read: they go one at a time. */
const NEXT_TO_CATCH_UP = 3;

/** A live run, and how many of its job are like it. */
export type LiveRun = LiveRunTable & { position: number; alike: number; alike_ticks: number };

/**
 * Reads the live runs of jobs that are locked, oldest first.
 *
 * @param whole false: of those queued to catch up only the next ones
 */
export async function selectLiveRuns(
  { kysely, dialect, templates }: Database,
  trx: Kysely<Tables>,
  jobs: readonly ScheduleTable[],
  whole: boolean,
): Promise<LiveRun[]> {
  const having = jobs.filter(({ live_from }) => live_from !== null);
  if (having.length === 0) return [];
  const most = whole ? Number.MAX_SAFE_INTEGER : NEXT_TO_CATCH_UP;
  const query = () => sql<LiveRun>`
    select * from (
      select r.*,
        row_number() over (partition by r.job_id, r.state, r.catches_up order by r.id) as position,
        count(*) over (partition by r.job_id, r.state, r.catches_up) as alike,
        count(r.scheduled_at) over (partition by r.job_id, r.state, r.catches_up) as alike_ticks
      from ${sql.table('live_runs')} as r
      where ${dialect.isIn('r.job_id', slot('ids'))} and r.id >= ${slot('from')}
    ) as live_runs
    where state <> 'queued' or catches_up = 0 or position <= ${slot('most')}
    order by id`;
  const ids = dialect.list(having.map(({ id }) => id));
  const from = having.map(({ live_from }) => live_from!).reduce((one, other) => (other < one ? other : one));
  const rows = await templates.run(trx, 'live runs', () => query().compile(kysely), { ids, from, most });
  return rows.filter(({ generation }) => generation > 0);
}

/**
 * Locks runs that are claimed, whose completions need not lock the job, and reads them again.
 *
 * @param whenLocked by another: `wait` for it, or `skip` the run
 */
export async function lockHeldRuns(
  { dialect }: Database,
  trx: Kysely<Tables>,
  runs: readonly LiveRunTable[],
  whenLocked: 'wait' | 'skip',
): Promise<Map<string, LiveRunTable>> {
  const held = runs.filter(({ holds_slot }) => holds_slot === 1);
  if (!dialect.skipLocked || held.length === 0) return new Map(held.map((run) => [run.id, run]));
  const ids = held.map(({ id }) => id);
  const query = trx
    .selectFrom('live_runs')
    .selectAll()
    .where(dialect.isOneOf('id', ids))
    .orderBy('id')
    .forUpdate()
    .$if(whenLocked === 'skip', (locking) => locking.skipLocked());
  return new Map((await query.execute()).map((run) => [run.id, run]));
}

/** Locks one run, whatever became of its job; one that has ended is only read. */
export async function lockRun(
  { dialect }: Database,
  trx: Kysely<Tables>,
  id: string,
): Promise<RunRow | undefined> {
  const query = trx.selectFrom('live_runs').selectAll().where('id', '=', id);
  const live = await (dialect.skipLocked ? query.forUpdate() : query).executeTakeFirst();
  return live ?? (await trx.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirst());
}

/** Locks those of the runs that no other transaction has locked. */
export function lockFreeRuns(
  { dialect }: Database,
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<LiveRunTable[]> {
  const query = trx.selectFrom('live_runs').selectAll().where(dialect.isOneOf('id', ids));
  return (dialect.skipLocked ? query.forUpdate().skipLocked() : query).execute();
}

/** How many runs of each job are alive. */
export async function countAlive({ kysely }: Database, jobId?: string): Promise<Map<string, number>> {
  let query = kysely
    .selectFrom('live_runs')
    .select(['job_id', ({ fn }) => fn.countAll<number>().as('alive')])
    .where('generation', '>', 0);
  if (jobId !== undefined) query = query.where('job_id', '=', jobId);
  const rows = await query.groupBy('job_id').execute();
  return new Map(rows.map(({ job_id, alive }) => [job_id, alive]));
}

/** Rows of spans that further ticks may join (M2). */
export type SpanRow = Pick<HistoryTable, 'id' | 'outcome' | 'reason' | 'count' | 'count_at_least'>;

export async function selectSpans(
  { dialect }: Database,
  trx: Kysely<Tables>,
  jobs: readonly ScheduleTable[],
): Promise<SpanRow[]> {
  const ids = jobs.flatMap(({ span_id }) => span_id ?? []);
  if (ids.length === 0) return [];
  return trx
    .selectFrom('history')
    .select(['id', 'outcome', 'reason', 'count', 'count_at_least'])
    .where(dialect.isOneOf('id', ids))
    .execute();
}
