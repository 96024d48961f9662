import {
  type AttemptEnd,
  type Claim,
  type ClaimBatch,
  type ClaimRequest,
  type RecoveredAttempt,
  type Renewal,
  type RunNote,
  type Settled,
  type StoreSession,
  StoreUnavailableError,
} from '@carillon/scheduler/store';
import { sql } from 'kysely';
import type { Database } from '../driver/database.js';
import type { ClaimedBatch } from './claim-batch.js';
import { Claiming } from './claiming.js';
import type { DueFloor } from './due-floor.js';
import { type HeldClaim, HeldClaims } from './held-claims.js';
import type { Forgetting } from './retention.js';
import { inTransaction } from './retrying.js';
import { type Ending, Settlement } from './settlement.js';
import { together } from './together.js';
import { renewLeases, writeNotes } from './carried-runs.js';
import type { TurnStore } from './turn-store.js';
import { WriteLane } from './write-lane.js';

/** Claims renewed by one statement. */
const RENEWED_AT_ONCE = 1_000;

interface Waiting<T> {
  resolve: (answer: T) => void;
  reject: (error: unknown) => void;
}
type EndingItem = Ending & Waiting<Settled>;
type NoteItem = { readonly noted: HeldClaim } & Waiting<void>;
type Item = EndingItem | NoteItem;

/** The runs that this process carries: claimed, renewed and settled, one write after the other. */
export class Carrier {
  private readonly held = new HeldClaims();
  private readonly settlement: Settlement;
  private readonly lane = new WriteLane<Item>((items) => this.flush(items));
  private readonly claiming: Claiming;
  /** A claim may have been made whose answer was lost. */
  private unsure = false;
  /** When leases that are over were last looked for. */
  private recoveredAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly db: Database,
    turns: TurnStore,
    private readonly forgetting: Forgetting,
    private readonly session: StoreSession,
    private readonly leaseMs: number,
    private readonly floor: DueFloor,
  ) {
    this.settlement = new Settlement(db, turns, this.held, session.replica);
    this.claiming = new Claiming(db, turns, session, leaseMs, floor);
  }

  /** No further claim may begin. */
  get isFull(): boolean {
    const { whole } = this.session.concurrency;
    return whole !== null && this.held.size >= whole;
  }

  /** The claim, as this process made it; null when another did, or it is over. */
  claimOf(run: { id: string; token: number }): Claim | null {
    return this.held.ofRun(run)?.claim ?? null;
  }

  settle(end: AttemptEnd, placeHeld: boolean): Promise<Settled> {
    return this.end({ claim: end.claim, end, placeHeld, now: end.endedAt });
  }

  release(claim: Claim, now: number): Promise<Settled> {
    return this.end({ claim, end: null, placeHeld: false, now });
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    const held = this.held.get(claim);
    if (held === null) return Promise.resolve();
    held.note(note);
    return new Promise((resolve, reject) => this.lane.put({ noted: held, resolve, reject }));
  }

  claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    return this.lane.run(async () => {
      if (this.unsure) await this.giveBackUnknown(request.now);
      const plain = await this.writeOthers(this.lane.take());
      const { now } = request;
      const recover = now < this.recoveredAt || now >= this.recoveredAt + this.leaseMs / 10;
      let written = new Set<Ending>();
      let batches: ClaimedBatch[];
      try {
        const batch = await inTransaction(this.db, async (trx) => {
          // These have ended here, whatever is written of them.
          const held = this.held.size - plain.length;
          const [ended, claimed] = await together([
            this.settlement.writePlain(trx, plain),
            this.claiming.together(trx, request, held, recover),
          ]);
          written = ended;
          return claimed;
        });
        await this.flush(this.answerWritten(plain, written));
        batches = [batch];
      } catch (error) {
        await this.flush(plain);
        this.unsure = error instanceof StoreUnavailableError;
        if (this.unsure) throw error;
        batches = await this.claiming.apart(request, this.held.size);
      }
      if (recover) this.recoveredAt = now;
      return this.take(batches);
    });
  }

  renew(claims: readonly Claim[], now: number): Promise<Renewal> {
    const ours = claims.map((claim) => this.held.get(claim));
    return this.lane.run(async () => {
      const lost: Claim[] = claims.filter((_, index) => ours[index] === null);
      const cancelled: Claim[] = [];
      // What has been settled while this waited is neither.
      const held = ours.filter((one) => one !== null && this.held.get(one.claim) === one) as HeldClaim[];
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
          if (!renewed.has(claim.runId)) {
            lost.push(claim);
            this.held.delete(claim);
          } else if (replaced.has(claim.runId) && !one.cancelTold) {
            one.cancelTold = true;
            cancelled.push(claim);
          }
        }
      }
      return { lost, cancelled };
    });
  }

  giveBack(claims: readonly Claim[], now: number): Promise<void> {
    return this.lane.run(async () => {
      await inTransaction(this.db, (trx) => this.settlement.giveBack(trx, claims, now));
      for (const claim of claims) this.held.delete(claim);
      this.floor.reset();
    });
  }

  /** Resolves once all is written that was put in before. */
  async rest(): Promise<void> {
    await this.lane.run(() => this.flush(this.lane.take()));
    this.held.clear();
  }

  private end(ending: Ending): Promise<Settled> {
    return new Promise((resolve, reject) => this.lane.put({ ...ending, resolve, reject }));
  }

  /** Answers those that were written, and gives back the rest. */
  private answerWritten(items: readonly EndingItem[], written: ReadonlySet<Ending>): EndingItem[] {
    const rest: EndingItem[] = [];
    for (const item of items) {
      if (written.has(item)) this.answer(item, 'recorded');
      else rest.push(item);
    }
    return rest;
  }

  private answer(item: EndingItem, settled: Settled): void {
    if (!item.placeHeld || settled === 'refused') this.held.delete(item.claim);
    this.floor.lower(item.end?.retryAt ?? null);
    item.resolve(settled);
  }

  /** Never rejects: whoever put an item in is told. */
  private async flush(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return;
    const plain = await this.writeOthers(items);
    if (plain.length === 0) return;
    try {
      const written = await inTransaction(this.db, (trx) => this.settlement.writePlain(trx, plain));
      await this.writeWithJobs(this.answerWritten(plain, written));
    } catch (error) {
      for (const { reject } of plain) reject(error);
    }
  }

  /** Writes notes, and endings that change their jobs; answers the other endings. */
  private async writeOthers(items: readonly Item[]): Promise<EndingItem[]> {
    const notes = items.filter((item): item is NoteItem => 'noted' in item);
    if (notes.length > 0) await this.writeNotes(notes);
    const endings = items.filter((item): item is EndingItem => 'claim' in item);
    const plain = endings.filter((item) => this.settlement.isPlain(item));
    if (plain.length < endings.length)
      await this.writeWithJobs(endings.filter((item) => !this.settlement.isPlain(item)));
    return plain;
  }

  private async writeWithJobs(items: readonly EndingItem[]): Promise<void> {
    if (items.length === 0) return;
    try {
      const settled = await inTransaction(this.db, (trx) => this.settlement.writeWithJobs(trx, items));
      // Something that waited may go on.
      this.floor.reset();
      for (const item of items) this.answer(item, settled.get(item)!);
    } catch (error) {
      for (const { reject } of items) reject(error);
    }
  }

  private async writeNotes(items: readonly NoteItem[]): Promise<void> {
    try {
      await writeNotes(this.db, this.session.replica, new Set(items.map(({ noted }) => noted)));
      for (const { resolve } of items) resolve();
    } catch (error) {
      for (const { reject } of items) reject(error);
    }
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
