import type { Kysely } from 'kysely';
import type { BulkChange } from '../driver/bulk.js';
import type { Database } from '../driver/database.js';
import { COLUMNS } from '../schema/columns.js';
import type { JobTable, LockedJob, RunTable, Tables } from '../schema/tables.js';
import { followZoneData } from '../turn/change-job.js';
import { Effects, type Span } from '../turn/effects.js';
import { JobTurn } from '../turn/job-turn.js';
import { LiveRuns } from '../turn/live-runs.js';
import type { RunIds } from '../turn/run-ids.js';
import { readJob } from '../turn/stored-job.js';
import type { KnownPolicies } from './known-policies.js';
import { together } from './together.js';
import { type LiveRun, LiveRunReader } from './live-run-reader.js';

/** Texts of one statement, in characters: below what servers take in one packet. */
const LONGEST_BATCH = 2_000_000;

/** Columns of a run that a turn may change. */
const RUN_COLUMNS = [
  'generation',
  'merged',
  'count_at_least',
  'state',
  'outcome',
  'reason',
  'attempt',
  'lost',
  'token',
  'live',
  'followed',
  'due_at',
  'catch_up',
  'replaced',
  'holds_place',
  'group_name',
  'holder',
  'lease_until',
  'started_at',
  'ended_at',
  'lateness_ms',
  'error',
  'result',
  'attempts',
] as const satisfies readonly (keyof RunTable)[];

/** Columns of a job that its ticks and runs change. */
const SCHEDULE_COLUMNS = [
  'state',
  'due_at',
  'tick_at',
  'last_tick_at',
  'awaits_run',
  'runs_started',
  'failures_in_row',
  'span_id',
  'live_from',
  'tzdata',
] as const satisfies readonly (keyof JobTable)[];

const JOB_COLUMNS = (Object.keys(COLUMNS.jobs) as (keyof JobTable)[]).filter((column) => column !== 'id');

/** Reads jobs with their live runs under lock, and writes what turns made of them. */
export class TurnStore {
  private readonly liveRuns: LiveRunReader;

  constructor(
    private readonly db: Database,
    private readonly ids: RunIds,
    private readonly tzdata: string,
    private readonly policies: KnownPolicies,
  ) {
    this.liveRuns = new LiveRunReader(db);
  }

  /** Locks the jobs, waiting for whoever has them. In one order, so that two who lock several do not wait for each other. */
  async lockJobs(trx: Kysely<Tables>, ids: readonly string[]): Promise<JobTable[]> {
    if (ids.length === 0) return [];
    const query = trx.selectFrom('jobs').selectAll().where(this.db.dialect.isOneOf('id', ids)).orderBy('id');
    return (this.db.dialect.skipLocked ? query.forUpdate() : query).execute();
  }

  /** The turns of jobs that are locked; waits for their runs. @param whole with all that waits to catch up */
  async turns(
    trx: Kysely<Tables>,
    rows: readonly JobTable[],
    effects: Effects,
    now: number,
    whole = false,
  ): Promise<JobTurn[]> {
    const [runs, spans] = await together([this.liveRuns.of(trx, rows, whole), this.spans(trx, rows)]);
    const locked = await this.liveRuns.lockCarried(trx, runs, 'wait');
    return this.make(rows, runs, spans, locked, effects, now);
  }

  /**
   * The turns of jobs that are locked, but of those that have a run which another has locked: a claim
   * waits for no lock of a run, so that nobody waits for it in a circle.
   */
  async freeTurns(
    trx: Kysely<Tables>,
    rows: readonly JobTable[],
    effects: Effects,
    now: number,
  ): Promise<JobTurn[]> {
    const [runs, spans] = await together([this.liveRuns.of(trx, rows, false), this.spans(trx, rows)]);
    const locked = await this.liveRuns.lockCarried(trx, runs, 'skip');
    const isBusy = ({ id, holds_place }: RunTable) => holds_place === 1 && !locked.has(id);
    const busy = new Set(runs.filter(isBusy).map(({ job_id }) => job_id));
    const free = rows.filter(({ id }) => !busy.has(id));
    const turns = this.make(free, runs, spans, locked, effects, now);
    // Only here: a transaction of the user's may see less than there is. Written with what else changes.
    for (const { row, runs: live } of turns) row.live_from = live[0]?.id ?? null;
    return turns;
  }

  /** A turn of a job that is not stored yet. */
  newTurn(row: JobTable, effects: Effects, now: number): JobTurn {
    const { ids, tzdata } = this;
    return new JobTurn(readJob(row), new LiveRuns(), null, { ids, tzdata, effects, now });
  }

