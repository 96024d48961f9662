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
import type { JobTable, LockedJob, RunTable, Tables } from '../schema/tables.js';
import { lockJobs } from '../statements/jobs.js';
import { lockHeldRuns, selectLiveRuns, selectSpans, type SpanRow } from '../statements/live-runs.js';
import { newStoredJob, readPayload, toJobRecord } from './job-rows.js';
import { toRunRecord } from './run-rows.js';
import { SqlUnit } from './sql-unit.js';
import { insertJobs, writeUnits } from './unit-writer.js';

/** Loads jobs with their live runs under row locks, and writes what rules changed. */
export class UnitRepository {
  private readonly runIds = new RunIds();
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
    return this.load(trx, await lockJobs(this.db, trx, ids, 'wait'), context, whole);
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
    rows: readonly LockedJob[],
    context: UnitContext,
    whole = false,
  ): Promise<SqlUnit[]> {
    const [runs, spans] = await this.read(trx, rows, whole);
    const locked = await lockHeldRuns(this.db, trx, runs, 'wait');
    return this.units(rows, { runs, spans, locked }, context);
  }

  /**
   * Loads units of jobs that are locked, but of those that have a run which another transaction has locked: a claim
   * waits for no lock of a run, so that no circle of waiting can arise.
   */
  async loadFree(trx: Kysely<Tables>, rows: readonly LockedJob[], context: UnitContext): Promise<SqlUnit[]> {
    const [runs, spans] = await this.read(trx, rows, false);
    const locked = await lockHeldRuns(this.db, trx, runs, 'skip');
    const busy = new Set(
      runs.flatMap(({ id, holds_slot, job_id }) => (holds_slot === 1 && !locked.has(id) ? job_id : [])),
    );
    const free = rows.filter(({ id }) => !busy.has(id));
    const units = this.units(free, { runs, spans, locked }, context);
    // Only a claim may raise it: a transaction of the user's may see fewer runs than there are.
    for (const unit of units) unit.liveFrom = unit.runs.list[0]?.id ?? null;
    return units;
  }

  /** The record of a job that is shown, and not changed. */
  record(row: JobTable): JobRecord {
    return toJobRecord(row, this.define(row), null);
  }

  /** A unit of a job that is not stored yet. */
  make(spec: JobSpec, declaration: string | null, context: UnitContext): SqlUnit {
    const { zoneVersion } = this;
    const record = newStoredJob(spec, { declaration, now: context.now, zoneVersion });
    return new SqlUnit({ record, runs: new LiveRuns(), unreadable: null, row: null }, context);
  }

  /** See `insertJobs`. */
  insert(trx: Kysely<Tables>, units: readonly SqlUnit[]): Promise<string[]> {
    return insertJobs(this.db, trx, units);
  }

  /** See `writeUnits`. */
  write(trx: Kysely<Tables>, units: readonly SqlUnit[], context: UnitContext): Promise<Set<string>> {
    return writeUnits(this.db, trx, units, context);
  }

  private define(row: JobTable): Definition {
    const definition = readDefinition(row.trigger_json, row.policies);
    return { ...definition, policies: this.knownPolicies.complete(row, definition.policies, row.policies) };
  }

  private read(
    trx: Kysely<Tables>,
    rows: readonly LockedJob[],
    whole: boolean,
  ): Promise<[Awaited<ReturnType<typeof selectLiveRuns>>, SpanRow[]]> {
    return inParallel([selectLiveRuns(this.db, trx, rows, whole), selectSpans(this.db, trx, rows)]);
  }

  private units(
    rows: readonly LockedJob[],
    { runs, spans, locked }: Loaded,
    context: UnitContext,
  ): SqlUnit[] {
    const liveOf = new Map<string, LiveRuns>();
    for (const run of runs) {
      let live = liveOf.get(run.job_id);
      if (!live) liveOf.set(run.job_id, (live = new LiveRuns()));
      addLive(live, run, locked.get(run.id) ?? run);
    }
    const spanOf = new Map(spans.map((row) => [row.id, row]));
    return rows.map((row) => {
      const definition = this.define(row);
      const span = row.span_id === null ? undefined : spanOf.get(row.span_id);
      const record = toJobRecord(row, definition, span ? toSpan(span) : null);
      const live = liveOf.get(row.id) ?? new LiveRuns();
      const unit = new SqlUnit({ record, runs: live, unreadable: definition.unreadable, row }, context);
      followZoneData(unit);
      return unit;
    });
  }
}

interface Loaded {
  readonly runs: readonly (RunTable & { alike: number; alike_ticks: number })[];
  readonly spans: readonly SpanRow[];
  /** Runs that are claimed, as they are under lock. */
  readonly locked: ReadonlyMap<string, RunTable>;
}

/** @param read as it was found @param current as it is under lock */
function addLive(live: LiveRuns, read: Loaded['runs'][number], current: RunTable): void {
  if (read.state === 'queued' && read.catches_up === 1) {
    const isFirst = !live.list.some((run) => run.state === 'queued' && run.catchesUp);
    if (isFirst) {
      live.further = read.alike;
      live.furtherTicks = read.alike_ticks;
    }
    live.further--;
    if (read.scheduled_at !== null) live.furtherTicks--;
  }
  if (current.live === 1) live.list.push(toRunRecord(current));
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
