import {
  backfillRuns,
  type BackfillRequest,
  type BackfillResult,
  type BeatResult,
  changeJob,
  type ChangeResult,
  HeldClaims,
  isNewerZoneinfo,
  type Job,
  type JobChange,
  type JobFilter,
  type RequestedRun,
  requestRun,
  type RunRequest,
  type SchedulerError,
  SerialQueue,
  type StoreSession,
  zoneinfoVersion,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { Claims } from './claim/claims.js';
import { CompletionBatcher } from './complete/completion-batcher.js';
import { Declarations } from './declarations.js';
import type { Database } from './driver/database.js';
import { toStoreError } from './driver/error-kinds.js';
import { isOverWithin, limitsOf } from './driver/real-time.js';
import { inTransaction, retrying } from './driver/transactions.js';
import { JobPuts } from './job-puts.js';
import { RetentionPruner } from './retention-pruner.js';
import type { Tables } from './schema/tables.js';
import { sharedQuery } from './shared-query.js';
import type { StoreSource } from './sources.js';
import { selectEarliestDue, selectEarliestWithoutSlot } from './statements/due.js';
import { DueFloor } from './statements/due-floor.js';
import { insertGroups } from './statements/groups.js';
import { selectStartedInstants } from './statements/history.js';
import { selectJobs } from './statements/jobs.js';
import { countAlive } from './statements/live-runs.js';
import { selectDueWithoutHandler } from './statements/replicas.js';
import { lockSchedulesOfZoneVersions, selectZoneVersions } from './statements/schedules.js';
import { viewStoredJob } from './units/job-rows.js';
import { toJsonString } from './units/json.js';
import { toRunRow, viewStoredRun } from './units/run-rows.js';
import type { SqlUnit } from './units/sql-unit.js';
import { hintCancelled, hintDue, type StoreContext } from './units/store-context.js';
import { UnitRepository } from './units/unit-repository.js';

/** Jobs that one transaction computes anew. */
const ZONE_BATCH = 200;

/** The store while it is open: the verbs of jobs, and the parts that claim and complete runs. */
export class StoreRuntime {
  readonly puts: JobPuts;
  readonly claims: Claims;
  readonly completions: CompletionBatcher;
  private readonly context: StoreContext;
  private readonly declarations: Declarations;
  private readonly pruner: RetentionPruner;
  /** Jobs without a handler here that were reported. */
  private readonly reported = new Set<string>();
  /** The newest time zone data in the store, if newer than this process's. */
  private newerZoneData: string | null = null;

  /** @throws what the database throws; it is closed then */
  static async open(source: StoreSource, session: StoreSession): Promise<StoreRuntime> {
    const db = await source.connect();
    const runtime = new StoreRuntime(source, db, session);
    try {
      await runtime.begin();
    } catch (error) {
      await db.close();
      throw runtime.toStoreError(error);
    }
    return runtime;
  }

  private constructor({ options }: StoreSource, db: Database, session: StoreSession) {
    this.context = {
      db,
      session,
      leaseMs: options.leaseMs,
      units: new UnitRepository(db, session.zoneVersion ?? zoneinfoVersion()),
      held: new HeldClaims(),
      floor: new DueFloor(db.hints === null ? 0 : options.pollMs),
      serial: new SerialQueue(),
    };
    this.declarations = new Declarations(this.context);
    this.puts = new JobPuts(this.context, this.declarations);
    this.pruner = new RetentionPruner(db, options.retention);
    this.completions = new CompletionBatcher(this.context);
    this.claims = new Claims(this.context, this.completions, this.pruner.noteMade);
  }

  /** Takes no longer than a lease, whatever is pending. */
  async close(): Promise<void> {
    const { db, held, leaseMs } = this.context;
    const { responseMs } = limitsOf(leaseMs);
    try {
      await isOverWithin(this.completions.idle(), responseMs);
      held.clear();
      await this.query(({ kysely }) => this.declarations.leave(kysely));
    } finally {
      await db.close();
    }
  }

  toStoreError(error: unknown): SchedulerError {
    return toStoreError(this.context.db.dialect.kindOf(error), error);
  }

  async getJob(id: string): Promise<Job | null> {
    const [job] = await this.selectJobs({ id });
    return job ?? null;
  }

  listJobs(filter: JobFilter): Promise<Job[]> {
    return this.selectJobs(filter);
  }

  changeJob(id: string, change: JobChange, now: number): Promise<ChangeResult | null> {
    const rule = (unit: SqlUnit): ChangeResult => {
      changeJob(unit, change, ({ payload }) => toJsonString(payload));
      const { recorded, changed } = unit.facts;
      return { job: viewStoredJob(unit.job, unit.runs.alive), recorded, changed };
    };
    return this.decide({ id, now, whole: change.kind === 'remove' }, rule);
  }

  requestRun({ jobId, payload, now }: RunRequest): Promise<RequestedRun | null> {
    return this.decide({ id: jobId, now }, (unit) => {
      const run = requestRun(unit, payload === undefined ? unit.job.payload : toJsonString(payload));
      const { recorded, replaced } = unit.facts;
      const cancelled = replaced.flatMap((one) => this.context.held.claimOf(one) ?? []);
      return { view: () => viewStoredRun(toRunRow(run)), recorded, cancelled };
    });
  }

  backfill(request: BackfillRequest): Promise<BackfillResult | null> {
    return this.decide({ id: request.jobId, now: request.now }, async (unit, trx) =>
      backfillRuns(unit, request, await selectStartedInstants(trx, request)),
    );
  }

  readonly earliestDueAt = sharedQuery(() => {
    const { session, floor } = this.context;
    const handlers = session.handlers();
    if (this.claims.isFull) return this.query((db) => selectEarliestWithoutSlot(db, handlers));
    return floor.raise((from) => this.query((db) => selectEarliestDue(db, handlers, from)));
  });

  async beat(now: number): Promise<BeatResult> {
    const { db, units, floor, session } = this.context;
    await this.listen();
    await this.insertGroups();
    const { context, live } = await inTransaction(db, async (trx) => {
      const found = units.context(now);
      await this.declarations.beat(trx, now);
      return { context: found, live: await this.declarations.reconcile(trx, found) };
    });
    await this.query(() => this.followZoneData(live.map(({ zoneVersion }) => zoneVersion)));
    const { recorded, changed } = context.facts;
    if (changed.length > 0) floor.reset();
    const unhandled = (await this.query(() => selectDueWithoutHandler(db, session.handlers(), now))).filter(
      ({ jobId }) => !this.reported.has(jobId),
    );
    for (const { jobId } of unhandled) this.reported.add(jobId);
    await this.query(() => this.pruner.prune(now));
    return { recorded, changed, unhandled, newerZoneData: this.newerZoneData };
  }

  /** Sends statements that may be repeated. */
  query<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const { db } = this.context;
    return retrying(db, () => work(db));
  }

  private async begin(): Promise<void> {
    const { db } = this.context;
    await this.insertGroups();
    await this.query(async () => this.followZoneData(await selectZoneVersions(db)));
    await this.listen();
  }

  /**
   * Computes next ticks anew that older time zone data computed: loading a unit does that (Z5).
   *
   * @param known versions, of stored jobs or of live replicas
   */
  private async followZoneData(known: readonly string[]): Promise<void> {
    const { db, units, floor } = this.context;
    const own = units.zoneVersion;
    for (const version of known)
      if (isNewerZoneinfo(version, this.newerZoneData ?? own)) this.newerZoneData = version;
    const versions = [...new Set(known)].filter((version) => isNewerZoneinfo(own, version));
    if (versions.length === 0) return;
    for (let afterId = ''; ;) {
      const last = await db.transaction(async (trx) => {
        const rows = await lockSchedulesOfZoneVersions(db, trx, { afterId, versions, limit: ZONE_BATCH });
        const context = units.context(0);
        await units.write(trx, await units.load(trx, rows, context), context);
        return rows.length < ZONE_BATCH ? null : rows.at(-1)!.id;
      });
      if (last === null) break;
      afterId = last;
    }
    floor.reset();
  }

  /** Also on each beat: without its row no run of a group may begin, and rows may vanish. */
  private async insertGroups(): Promise<void> {
    const { groups } = this.context.session.concurrency;
    await this.query((db) => insertGroups(db, Object.keys(groups)));
  }

  private async listen(): Promise<void> {
    const { db, session, floor } = this.context;
    const { replica, onHint } = session;
    const hear: typeof onHint = (hint) => {
      floor.reset();
      onHint(hint);
    };
    await db.hints?.listen(replica, hear).catch(() => undefined);
  }

  /** One verb of a user on one job, under its lock; null when there is no such job. @param whole see `UnitRepository.lock` */
  private async decide<T>(
    { id, now, whole = false }: { id: string; now: number; whole?: boolean },
    rule: (unit: SqlUnit, trx: Kysely<Tables>) => T | Promise<T>,
  ): Promise<T | null> {
    const { db, units, floor } = this.context;
    const result = await inTransaction(db, async (trx) => {
      const context = units.context(now);
      const [unit] = await units.lock(trx, [id], context, whole);
      if (!unit) return null;
      const decided = await rule(unit, trx);
      await units.write(trx, [unit], context);
      await hintDue(this.context, trx);
      await hintCancelled(this.context, trx, context.facts.replaced);
      return decided;
    });
    floor.reset();
    return result;
  }

  private selectJobs(filter: JobFilter & { id?: string }): Promise<Job[]> {
    const { units } = this.context;
    return this.query(async (db) => {
      const rows = await selectJobs(db, filter);
      const alive = await countAlive(db, filter.id);
      return rows.map((row) => viewStoredJob(units.record(row), alive.get(row.job.id) ?? 0));
    });
  }
}
