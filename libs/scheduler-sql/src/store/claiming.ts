import { type ClaimRequest, type StoreSession, StoreUnavailableError } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import { parkJob } from '../turn/change-job.js';
import { Effects } from '../turn/effects.js';
import { ClaimBatchWork, type ClaimedBatch } from './claim-batch.js';
import type { DueFloor } from './due-floor.js';
import type { Ends } from './ends.js';
import { inTransaction } from './retrying.js';
import type { TurnStore } from './turn-store.js';

/** Claims what is due together, and one by one when that cannot be done together. */
export class Claiming {
  constructor(
    private readonly db: Database,
    private readonly turns: TurnStore,
    private readonly session: StoreSession,
    private readonly leaseMs: number,
    private readonly floor: DueFloor,
    private readonly ends: Ends,
  ) {}

  together(
    trx: Kysely<Tables>,
    request: ClaimRequest,
    held: number,
    recover: boolean,
    only: string | null = null,
  ): Promise<ClaimedBatch> {
    return this.work(trx, request, only).run(held, recover);
  }

  /** One job is the reason that the batch cannot be written: it is parked, and the others go on (D5). */
  async apart(request: ClaimRequest, held: number): Promise<ClaimedBatch[]> {
    const ids = await inTransaction(this.db, (trx) => this.work(trx, request).candidates(held));
    const batches: ClaimedBatch[] = [];
    let taken = held;
    for (const id of ids) {
      const batch = await inTransaction(this.db, (trx) => this.together(trx, request, taken, true, id)).catch(
        (error: unknown) => this.park(id, error, request.now),
      );
      taken += batch.effects.claims.length;
      batches.push(batch);
    }
    return batches;
  }

  private work(trx: Kysely<Tables>, request: ClaimRequest, only: string | null = null): ClaimBatchWork {
    const { db, turns, session, leaseMs, floor, ends } = this;
    const from = floor.from(request.now, session.handlers().length);
    return new ClaimBatchWork(db, turns, session, leaseMs, trx, request, from, ends, only);
  }

  private park(id: string, error: unknown, now: number): Promise<ClaimedBatch> {
    if (error instanceof StoreUnavailableError) throw error;
    return inTransaction(this.db, async (trx) => {
      const effects = new Effects();
      const turns = await this.turns.turns(trx, await this.turns.lockJobs(trx, [id]), effects, now);
      for (const turn of turns) {
        parkJob(turn, error);
        // The row may be what cannot be written: no more of it than must be.
        turn.edited = false;
        const { parked_because } = turn.row;
        await trx.updateTable('jobs').set({ parked_because }).where('id', '=', id).execute();
      }
      const unstored = await this.turns.write(trx, turns, effects);
      return { effects, unstored, more: false, lookAgainAt: null };
    });
  }
}
