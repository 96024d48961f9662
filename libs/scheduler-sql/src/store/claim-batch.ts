import { type ClaimRequest, InstantQueue, type StoreSession } from '@carillon/scheduler/store';
import { type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import { isOverWithin } from '../driver/real-time.js';
import type { JobTable, LockedJob, Tables } from '../schema/tables.js';
import { DueOfJob } from '../turn/claim-due.js';
import { Effects } from '../turn/effects.js';
import type { JobTurn } from '../turn/job-turn.js';
import { recoverGone, recoverRun } from '../turn/settle-run.js';
import { BatchPlaces } from './batch-places.js';
import { DueQueries } from './due-queries.js';
import { type Ends, LONGEST_WAIT_MS } from './ends.js';
import { hintCancelled } from './hint-cancelled.js';
import { together } from './together.js';
import type { TurnStore } from './turn-store.js';

/** What is due was locked by another: it will be free in a moment. */
const LOCKED_MS = 50;
/** A place in a group of all replicas may be free by then. */
const FULL_MS = 250;

export interface ClaimedBatch {
  effects: Effects;
  /** Runs whose tick had its outcome already. */
  unstored: ReadonlySet<string>;
  more: boolean;
  lookAgainAt: number | null;
}

/** One claim, inside one transaction: locks what is due and free, and decides it. */
export class ClaimBatchWork {
  private readonly effects = new Effects();
  private readonly now: number;
  private readonly limit: number;
  private places!: BatchPlaces;
  private due!: DueQueries;
  private leftLocked = false;
  private leftFull = false;
  private more = false;

  constructor(
    private readonly db: Database,
    private readonly turns: TurnStore,
    private readonly session: StoreSession,
    private readonly leaseMs: number,
    private readonly trx: Kysely<Tables>,
    request: ClaimRequest,
    /** Nothing that is due before it is looked at. */
    private readonly from: number,
    private readonly ends: Pick<Ends, 'underWay'>,
    /** The only job to look at. */
    private readonly only: string | null = null,
  ) {
    this.now = request.now;
    this.limit = request.limit;
  }

  /** @param held claims of this process @param recover whether to look for leases that are over */
  async run(held: number, recover: boolean): Promise<ClaimedBatch> {
    const { effects, trx, now } = this;
    await this.begin(held);
    const [due, waiting, expired] = await together([
      this.lockDueJobs(),
      this.jobsOfDueRuns(),
      recover ? this.expired() : [],
    ]);
    const known = new Set(due.map(({ id }) => id));
    const others = [...waiting, ...expired.map(({ job_id }) => job_id)].filter((id) => !known.has(id));
    const rows = [...due, ...(await this.lockFree([...new Set(others)]))];
    const settled = await this.settled(rows);
    const turns = await this.turns.freeTurns(trx, settled, effects, now);
    if (turns.length < rows.length) this.leftLocked = true;
    if (expired.length > 0) await this.recover(turns, expired);
    this.take(turns);
    const unstored = await this.turns.write(trx, turns, effects);
    await hintCancelled(this.db, trx, this.session.replica, effects);
    return { effects, unstored, more: this.more, lookAgainAt: this.lookAgainAt() };
  }

  /** The jobs that `run` would look at, locked or not. */
  async candidates(held: number): Promise<string[]> {
    await this.begin(held);
    const due = await this.due.jobIds(this.limit);
    const expired = await this.expired();
    const ids = [...due.map(({ id }) => id), ...(await this.jobsOfDueRuns())];
    return [...new Set([...ids, ...expired.map(({ job_id }) => job_id)])];
  }

  private async begin(held: number): Promise<void> {
    const { db, trx, session, now, limit, from, only } = this;
    this.places = await this.lockGroups(held);
    this.due = new DueQueries(db, trx, session.handlers(), this.places, { from, now, limit, only });
  }

  /** Locked first of all, and only when something of theirs is due. */
  private async lockGroups(held: number): Promise<BatchPlaces> {
    const { db, trx, now, session } = this;
    const limited = Object.keys(session.concurrency.groups);
    const taken = new Map<string, number>();
    if (limited.length > 0) {
      const wanted = await trx
        .selectFrom('groups as g')
        .select('g.name')
        .where(db.dialect.isOneOf('g.name', limited))
        .where(
          sql<SqlBool>`(exists (select 1 from ${sql.table('jobs')} as j where j.group_name = g.name and j.due_at <= ${now})
            or exists (select 1 from ${sql.table('runs')} as r join ${sql.table('jobs')} as j on j.id = r.job_id
              where r.state = 'waiting' and r.due_at <= ${now} and j.group_name = g.name))`,
        )
        .execute();
      for (const { name } of wanted) taken.set(name, 0);
      if (wanted.length > 0 && this.ends.underWay !== null)
        await isOverWithin(this.ends.underWay.over, LONGEST_WAIT_MS);
      await this.lockRows([...taken.keys()]);
      await this.countPlaces(taken);
    }
    return new BatchPlaces(session.concurrency, held, taken);
  }

  private async lockRows(groups: readonly string[]): Promise<void> {
    const { db, trx } = this;
    if (groups.length === 0 || !db.dialect.skipLocked) return;
    const rows = trx.selectFrom('groups').select('name').where(db.dialect.isOneOf('name', groups));
    await rows.orderBy('name').forUpdate().execute();
  }

  private async countPlaces(taken: Map<string, number>): Promise<void> {
    if (taken.size === 0) return;
    const counts = await this.trx
      .selectFrom('runs')
      .select(['group_name', ({ fn }) => fn.countAll<number>().as('places')])
      .where('holds_place', '=', sql.lit(1))
      .where(this.db.dialect.isOneOf('group_name', [...taken.keys()]))
      .groupBy('group_name')
      .execute();
    for (const { group_name, places } of counts) taken.set(group_name!, places);
  }

  /** What has ended is not taken for alive: jobs whose runs' ends are being written wait for that, or for the next claim. */
  private async settled(rows: LockedJob[]): Promise<LockedJob[]> {
    const { underWay } = this.ends;
    if (underWay === null || !rows.some(({ id }) => underWay.jobs.has(id))) return rows;
    if (await isOverWithin(underWay.over, LONGEST_WAIT_MS)) return rows;
    return rows.filter(({ id }) => !underWay.jobs.has(id));
  }

  private async lockDueJobs(): Promise<LockedJob[]> {
    const [rows, seen] = await together([
      this.due.lockJobs(),
      this.db.dialect.skipLocked ? this.due.jobIds(this.limit) : [],
    ]);
    if (rows.length === this.limit) this.more = true;
    // Another has locked the rest.
    else if (seen.length > rows.length) this.leftLocked = true;
    return rows;
  }

  private async jobsOfDueRuns(): Promise<string[]> {
    if (this.places.noneLeft) return [];
    const rows = await this.due.jobsOfRuns();
    if (rows.length === this.limit) this.more = true;
    return rows.map(({ job_id }) => job_id);
  }

  private async lockFree(ids: readonly string[]): Promise<JobTable[]> {
    const { db, trx } = this;
    if (ids.length === 0) return [];
    const query = trx.selectFrom('jobs').selectAll().where(db.dialect.isOneOf('id', ids)).orderBy('id');
    const rows = await (db.dialect.skipLocked ? query.forUpdate().skipLocked() : query).execute();
    if (db.dialect.skipLocked && rows.length < ids.length) this.leftLocked = true;
    return rows;
  }

  private expired(): Promise<{ id: string; job_id: string; generation: number }[]> {
    return this.trx
      .selectFrom('runs')
      .select(['id', 'job_id', 'generation'])
      .where('lease_until', '<', this.now)
      .where('holds_place', '=', sql.lit(1))
      .$if(this.only !== null, (all) => all.where('job_id', '=', this.only!))
      .orderBy('lease_until')
      .limit(this.limit)
      .execute();
  }

  private async recover(
    turns: readonly JobTurn[],
    expired: { id: string; generation: number }[],
  ): Promise<void> {
    const { now } = this;
    const ids = new Set(expired.map(({ id }) => id));
    for (const turn of turns) {
      for (const run of [...turn.runs]) {
        // Its holder may have renewed, or settled, in the meantime.
        if (ids.has(run.id) && run.holds_place === 1 && run.lease_until! < now) recoverRun(turn, run);
      }
    }
    const gone = expired.filter(({ generation }) => generation < 0).map(({ id }) => id);
    if (gone.length === 0) return;
    const query = this.trx.selectFrom('runs').selectAll().where(this.db.dialect.isOneOf('id', gone));
    const runs = await (this.db.dialect.skipLocked ? query.forUpdate().skipLocked() : query).execute();
    for (const run of runs) {
      if (run.holds_place === 0 || run.lease_until! >= now) continue;
      const fact = recoverGone(run, now);
      if (fact !== null) this.effects.recorded.push(fact);
      this.effects.touch(run);
    }
  }

  /** In the order in which it fell due. */
  private take(turns: readonly JobTurn[]): void {
    const { effects, now, limit, places, session, leaseMs } = this;
    const claimer = { replica: session.replica, leaseUntil: now + leaseMs, places };
    const jobs = turns.map((turn) => new DueOfJob(turn, claimer));
    const queue = new InstantQueue();
    const known = new Set(session.handlers());
    jobs.forEach((job, slot) => {
      const { row } = job.turn;
      if ((known.has(row.handler) || row.state === 'paused') && job.nextAt <= now)
        queue.set(slot, job.nextAt);
    });
    while (queue.length > 0) {
      if (effects.claims.length >= limit) {
        this.more = true;
        return;
      }
      const slot = queue.first();
      const job = jobs[slot]!;
      job.takeNext();
      // A pause ends everywhere; what follows is for those who know the handler.
      if (job.nextAt <= now && known.has(job.turn.row.handler)) queue.set(slot, job.nextAt);
      else queue.delete(slot);
      if (job.left) this.leftFull = true;
    }
  }

  private lookAgainAt(): number | null {
    if (this.leftLocked) return this.now + LOCKED_MS;
    return this.leftFull || this.places.fullGroups.length > 0 ? this.now + FULL_MS : null;
  }
}
