import {
  type Definition,
  Facts,
  type JobRecord,
  followZoneData,
  type JobSpec,
  KnownPolicies,
  LiveRuns,
  readDefinition,
  RunIds,
  type SpanRecord,
  UnitChanges,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import { inParallel } from '../driver/in-parallel.js';
import type { JobTable, LiveRunTable, LockedSchedule, ScheduleTable, Tables } from '../schema/tables.js';
import { deleteJobs, selectJobRows } from '../statements/jobs.js';
import {
  type LiveRun,
  lockHeldRuns,
  selectLiveRuns,
  selectSpans,
  type SpanRow,
} from '../statements/live-runs.js';
import { lockSchedules } from '../statements/schedules.js';
import { type JobRows, newStoredJob, readPayload, toJobRecord } from './job-rows.js';
import { KnownJobs } from './known-jobs.js';
import { toRunRecord } from './run-rows.js';
import { SqlUnit } from './sql-unit.js';
import { insertJobs, writeUnits } from './unit-writer.js';

/** Loads jobs with their live runs under row locks, and writes what rules changed. */
export class UnitRepository {
  private readonly runIds = new RunIds();
  private readonly knownJobs = new KnownJobs();
  readonly knownPolicies = new KnownPolicies();

  constructor(
    private readonly db: Database,
    /** Version of this process's time zone data. */
    readonly zoneVersion: string,
  ) {}

  /** For the units of one transaction. */
  context(now: number): UnitContext {
    const { zoneVersion } = this;
    return {
      now,
      zoneVersion,
      facts: new Facts(),
      changes: new UnitChanges(),
      runId: this.runIds.next,
      readPayload,
    };
  }

  /** Locks the jobs and loads their units, waiting for whoever has them. @param whole with all runs that are queued to catch up */
  async lock(
    trx: Kysely<Tables>,
    ids: readonly string[],
    context: UnitContext,
    whole = false,
  ): Promise<SqlUnit[]> {
    return this.load(trx, await lockSchedules(this.db, trx, ids, 'wait'), context, whole);
  }

  /** As `lock`, of the jobs that these runs belong to, by job id. */
  async lockOf(
    trx: Kysely<Tables>,
    runs: readonly { readonly jobId: string }[],
    context: UnitContext,
  ): Promise<Map<string, SqlUnit>> {
    const units = await this.lock(trx, [...new Set(runs.map(({ jobId }) => jobId))], context);
    return new Map(units.map((unit) => [unit.job.id, unit]));
  }

  /** Loads units of jobs that are locked; waits for their runs. */
  async load(
    trx: Kysely<Tables>,
    rows: readonly LockedSchedule[],
    context: UnitContext,
    whole = false,
  ): Promise<SqlUnit[]> {
    const found = await this.read(trx, rows, whole);
    const locked = await lockHeldRuns(this.db, trx, found.runs, 'wait');
    return this.units(await this.withJobs(trx, rows, found), { ...found, locked }, context);
  }

  /**
   * Loads units of jobs that are locked, but of those that have a run which another transaction has locked: a claim
   * waits for no lock of a run, so that no circle of waiting can arise.
   */
  async loadFree(
    trx: Kysely<Tables>,
    rows: readonly LockedSchedule[],
    context: UnitContext,
  ): Promise<SqlUnit[]> {
    const found = await this.read(trx, rows, false);
    const locked = await lockHeldRuns(this.db, trx, found.runs, 'skip');
    const busy = new Set(
      found.runs.flatMap(({ id, holds_slot, job_id }) => (holds_slot === 1 && !locked.has(id) ? job_id : [])),
    );
    const free = (await this.withJobs(trx, rows, found)).filter(({ id }) => !busy.has(id));
    const units = this.units(free, { ...found, locked }, context);
    // Only a claim may raise it: a transaction of the user's may see fewer runs than there are.
    for (const unit of units) unit.liveFrom = unit.runs.list[0]?.id ?? null;
    return units;
  }

  /** Has the rows of these jobs read again, which may have vanished. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.knownJobs.forget(id);
  }

  /** The record of a job that is shown, and not changed. */
  record(rows: JobRows): JobRecord {
    return toJobRecord(rows, this.define(rows.job), null);
  }

  /** A unit of a job that is not stored yet. */
  make(spec: JobSpec, declaration: string | null, context: UnitContext): SqlUnit {
    const { zoneVersion } = this;
    const record = newStoredJob(spec, { declaration, now: context.now, zoneVersion });
    return new SqlUnit({ record, runs: new LiveRuns(), unreadable: null, stored: null }, context);
  }

  /** See `insertJobs`. */
  insert(trx: Kysely<Tables>, units: readonly SqlUnit[]): Promise<string[]> {
    return insertJobs({ db: this.db, known: this.knownJobs }, trx, units);
  }

  /** See `writeUnits`. */
  write(trx: Kysely<Tables>, units: readonly SqlUnit[], context: UnitContext): Promise<Set<string>> {
    return writeUnits({ db: this.db, known: this.knownJobs }, trx, units, context);
  }

  private define(row: JobTable): Definition {
    const definition = readDefinition(row.trigger_json, row.policies);
    return { ...definition, policies: this.knownPolicies.complete(row, definition.policies, row.policies) };
  }

  private async read(
    trx: Kysely<Tables>,
    rows: readonly LockedSchedule[],
    whole: boolean,
  ): Promise<Omit<Loaded, 'locked'>> {
    const [jobs, runs, spans] = await inParallel([
      this.readJobs(trx, rows),
      selectLiveRuns(this.db, trx, rows, whole),
      selectSpans(this.db, trx, rows),
    ]);
    return { jobs, runs, spans };
  }

  /** Deletes schedules of jobs whose rows somebody has deleted. */
  private async withJobs(
    trx: Kysely<Tables>,
    rows: readonly LockedSchedule[],
    { jobs }: Pick<Loaded, 'jobs'>,
  ): Promise<readonly LockedSchedule[]> {
    if (rows.every(({ id }) => jobs.has(id))) return rows;
    const gone = rows.filter(({ id }) => !jobs.has(id)).map(({ id }) => id);
    await deleteJobs(this.db, trx, gone);
    return rows.filter(({ id }) => jobs.has(id));
  }

  private async readJobs(
    trx: Kysely<Tables>,
    schedules: readonly ScheduleTable[],
  ): Promise<Map<string, JobTable>> {
    const jobs = new Map<string, JobTable>();
    const unknown = new Map<string, ScheduleTable>();
    for (const schedule of schedules) {
      const known = this.knownJobs.get(schedule);
      if (known === null) unknown.set(schedule.id, schedule);
      else jobs.set(schedule.id, known);
    }
    if (unknown.size === 0) return jobs;
    for (const row of await selectJobRows(this.db, trx, [...unknown.keys()])) {
      this.knownJobs.keep(row, unknown.get(row.id)!);
      jobs.set(row.id, row);
    }
    return jobs;
  }

  private units(
    rows: readonly LockedSchedule[],
    { jobs, runs, spans, locked }: Loaded,
    context: UnitContext,
  ): SqlUnit[] {
    const liveOf = new Map<string, LiveRuns>();
    for (const run of runs) {
      let live = liveOf.get(run.job_id);
      if (!live) liveOf.set(run.job_id, (live = new LiveRuns()));
      // A run that was at work when it was read, and is not under lock, has ended since.
      addLive(live, run, run.holds_slot === 1 ? (locked.get(run.id) ?? null) : run);
    }
    const spanOf = new Map(spans.map((row) => [row.id, row]));
    return rows.map((schedule) => {
      const job = jobs.get(schedule.id)!;
      const definition = this.define(job);
      const span = schedule.span_id === null ? undefined : spanOf.get(schedule.span_id);
      const stored = { job, schedule };
      const record = toJobRecord(stored, definition, span ? toSpan(span) : null);
      const live = liveOf.get(schedule.id) ?? new LiveRuns();
      const unit = new SqlUnit({ record, runs: live, unreadable: definition.unreadable, stored }, context);
      followZoneData(unit);
      return unit;
    });
  }
}

interface Loaded {
  readonly jobs: ReadonlyMap<string, JobTable>;
  readonly runs: readonly LiveRun[];
  readonly spans: readonly SpanRow[];
  /** Runs that are claimed, as they are under lock. */
  readonly locked: ReadonlyMap<string, LiveRunTable>;
}

/** @param read as it was found @param current as it is under lock; null when it has ended since */
function addLive(live: LiveRuns, read: LiveRun, current: LiveRunTable | null): void {
  if (read.state === 'queued' && read.catches_up === 1) {
    const isFirst = !live.list.some((run) => run.state === 'queued' && run.catchesUp);
    if (isFirst) {
      live.further = read.alike;
      live.furtherTicks = read.alike_ticks;
    }
    live.further--;
    if (read.scheduled_at !== null) live.furtherTicks--;
  }
  if (current !== null) live.list.push(toRunRecord(current));
}

function toSpan({ id, outcome, reason, count, count_at_least }: SpanRow): SpanRecord {
  return {
    id,
    outcome: outcome as SpanRecord['outcome'],
    reason: reason as SpanRecord['reason'],
    count,
    countIsAtLeast: count_at_least === 1,
    scheduledUntil: null,
    endedAt: null,
  };
}
