import type { BulkPutResult, IfTaken, Job, JobPut, JobSpec, PutResult } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Declarations } from './declarations.js';
import { inTransaction } from './driver/transactions.js';
import { PutMany } from './put-many.js';
import type { Tables } from './schema/tables.js';
import { hintDue, type StoreContext } from './units/store-context.js';

type Work<R> = (trx: Kysely<Tables>) => Promise<R>;

/** Puts jobs in a transaction of the store's, or in the user's own. */
export class JobPuts {
  constructor(
    private readonly context: StoreContext,
    private readonly declarations: Declarations,
  ) {}

  async putJob(spec: JobSpec, ifTaken: IfTaken, now: number, transaction?: unknown): Promise<PutResult> {
    const result = await this.within(transaction, (trx) => this.declarations.put(trx, spec, ifTaken, now));
    this.lowerFloor([result.job], now, transaction);
    return result;
  }

  async putJobs(puts: readonly JobPut[], now: number, transaction?: unknown): Promise<BulkPutResult> {
    const { context } = this;
    const result = await this.within(transaction, (trx) => new PutMany(context, trx, puts).put(now));
    const jobs = result.puts.map(({ job }) => job);
    this.lowerFloor(jobs, now, transaction);
    return result;
  }

  private within<R>(transaction: unknown, work: Work<R>): Promise<R> {
    const { db } = this.context;
    const put: Work<R> = async (trx) => {
      const result = await work(trx);
      await hintDue(this.context, trx);
      return result;
    };
    // Not repeated within a user's transaction: that would repeat what it did before.
    return transaction === undefined ? inTransaction(db, put) : put(db.within(transaction));
  }

  private lowerFloor(jobs: readonly Job[], now: number, transaction: unknown): void {
    const { floor } = this.context;
    const dueAt = earliestOf(jobs);
    if (transaction === undefined) floor.lower(dueAt);
    else floor.lowerLater(dueAt, now);
  }
}

function earliestOf(jobs: readonly Job[]): number | null {
  let earliest: number | null = null;
  for (const { nextDueAt } of jobs) {
    const dueAt = nextDueAt?.getTime() ?? null;
    if (dueAt !== null && (earliest === null || dueAt < earliest)) earliest = dueAt;
  }
  return earliest;
}
