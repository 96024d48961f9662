import type {
  Completion,
  Claim,
  ClaimBatch,
  ClaimRequest,
  RecoveredAttempt,
  Renewal,
  RunNote,
  CompletionEffect,
  StoreSession,
} from '@carillon/scheduler/store';
import { StoreUnavailableError } from '@carillon/scheduler/store';
import { sql } from 'kysely';
import type { Database } from '../driver/database.js';
import { renewLeases } from './carried-runs.js';
import type { ClaimedBatch } from './claim-batch.js';
import { Claiming } from './claiming.js';
import type { DueFloor } from './due-floor.js';
import { Ends } from './ends.js';
import { type HeldClaim, HeldClaims } from './held-claims.js';
import { OneByOne } from './one-by-one.js';
import type { Forgetting } from './retention.js';
import { inTransaction } from './retrying.js';
import { type Ending, Settlement } from './settlement.js';
import { together } from './together.js';
import type { TurnStore } from './turn-store.js';

/** Claims renewed by one statement. */
const RENEWED_AT_ONCE = 1_000;

/** The runs that this process carries: claimed and renewed one after the other, and ended beside that. */
export class Carrier {
  private readonly held = new HeldClaims();
  private readonly turns = new OneByOne();
  private readonly settlement: Settlement;
  private readonly ends: Ends;
  private readonly claiming: Claiming;
  /** A claim may have been made whose answer was lost. */
  private unsure = false;
  /** When leases that are over were last looked for. */
  private recoveredAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly db: Database,
    turnStore: TurnStore,
    private readonly forgetting: Forgetting,
    private readonly session: StoreSession,
    private readonly leaseMs: number,
    private readonly floor: DueFloor,
  ) {
    const { held } = this;
    this.settlement = new Settlement(db, turnStore, held, session.replica);
    this.ends = new Ends(db, this.settlement, held, session.replica, floor, this.turns);
    this.claiming = new Claiming(db, turnStore, session, leaseMs, floor, this.ends);
  }

  /** No further claim may begin. */
  get isFull(): boolean {
    const { whole } = this.session.concurrency;
    return whole !== null && this.held.underWay >= whole;
  }

  /** The claim, as this process made it; null when another did, or it is over. */
  claimOf(run: { id: string; token: number }): Claim | null {
    return this.held.ofRun(run)?.claim ?? null;
  }

  settle(end: Completion, slotHeld: boolean): Promise<CompletionEffect> {
    return this.ends.settle(end, slotHeld);
  }

  release(claim: Claim, now: number): Promise<CompletionEffect> {
    return this.ends.release(claim, now);
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    return this.ends.annotate(claim, note);
  }

  claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    return this.turns.run(async () => {
      if (this.unsure) await this.giveBackUnknown(request.now);
      const along = await this.ends.takeAlong();
      const { now } = request;
      const recover = now < this.recoveredAt || now >= this.recoveredAt + this.leaseMs / 10;
      let written: ReadonlySet<Ending> = new Set();
      let batches: ClaimedBatch[];
      try {
        const batch = await inTransaction(this.db, async (trx) => {
          const [ended, claimed] = await together([
            this.settlement.writePlain(trx, along),
            this.claiming.together(trx, request, this.held.underWay, recover),
          ]);
          written = ended;
          return claimed;
        });
        await this.ends.written(along, written);
        batches = [batch];
      } catch (error) {
        await this.ends.notWritten(along);
        this.unsure = error instanceof StoreUnavailableError;
        if (this.unsure) throw error;
        // Some of them may be made when another cannot be.
        this.unsure = true;
        batches = await this.claiming.apart(request, this.held.underWay);
        this.unsure = false;
      }
      if (recover) this.recoveredAt = now;
      return this.take(batches);
    });
  }

  renew(claims: readonly Claim[], now: number): Promise<Renewal> {
    const ours = claims.map((claim) => this.held.get(claim));
    return this.turns.run(async () => {
      const lost: Claim[] = claims.filter((_, index) => ours[index] === null);
      const cancelled: Claim[] = [];
      // What has ended while this waited needs no lease.
      const held = ours.filter((one) => one !== null && this.isUnderWay(one)) as HeldClaim[];
      held.sort((a, b) => (a.claim.runId < b.claim.runId ? -1 : 1));
      for (let from = 0; from < held.length; from += RENEWED_AT_ONCE) {
        const some = held.slice(from, from + RENEWED_AT_ONCE);
        const { renewed, replaced } = await renewLeases(
          this.db,
          this.session.replica,
          some,
          now + this.leaseMs,
        );
        for (const one of some) {
          const { claim } = one;
          if (renewed.has(claim.runId)) {
            if (!replaced.has(claim.runId) || one.cancelTold) continue;
            one.cancelTold = true;
            cancelled.push(claim);
          } else if (this.isUnderWay(one)) {
            // Nor has it ended meanwhile.
            lost.push(claim);
            this.held.delete(claim);
          }
        }
      }
      return { lost, cancelled };
    });
  }

  giveBack(claims: readonly Claim[], now: number): Promise<void> {
    return this.turns.run(async () => {
      await inTransaction(this.db, (trx) => this.settlement.giveBack(trx, claims, now));
      for (const claim of claims) this.held.delete(claim);
      this.floor.reset();
    });
  }

  /** Resolves once all is written that was put in before. */
  async rest(): Promise<void> {
    await this.ends.rest();
    this.held.clear();
  }

  private isUnderWay(one: HeldClaim): boolean {
    return this.held.get(one.claim) === one && !one.ending;
  }

  private take(batches: readonly ClaimedBatch[]): ClaimBatch {
    const all: ClaimBatch = { claims: [], recorded: [], cancelled: [], changed: [], more: false };
    const recovered: RecoveredAttempt[] = [];
    for (const { effects, unstored, more, lookAgainAt } of batches) {
      const isStored = ({ runId }: { runId: string }) => !unstored.has(runId);
      effects.claims.forEach((claim, index) => {
        if (isStored(claim)) this.held.add(claim, effects.claimed[index]!);
      });
      if (effects.touched.size > 0 || effects.changed.length > 0) this.floor.reset();
      for (const { job_id } of effects.inserted) this.forgetting.noteMade(job_id);
      all.claims.push(...effects.claims.filter(isStored));
      all.recorded.push(...effects.recorded.filter(isStored));
      all.cancelled.push(...effects.replaced.flatMap((run) => this.claimOf(run) ?? []));
      all.changed.push(...effects.changed);
      recovered.push(...effects.recovered);
      all.more ||= more;
      all.lookAgainAt = lookAgainAt;
    }
    if (recovered.length > 0) all.recovered = recovered;
    return all;
  }

  /** The answer to a claim was lost on the way: nobody begins what it took. */
  private async giveBackUnknown(now: number): Promise<void> {
    await inTransaction(this.db, async (trx) => {
      const runs = await trx
        .selectFrom('runs')
        .select(['id as runId', 'job_id as jobId', 'token'])
        .where('holds_place', '=', sql.lit(1))
        .where('holder', '=', this.session.replica)
        .execute();
      const unknown = runs.filter((run) => this.held.get(run) === null);
      await this.settlement.giveBack(trx, unknown, now);
    });
    this.unsure = false;
    this.floor.reset();
  }
}
