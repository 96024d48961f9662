import {
  type Claim,
  type ClaimBatch,
  type ClaimRequest,
  type HeldClaim,
  parkJob,
  type Renewal,
  StoreUnavailableError,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { CompletionBatcher } from '../complete/completion-batcher.js';
import type { PendingCompletion } from '../complete/completion-writer.js';
import { inParallel } from '../driver/in-parallel.js';
import { inTransaction } from '../driver/transactions.js';
import type { Tables } from '../schema/tables.js';
import { writeParkedBecause } from '../statements/jobs.js';
import { selectHeldBy, selectReplaced, updateHeld } from '../statements/leases.js';
import { notesOf } from '../units/run-rows.js';
import type { StoreContext } from '../units/store-context.js';
import { type ClaimedBatch, type ClaimInputs, ClaimTransaction } from './claim-transaction.js';

/** Claims renewed by one statement. */
const RENEWED_AT_ONCE = 1_000;

/** The claims of this process: made, renewed and given back one after the other, and completed beside that. */
export class Claims {
  /** A claim may have been made whose response was lost. */
  private unsure = false;
  /** The last claim left more behind. */
  private isBacklog = false;
  /** When expired leases were last looked for. */
  private recoveredAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: StoreContext,
    private readonly completions: CompletionBatcher,
    /** Called with the job of each run that a claim makes. */
    private readonly onMade: (jobId: string) => void,
  ) {}

  /** No further claim may begin. */
  get isFull(): boolean {
    const { whole } = this.store.session.concurrency;
    return whole !== null && this.store.held.atWork >= whole;
  }

  claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    return this.store.serial.run(async () => {
      if (this.unsure) await this.giveBackUnknown(request.now);
      const { now } = request;
      const recover = now < this.recoveredAt || now >= this.recoveredAt + this.store.leaseMs / 10;
      const batches = await this.claim(request, recover);
      if (recover) this.recoveredAt = now;
      const batch = this.hold(batches);
      this.isBacklog = batch.more;
      return batch;
    });
  }

  renew(claims: readonly Claim[], now: number): Promise<Renewal> {
    const { held, serial } = this.store;
    const ours = claims.map((claim) => held.get(claim));
    return serial.run(async () => {
      const lost: Claim[] = claims.filter((_, index) => ours[index] === null);
      const cancelled: Claim[] = [];
      // A claim that was completed while this waited needs no lease.
      const atWork = ours.filter((one) => one !== null && this.isAtWork(one)) as HeldClaim[];
      for (let from = 0; from < atWork.length; from += RENEWED_AT_ONCE) {
        const some = atWork.slice(from, from + RENEWED_AT_ONCE);
        const { renewed, replaced } = await this.renewSome(some, now);
        for (const one of some) {
          const { claim } = one;
          if (!renewed.has(claim.runId)) {
            // Nor was it completed meanwhile.
            if (!this.isAtWork(one)) continue;
            lost.push(claim);
            held.delete(claim);
          } else if (replaced.has(claim.runId) && !one.isCancelled) {
            one.isCancelled = true;
            cancelled.push(claim);
          }
        }
      }
      return { lost, cancelled };
    });
  }

  giveBack(claims: readonly Claim[], now: number): Promise<void> {
    const { db, held, floor, serial } = this.store;
    return serial.run(async () => {
      await inTransaction(db, (trx) => this.completions.writer.giveBack(trx, claims, now));
      for (const claim of claims) held.delete(claim);
      floor.reset();
    });
  }

  /** Claims what is due in one transaction, and job by job when that cannot be written in one. */
  private async claim(request: ClaimRequest, recover: boolean): Promise<ClaimedBatch[]> {
    const { completions } = this;
    const along = await completions.takeAlong();
    let written: ReadonlySet<PendingCompletion> = new Set();
    try {
      const batch = await inTransaction(this.store.db, async (trx) => {
        const [ended, claimed] = await inParallel([
          completions.writer.writeAlone(trx, along),
          this.transaction(trx, request, { recover }).run(),
        ]);
        written = ended;
        return claimed;
      });
      await completions.written(along, written);
      return [batch];
    } catch (error) {
      await completions.notWritten(along);
      // From here on some claims may be made whose answer another's failure hides.
      this.unsure = true;
      if (!this.isAboutRow(error)) throw error;
      const batches = await this.claimEach(request);
      this.unsure = false;
      return batches;
    }
  }

  /** One job is the reason that the batch cannot be written: it is parked, and the others go on (D5). */
  private async claimEach(request: ClaimRequest): Promise<ClaimedBatch[]> {
    const { db } = this.store;
    const ids = await inTransaction(db, (trx) => this.transaction(trx, request).candidates());
    const batches: ClaimedBatch[] = [];
    let atWork = this.store.held.atWork;
    for (const only of ids) {
      const batch = await inTransaction(db, (trx) =>
        this.transaction(trx, request, { atWork, recover: true, only }).run(),
      ).catch((error: unknown) => this.park(only, error, request.now));
      atWork += batch.context.facts.claims.length;
      batches.push(batch);
    }
    return batches;
  }

  /** Any other error would hold for each job, or go away by itself. */
  private isAboutRow(error: unknown): boolean {
    if (error instanceof StoreUnavailableError) return false;
    return ['row', 'program'].includes(this.store.db.dialect.kindOf(error));
  }

  private transaction(
    trx: Kysely<Tables>,
    request: ClaimRequest,
    some: Partial<Pick<ClaimInputs, 'atWork' | 'recover' | 'only'>> = {},
  ): ClaimTransaction {
    const { session, held, floor } = this.store;
    return new ClaimTransaction(this.store, trx, {
      request,
      from: floor.from(request.now, session.handlers().length),
      atWork: held.atWork,
      recover: false,
      only: null,
      isBacklog: this.isBacklog,
      completing: () => this.completions.underWay,
      ...some,
    });
  }

  private park(id: string, error: unknown, now: number): Promise<ClaimedBatch> {
    if (!this.isAboutRow(error)) throw error;
    const { db, units } = this.store;
    return inTransaction(db, async (trx) => {
      const context = units.context(now);
      const loaded = await units.lock(trx, [id], context);
      for (const unit of loaded) {
        parkJob(unit, error);
        unit.writesScheduleOnly = true;
        await writeParkedBecause(trx, id, unit.job.parkedBecause);
      }
      const unstored = await units.write(trx, loaded, context);
      return { context, unstored, more: false, lookAgainAt: null };
    });
  }

  /** Registers the claims that were made. */
  private hold(batches: readonly ClaimedBatch[]): ClaimBatch {
    const { held, floor } = this.store;
    const all: ClaimBatch = { claims: [], recorded: [], cancelled: [], changed: [], more: false };
    for (const { context, unstored, more, lookAgainAt } of batches) {
      const { facts, changes } = context;
      const isStored = ({ runId }: { runId: string }) => !unstored.has(runId);
      facts.claims.forEach((claim, index) => {
        const run = changes.claimed[index]!;
        if (isStored(claim)) held.add(claim, run, notesOf(run));
      });
      if (changes.touched.size > 0 || facts.changed.length > 0) floor.reset();
      for (const { jobId } of changes.made) this.onMade(jobId);
      all.claims.push(...facts.claims.filter(isStored));
      all.recorded.push(...facts.recorded.filter(isStored));
      all.cancelled.push(...facts.replaced.flatMap((run) => held.claimOf(run) ?? []));
      all.changed.push(...facts.changed);
      if (facts.recovered.length > 0) all.recovered = [...(all.recovered ?? []), ...facts.recovered];
      all.more ||= more;
      all.lookAgainAt = lookAgainAt;
    }
    return all;
  }

  private renewSome(
    some: readonly HeldClaim[],
    now: number,
  ): Promise<{ renewed: ReadonlySet<string>; replaced: ReadonlySet<string> }> {
    const { db, session, leaseMs } = this.store;
    const changes = some.map(({ claim }) => ({ claim, set: { lease_until: now + leaseMs } }));
    return inTransaction(db, async (trx) => {
      const renewed = await updateHeld(db, trx, session.replica, changes);
      return { renewed: new Set(renewed), replaced: await selectReplaced(db, trx, renewed) };
    });
  }

  private isAtWork(one: HeldClaim): boolean {
    return this.store.held.get(one.claim) === one && !one.isCompleting;
  }

  /** Gives back claims whose response was lost on the way: no process begins them. */
  private async giveBackUnknown(now: number): Promise<void> {
    const { db, session, held, floor } = this.store;
    await inTransaction(db, async (trx) => {
      const claims = await selectHeldBy(trx, session.replica);
      const unknown = claims.filter((claim) => held.get(claim) === null);
      await this.completions.writer.giveBack(trx, unknown, now);
    });
    this.unsure = false;
    floor.reset();
  }
}
