import { noteCompletions, type SpanRecord, type UnitContext } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { BulkChange } from '../driver/bulk.js';
import type { Database } from '../driver/database.js';
import { inParallel } from '../driver/in-parallel.js';
import type { JobTable, RunTable, Tables } from '../schema/tables.js';
import { deleteJobs } from '../statements/jobs.js';
import { isEdited, SCHEDULE_COLUMNS, toJobRow, toScheduleRow } from './job-rows.js';
import { toRunChange, toRunRow } from './run-rows.js';
import type { SqlUnit } from './sql-unit.js';

/** Strings of one statement, in characters: below what servers take in one packet. */
const LONGEST_STATEMENT = 2_000_000;

/** Inserts the jobs of units that are not stored yet. Returns the ids of those that are new: another transaction may have stored the others meanwhile. */
export async function insertJobs(
  { dialect }: Database,
  trx: Kysely<Tables>,
  units: readonly SqlUnit[],
): Promise<string[]> {
  const rows = units.map(({ job, liveFrom }) => toJobRow(job, liveFrom, { trigger: null, policies: null }));
  const inserts = Array.from(inStatements(rows), (piece) =>
    dialect.insertMany(trx, { table: 'jobs', rows: piece }),
  );
  return (await inParallel(inserts)).flat();
}

/**
 * Writes what rules changed in units of one context.
 *
 * @returns ids of runs that are not stored: their tick has its outcome already
 */
export async function writeUnits(
  db: Database,
  trx: Kysely<Tables>,
  units: readonly SqlUnit[],
  { changes }: UnitContext,
): Promise<Set<string>> {
  const { made, touched, lengthened } = changes;
  for (const unit of units) noteCompletions(unit, (run) => made.has(run) || touched.has(run));
  const kept = units.filter(({ removed }) => !removed);
  const removed = units.filter((unit) => unit.removed).map(({ job }) => job.id);
  // Sent in parallel: none of them depends on the response to another.
  const [unstored] = await inParallel([
    insertRuns(db, trx, Array.from(made, toRunRow)),
    db.dialect.updateMany(trx, {
      table: 'runs',
      rows: Array.from(touched, (run) => ({ where: { id: run.id }, set: toRunChange(run) })),
    }),
    db.dialect.updateMany(trx, { table: 'runs', rows: Array.from(lengthened, spanChange) }),
    writeJobs(db, trx, kept),
    deleteJobs(db, trx, removed),
  ]);
  return unstored;
}

async function insertRuns(
  { dialect }: Database,
  trx: Kysely<Tables>,
  runs: readonly RunTable[],
): Promise<Set<string>> {
  const inserts = Array.from(inStatements(runs), (rows) => dialect.insertMany(trx, { table: 'runs', rows }));
  const stored = new Set((await inParallel(inserts)).flat());
  if (stored.size === runs.length) return new Set();
  return new Set(runs.flatMap(({ id }) => (stored.has(id) ? [] : id)));
}

async function writeJobs(db: Database, trx: Kysely<Tables>, units: readonly SqlUnit[]): Promise<void> {
  const edited: JobTable[] = [];
  const scheduled: SqlUnit[] = [];
  for (const unit of units) {
    if (!unit.writesScheduleOnly && isEdited(unit.job, unit.before)) edited.push(wholeRow(unit));
    else scheduled.push(unit);
  }
  await inParallel([
    writeSchedules(db, trx, scheduleChanges(scheduled)),
    ...Array.from(inStatements(edited), (rows) =>
      db.dialect.updateMany(trx, { table: 'jobs', rows: rows.map(jobChange) }),
    ),
  ]);
}

async function writeSchedules(
  { dialect }: Database,
  trx: Kysely<Tables>,
  rows: readonly BulkChange<'jobs'>[],
): Promise<void> {
  const written = new Set(await dialect.updateMany(trx, { table: 'jobs', rows }));
  if (written.size === rows.length) return;
  const others = rows.filter(({ where }) => !written.has(where.id));
  await dialect.updateMany(trx, { table: 'jobs', rows: others.map(({ where, set }) => ({ where, set })) });
}

function spanChange({ id, scheduledUntil, endedAt, count, countIsAtLeast }: SpanRecord): BulkChange<'runs'> {
  const set = {
    scheduled_until: scheduledUntil,
    ended_at: endedAt,
    count,
    count_at_least: countIsAtLeast ? 1 : 0,
  };
  return { where: { id }, set };
}

/** A trigger or policies that did not change keep their text, which may be one that cannot be read. */
function wholeRow({ job, before, row, liveFrom }: SqlUnit): JobTable {
  return toJobRow(job, liveFrom, {
    trigger: job.trigger === before.trigger ? (row?.trigger_json ?? null) : null,
    policies: job.policies === before.policies ? (row?.policies ?? null) : null,
  });
}

/** Of the columns of the schedule those that differ in any of the jobs. */
function scheduleChanges(units: readonly SqlUnit[]): BulkChange<'jobs'>[] {
  const differ = new Set<(typeof SCHEDULE_COLUMNS)[number]>();
  const changed: { unit: SqlUnit; after: ReturnType<typeof toScheduleRow> }[] = [];
  for (const unit of units) {
    const { job, row, liveFrom, hasNewRuns } = unit;
    const after = toScheduleRow(job, liveFrom);
    let isNeeded = false;
    for (const column of SCHEDULE_COLUMNS) {
      if (row !== null && after[column] === row[column]) continue;
      // A `live_from` that could be raised is raised with what else changes.
      isNeeded ||= column !== 'live_from' || hasNewRuns;
      differ.add(column);
    }
    if (isNeeded) changed.push({ unit, after });
  }
  const columns = SCHEDULE_COLUMNS.filter((column) => differ.has(column));
  return changed.map(({ unit: { job, row }, after }) => {
    const set: Record<string, unknown> = {};
    for (const column of columns) set[column] = after[column];
    return { where: { id: job.id }, set: set as Partial<JobTable>, at: row?.row_at };
  });
}

function jobChange({ id, ...set }: JobTable): BulkChange<'jobs'> {
  return { where: { id }, set };
}

/** Rows in pieces that one statement can carry. */
function* inStatements<T extends { payload: string | null }>(rows: readonly T[]): Generator<T[]> {
  let piece: T[] = [];
  let length = 0;
  for (const row of rows) {
    const added = row.payload?.length ?? 0;
    if (piece.length > 0 && length + added > LONGEST_STATEMENT) {
      yield piece;
      piece = [];
      length = 0;
    }
    piece.push(row);
    length += added;
  }
  if (piece.length > 0) yield piece;
}