  /** @returns ids of runs that are not stored: their tick has its outcome already */
  async write(trx: Kysely<Tables>, turns: readonly JobTurn[], effects: Effects): Promise<Set<string>> {
    for (const turn of turns) turn.finish();
    const { dialect } = this.db;
    const longer = [...effects.longer.values()].map(({ id, tickUntil, endedAt, count, countAtLeast }) => ({
      where: { id },
      set: { tick_until: tickUntil, ended_at: endedAt, count, count_at_least: countAtLeast },
    }));
    const removed = turns.filter((turn) => turn.removed).map(({ row }) => row.id);
    // Sent together: none of them depends on the answer to another.
    const [unstored] = await together([
      this.insertRuns(trx, [...effects.inserted]),
      dialect.updateMany(trx, { table: 'runs', rows: [...effects.touched].map(runChange) }),
      dialect.updateMany(trx, { table: 'runs', rows: longer }),
      this.writeJobs(
        trx,
        turns.filter((turn) => !turn.removed),
      ),
      removed.length > 0 && trx.deleteFrom('jobs').where(dialect.isOneOf('id', removed)).execute(),
    ]);
    return unstored;
  }

  private async insertRuns(trx: Kysely<Tables>, runs: readonly RunTable[]): Promise<Set<string>> {
    const inserts = [...batches(runs)].map((rows) =>
      this.db.dialect.insertMany(trx, { table: 'runs', rows }),
    );
    const stored = new Set((await together(inserts)).flat());
    if (stored.size === runs.length) return new Set();
    return new Set(runs.flatMap(({ id }) => (stored.has(id) ? [] : id)));
  }

  private async writeJobs(trx: Kysely<Tables>, turns: readonly JobTurn[]): Promise<void> {
    const { dialect } = this.db;
    const scheduled = turns.filter(({ changed, edited }) => changed && !edited);
    const whole = turns.filter(({ edited }) => edited).map(({ row }) => row);
    await together([
      this.writeSchedules(trx, scheduleChanges(scheduled)),
      ...[...batches(whole)].map((rows) =>
        dialect.updateMany(trx, { table: 'jobs', rows: rows.map(jobChange) }),
      ),
    ]);
  }

  private async writeSchedules(trx: Kysely<Tables>, rows: readonly BulkChange<'jobs'>[]): Promise<void> {
    const { dialect } = this.db;
    const written = new Set(await dialect.updateMany(trx, { table: 'jobs', rows }));
    if (written.size === rows.length) return;
    const others = rows.filter(({ where }) => !written.has(where.id));
    await dialect.updateMany(trx, { table: 'jobs', rows: others.map(({ where, set }) => ({ where, set })) });
  }

  private make(
    rows: readonly JobTable[],
    runs: readonly LiveRun[],
    spans: ReadonlyMap<string, Span>,
    locked: ReadonlyMap<string, RunTable>,
    effects: Effects,
    now: number,
  ): JobTurn[] {
    const liveOf = new Map<string, LiveRuns>();
    for (const run of runs) {
      let live = liveOf.get(run.job_id);
      if (!live) liveOf.set(run.job_id, (live = new LiveRuns()));
      live.add(run, locked.get(run.id) ?? run);
    }
    const context = { ids: this.ids, tzdata: this.tzdata, effects, now };
    return rows.map((row) => {
      const job = readJob(row);
      job.policies = this.policies.complete(row, job.policies);
      const span = row.span_id === null ? null : (spans.get(row.span_id) ?? null);
      const turn = new JobTurn(job, liveOf.get(row.id) ?? new LiveRuns(), span, context);
      followZoneData(turn);
      return turn;
    });
  }

  private async spans(trx: Kysely<Tables>, rows: readonly JobTable[]): Promise<Map<string, Span>> {
    const ids = rows.flatMap(({ span_id }) => span_id ?? []);
    if (ids.length === 0) return new Map();
    const found = await trx
      .selectFrom('runs')
      .select(['id', 'outcome', 'reason', 'count', 'count_at_least as countAtLeast'])
      .where(this.db.dialect.isOneOf('id', ids))
      .execute();
    return new Map(found.map((span) => [span.id, span as Span]));
  }
}

function runChange(run: RunTable): BulkChange<'runs'> {
  return { where: { id: run.id }, set: pick(run, RUN_COLUMNS) };
}

/** Of the columns that change with the schedule those that do so in any of these jobs. */
function scheduleChanges(turns: readonly JobTurn[]): BulkChange<'jobs'>[] {
  const columns = SCHEDULE_COLUMNS.filter((column) =>
    turns.some(({ row, before }) => row[column] !== before[column]),
  );
  if (columns.length === 0) return [];
  return turns.map(({ row }) => ({
    where: { id: row.id },
    set: pick(row, columns),
    at: (row as LockedJob).row_at,
  }));
}

function jobChange(row: JobTable): BulkChange<'jobs'> {
  return { where: { id: row.id }, set: pick(row, JOB_COLUMNS) };
}

function pick<Row extends object, Column extends keyof Row>(
  row: Row,
  columns: readonly Column[],
): Pick<Row, Column> {
  const picked = {} as Pick<Row, Column>;
  for (const column of columns) picked[column] = row[column];
  return picked;
}

/** Rows in pieces that one statement can carry. */
export function* batches<T extends object>(rows: readonly T[]): Generator<T[]> {
  let batch: T[] = [];
  let length = 0;
  for (const row of rows) {
    const { payload } = row as { payload?: string | null };
    const added = payload?.length ?? 0;
    if (batch.length > 0 && length + added > LONGEST_BATCH) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(row);
    length += added;
  }
  if (batch.length > 0) yield batch;
}
