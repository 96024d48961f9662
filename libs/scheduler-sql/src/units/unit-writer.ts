import {
  noteCompletions,
  type RunRecord,
  type SpanRecord,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { BulkChange, RunMove } from '../driver/bulk.js';
import type { Database } from '../driver/database.js';
import { inParallel } from '../driver/in-parallel.js';
import type { JobTable, ScheduleTable, Tables } from '../schema/tables.js';
import { deleteJobs, deleteUnscheduledJobs } from '../statements/jobs.js';
import { isEdited, SCHEDULE_COLUMNS, toJobRow, toScheduleRow, toTickColumns } from './job-rows.js';
import { type KnownJobs, newRevision } from './known-jobs.js';
import { hasEnded, toEndedChange, toHistoryRow, toLiveChange, toLiveRow } from './run-rows.js';
import type { SqlUnit } from './sql-unit.js';

/** Strings of one statement, in characters: below what servers take in one packet. */
const LONGEST_STATEMENT = 2_000_000;
/** Rows of one statement. */
const MOST_ROWS = 2_000;

interface Target {
  readonly db: Database;
  readonly known: KnownJobs;
}

/** Inserts the jobs of units that are not stored yet. Returns the ids of those that are new: another transaction may have stored the others meanwhile. */
export async function insertJobs(
  { db, known }: Target,
  trx: Kysely<Tables>,
  units: readonly SqlUnit[],
): Promise<string[]> {
  const jobs = units.map(({ job }) => toJobRow(job, { trigger: null, policies: null }));
  const stored = new Set(await insertJobRows(db, trx, jobs));
  if (stored.size < jobs.length) {
    const others = jobs.filter(({ id }) => !stored.has(id));
    const broken = await deleteUnscheduledJobs(
      db,
      trx,
      others.map(({ id }) => id),
    );
    const again = others.filter(({ id }) => broken.includes(id));
    for (const id of await insertJobRows(db, trx, again)) stored.add(id);
  }
  const schedules: ScheduleTable[] = [];
  units.forEach(({ job, liveFrom }, index) => {
    if (!stored.has(job.id)) return;
    const schedule = toScheduleRow(job, liveFrom, newRevision());
    schedules.push(schedule);
    known.keep(jobs[index]!, schedule);
  });
  const writes = Array.from(inStatements(schedules), (rows) =>
    db.dialect.insertMany(trx, { table: 'schedules', rows }),
  );
  await inParallel(writes);
  return [...stored];
}

async function insertJobRows(
  { dialect }: Database,
  trx: Kysely<Tables>,
  jobs: readonly JobTable[],
): Promise<string[]> {
  const inserts = Array.from(inStatements(jobs), (rows) => dialect.insertMany(trx, { table: 'jobs', rows }));
  return (await inParallel(inserts)).flat();
}

/**
 * Writes what rules changed in units of one context.
 *
 * @returns ids of runs that are not stored: their tick has its outcome already
 */
export async function writeUnits(
  target: Target,
  trx: Kysely<Tables>,
  units: readonly SqlUnit[],
  { changes }: UnitContext,
): Promise<Set<string>> {
  const { made, touched, lengthened } = changes;
  const { db } = target;
  for (const unit of units) noteCompletions(unit, (run) => made.has(run) || touched.has(run));
  const kept = units.filter(({ removed }) => !removed);
  const removed = units.filter((unit) => unit.removed).map(({ job }) => job.id);
  // Sent in parallel: none of them depends on the response to another.
  const [unstored] = await inParallel([
    insertRuns(db, trx, made),
    writeRuns(db, trx, touched),
    db.dialect.updateMany(trx, { table: 'history', rows: Array.from(lengthened, spanChange) }),
    writeJobs(target, trx, kept),
    deleteJobs(db, trx, removed),
  ]);
  return unstored;
}

async function insertRuns(
  { dialect }: Database,
  trx: Kysely<Tables>,
  made: ReadonlySet<RunRecord>,
): Promise<Set<string>> {
  if (made.size === 0) return new Set();
  const runs = [...made];
  const live = runs.filter((run) => !hasEnded(run)).map(toLiveRow);
  const history = runs.filter(hasEnded).map(toHistoryRow);
  const inserts = [
    ...Array.from(inStatements(live), (rows) => dialect.insertMany(trx, { table: 'live_runs', rows })),
    ...Array.from(inStatements(history), (rows) => dialect.insertMany(trx, { table: 'history', rows })),
  ];
  const stored = new Set((await inParallel(inserts)).flat());
  if (stored.size === runs.length) return new Set();
  return new Set(runs.flatMap(({ id }) => (stored.has(id) ? [] : id)));
}

/** Runs that have ended go to the history. */
async function writeRuns(
  { dialect }: Database,
  trx: Kysely<Tables>,
  touched: ReadonlySet<RunRecord>,
): Promise<void> {
  const moves: RunMove[] = [];
  const updates: BulkChange<'live_runs'>[] = [];
  for (const run of touched) {
    if (hasEnded(run)) moves.push({ where: { id: run.id }, set: toEndedChange(run) });
    else updates.push({ where: { id: run.id }, set: toLiveChange(run) });
  }
  await inParallel([
    dialect.moveMany(trx, { rows: moves }),
    dialect.updateMany(trx, { table: 'live_runs', rows: updates }),
  ]);
}

async function writeJobs(
  { db, known }: Target,
  trx: Kysely<Tables>,
  units: readonly SqlUnit[],
): Promise<void> {
  const edited: SqlUnit[] = [];
  const ticked: SqlUnit[] = [];
  for (const unit of units) {
    if (!unit.writesScheduleOnly && isEdited(unit.job, unit.before)) edited.push(unit);
    else ticked.push(unit);
  }
  const jobs = edited.map(editedRow);
  const schedules = edited.map(({ job, liveFrom }) => toScheduleRow(job, liveFrom, newRevision()));
  jobs.forEach((row, index) => known.keep(row, schedules[index]!));
  await inParallel([
    writeTicks(db, trx, tickChanges(ticked)),
    ...Array.from(inStatements(jobs), (rows) =>
      db.dialect.updateMany(trx, { table: 'jobs', rows: rows.map(changeOf) }),
    ),
    db.dialect.updateMany(trx, { table: 'schedules', rows: schedules.map(changeOf) }),
  ]);
}

async function writeTicks(
  { dialect }: Database,
  trx: Kysely<Tables>,
  rows: readonly BulkChange<'schedules'>[],
): Promise<void> {
  const written = new Set(await dialect.updateMany(trx, { table: 'schedules', rows }));
  if (written.size === rows.length) return;
  const others = rows.filter(({ where }) => !written.has(where.id));
  await dialect.updateMany(trx, {
    table: 'schedules',
    rows: others.map(({ where, set }) => ({ where, set })),
  });
}

function spanChange({
  id,
  scheduledUntil,
  endedAt,
  count,
  countIsAtLeast,
}: SpanRecord): BulkChange<'history'> {
  const set = {
    scheduled_until: scheduledUntil,
    ended_at: endedAt,
    count,
    count_at_least: countIsAtLeast ? 1 : 0,
  };
  return { where: { id }, set };
}

/** A trigger or policies that did not change keep their text, which may be one that cannot be read. */
function editedRow({ job, before, stored }: SqlUnit): JobTable {
  return toJobRow(job, {
    trigger: job.trigger === before.trigger ? (stored?.job.trigger_json ?? null) : null,
    policies: job.policies === before.policies ? (stored?.job.policies ?? null) : null,
  });
}

/** Of the columns that ticks change those that differ in any of the jobs. */
function tickChanges(units: readonly SqlUnit[]): BulkChange<'schedules'>[] {
  const differ = new Set<(typeof SCHEDULE_COLUMNS)[number]>();
  const changed: { unit: SqlUnit; after: ReturnType<typeof toTickColumns> }[] = [];
  for (const unit of units) {
    const { job, stored, liveFrom, hasNewRuns } = unit;
    const after = toTickColumns(job, liveFrom);
    let isNeeded = false;
    for (const column of SCHEDULE_COLUMNS) {
      if (stored !== null && after[column] === stored.schedule[column]) continue;
      // A `live_from` that could be raised is raised with what else changes.
      isNeeded ||= column !== 'live_from' || hasNewRuns;
      differ.add(column);
    }
    if (isNeeded) changed.push({ unit, after });
  }
  const columns = SCHEDULE_COLUMNS.filter((column) => differ.has(column));
  return changed.map(({ unit: { job, stored }, after }) => {
    const set: Record<string, unknown> = {};
    for (const column of columns) set[column] = after[column];
    return { where: { id: job.id }, set: set as Partial<ScheduleTable>, at: stored?.schedule.row_at };
  });
}

function changeOf<R extends { id: string }>({
  id,
  ...set
}: R): { where: { id: string }; set: Omit<R, 'id'> } {
  return { where: { id }, set };
}

/** Rows in pieces that one statement can carry. */
function* inStatements<T extends object>(rows: readonly T[]): Generator<T[]> {
  let piece: T[] = [];
  let length = 0;
  for (const row of rows) {
    const added = 'payload' in row ? String(row.payload).length : 0;
    if (piece.length === MOST_ROWS || (piece.length > 0 && length + added > LONGEST_STATEMENT)) {
      yield piece;
      piece = [];
      length = 0;
    }
    piece.push(row);
    length += added;
  }
  if (piece.length > 0) yield piece;
}
