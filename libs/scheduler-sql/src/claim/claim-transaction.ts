import {
  BatchSlots,
  type ClaimRequest,
  recoverGone,
  recoverRun,
  takeDue,
  type Unit,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { type CompletionsUnderWay, longestWaitMs } from '../complete/completion-batcher.js';
import { inParallel } from '../driver/in-parallel.js';
import { isOverWithin } from '../driver/real-time.js';
import type { LockedSchedule, Tables } from '../schema/tables.js';
import { DueQueries } from '../statements/due.js';
import { lockGroups, selectDueGroups } from '../statements/groups.js';
import { type ExpiredRun, selectExpired } from '../statements/leases.js';
import { lockFreeRuns } from '../statements/live-runs.js';
import { lockSchedules } from '../statements/schedules.js';
import { toRunRecord } from '../units/run-rows.js';
import type { SqlUnit } from '../units/sql-unit.js';
import { hintCancelled, type StoreContext } from '../units/store-context.js';

/** When to look again at jobs that another transaction has locked: it is over in a moment. */
const LOCKED_MS = 50;
/** When to look again at a group of all replicas that was full. */
const FULL_MS = 250;

export interface ClaimedBatch {
  readonly context: UnitContext;
  /** Runs whose tick had its outcome already. */
  readonly unstored: ReadonlySet<string>;
  readonly more: boolean;
  readonly lookAgainAt: number | null;
}

export interface ClaimInputs {
  readonly request: ClaimRequest;
  /** Nothing that is due before it is looked at. */
  readonly from: number;
  /** Claims of this process that are at work. */
  readonly atWork: number;
  /** Whether to look for leases that are over. */
  readonly recover: boolean;
  /** The only job to look at. */
  readonly only: string | null;
  /** The claim before left more behind: this one is likely to be full, too. */
  readonly isBacklog: boolean;
  /** Completions that are being written, if any. */
  readonly completing: () => CompletionsUnderWay | null;
}

/** One claim inside one transaction: locks what is due and free, lets rules decide, and writes what they changed. */
export class ClaimTransaction {
  private slots!: BatchSlots;
  private due!: DueQueries;
  private leftLocked = false;
  private more = false;

  constructor(
    private readonly store: StoreContext,
    private readonly trx: Kysely<Tables>,
    private readonly inputs: ClaimInputs,
  ) {}

  async run(): Promise<ClaimedBatch> {
    const { store, trx, inputs } = this;
    const { now } = inputs.request;
    const { units } = store;
    await this.countSlots();
    const [due, waiting, expired] = await inParallel([
      this.lockDueJobs(),
      this.jobsOfDueRuns(),
      inputs.recover ? this.expired() : [],
    ]);
    const known = new Set(due.map(({ id }) => id));
    const others = [...waiting, ...expired.map(({ job_id }) => job_id)].filter((id) => !known.has(id));
    const rows = [...due, ...(await this.lockFree([...new Set(others)]))];
    const context = units.context(now);
    const loaded = await units.loadFree(trx, await this.withoutCompleting(rows), context);
    if (loaded.length < rows.length) this.leftLocked = true;
    if (expired.length > 0) await this.recover(loaded, expired, context);
    const leftFull = this.take(loaded);
    const unstored = await units.write(trx, loaded, context);
    await hintCancelled(store, trx, context.facts.replaced);
    return { context, unstored, more: this.more, lookAgainAt: this.lookAgainAt(leftFull) };
  }

  /** Ids of the jobs that `run` would look at, locked or not. */
  async candidates(): Promise<string[]> {
    await this.countSlots();
    const due = await this.due.jobIds();
    const expired = await this.expired();
    const waiting = await this.jobsOfDueRuns();
    return [...new Set([...due, ...waiting, ...expired.map(({ job_id }) => job_id)])];
  }

  /** Locks groups that have something due, first of all, and counts the slots that are left. */
  private async countSlots(): Promise<void> {
    const { store, trx, inputs } = this;
    const { db, session } = store;
    const { now, limit } = inputs.request;
    const limited = Object.keys(session.concurrency.groups);
    let taken: ReadonlyMap<string, number> = new Map();
    if (limited.length > 0) {
      const wanted = await selectDueGroups(db, trx, limited, now);
      const completing = inputs.completing();
      if (wanted.length > 0 && completing !== null)
        await isOverWithin(completing.over, longestWaitMs(store.leaseMs));
      const counted = await lockGroups(db, trx, wanted);
      if (counted.size < wanted.length) this.leftLocked = true;
      // A group that another replica has locked counts as full.
      taken = new Map(wanted.map((name) => [name, counted.get(name) ?? Number.POSITIVE_INFINITY]));
    }
    this.slots = new BatchSlots(session.concurrency, inputs.atWork, taken);
    const { from, only } = inputs;
    this.due = new DueQueries(db, trx, session.handlers(), this.slots, { from, now, limit, only });
  }

  /** Leaves out jobs whose runs are being completed, unless that is over soon: such a run must not be taken for alive. */
  private async withoutCompleting(rows: LockedSchedule[]): Promise<LockedSchedule[]> {
    const completing = this.inputs.completing();
    if (completing === null || !rows.some(({ id }) => completing.jobs.has(id))) return rows;
    if (await isOverWithin(completing.over, longestWaitMs(this.store.leaseMs))) return rows;
    return rows.filter(({ id }) => !completing.jobs.has(id));
  }

  private async lockDueJobs(): Promise<LockedSchedule[]> {
    const { skipLocked } = this.store.db.dialect;
    const [rows, seen] = await inParallel([
      this.due.lockJobs(),
      skipLocked && !this.inputs.isBacklog ? this.due.jobIds() : null,
    ]);
    if (rows.length === this.inputs.request.limit) this.more = true;
    else if (skipLocked && (seen ?? (await this.due.jobIds())).length > rows.length) this.leftLocked = true;
    return rows;
  }

  private async jobsOfDueRuns(): Promise<string[]> {
    if (this.slots.noneLeft) return [];
    const ids = await this.due.jobsOfRuns();
    if (ids.length === this.inputs.request.limit) this.more = true;
    return ids;
  }

  private async lockFree(ids: readonly string[]): Promise<LockedSchedule[]> {
    const { db } = this.store;
    const rows = await lockSchedules(db, this.trx, ids, 'skip');
    if (db.dialect.skipLocked && rows.length < ids.length) this.leftLocked = true;
    return rows;
  }

  private expired(): Promise<ExpiredRun[]> {
    const { request, only } = this.inputs;
    return selectExpired(this.trx, { now: request.now, limit: request.limit, only });
  }

  private async recover(
    units: readonly SqlUnit[],
    expired: readonly ExpiredRun[],
    { now, facts, changes }: UnitContext,
  ): Promise<void> {
    const ids = new Set(expired.map(({ id }) => id));
    for (const unit of units) {
      for (const run of [...unit.runs.list]) {
        // Its holder may have renewed, or completed, in the meantime.
        if (ids.has(run.id) && run.holdsSlot && run.leaseUntil! < now) recoverRun(unit, run);
      }
    }
    const gone = expired.filter(({ generation }) => generation < 0).map(({ id }) => id);
    if (gone.length === 0) return;
    for (const row of await lockFreeRuns(this.store.db, this.trx, gone)) {
      if (row.holds_slot === 0 || row.lease_until! >= now) continue;
      const run = toRunRecord(row);
      const outcome = recoverGone(run, now);
      if (outcome !== null) facts.record(outcome);
      changes.touched.add(run);
    }
  }

  private take(units: readonly SqlUnit[]): boolean {
    const { session, leaseMs } = this.store;
    const { now, limit } = this.inputs.request;
    const claimer = { replica: session.replica, leaseUntil: now + leaseMs, slots: this.slots };
    const handlers = new Set(session.handlers());
    const knows = ({ job }: Unit): boolean => handlers.has(job.handler as string);
    const { more, left } = takeDue(units, claimer, knows, limit);
    this.more ||= more;
    return left;
  }

  private lookAgainAt(leftFull: boolean): number | null {
    const { now } = this.inputs.request;
    if (this.leftLocked) return now + LOCKED_MS;
    return leftFull || this.slots.fullGroups().length > 0 ? now + FULL_MS : null;
  }
}
