import { MemoryStore } from '../../libs/scheduler/src/memory/index.js';
import type { Completion, Claim } from '../../libs/scheduler/src/model/index.js';
import type {
  BeatResult,
  ClaimBatch,
  ClaimRequest,
  LeasedStore,
  Renewal,
  CompletionEffect,
} from '../../libs/scheduler/src/ports/index.js';

/** Stands for a shared store whose answers a test decides; every verb that the loop awaits takes a promise. */
export class LeasedMemoryStore extends MemoryStore implements LeasedStore {
  override readonly durable: true = true as const;
  override readonly clustered = true;
  readonly leaseMs = 30_000;
  readonly pollMs = 5_000;

  /** Every verb fails with it while it is set. */
  outage: Error | null = null;
  clockAheadMs = 0;
  readonly now: () => number;
  /** Claims are answered without a promise. */
  atOnce = false;
  beats = 0;
  asked = 0;
  /** While it is set, claims are made, and their answers are on the way. */
  onTheWay: Promise<void> | null = null;
  /** All that were made, the latest last. */
  readonly claims: Claim[] = [];
  readonly renewed: string[][] = [];
  readonly givenBack: Claim[] = [];
  others: string[] = [];
  nextBeat: Partial<BeatResult> = {};
  nextRenewal: Partial<Renewal> = {};
  lookAgainAt: number | null = null;

  constructor(now: () => number) {
    super({ runsPerJob: 100, runsTotal: 1_000 });
    this.now = now;
  }

  async time(): Promise<number> {
    await this.answer();
    return this.now() + this.clockAheadMs;
  }

  async otherReplicas(): Promise<string[]> {
    await this.answer();
    return this.others;
  }

  async renew(claims: readonly Claim[]): Promise<Renewal> {
    await this.answer();
    this.renewed.push(claims.map(({ jobId }) => jobId));
    const { lost = [], cancelled = [] } = this.nextRenewal;
    this.nextRenewal = {};
    return { lost, cancelled };
  }

  async giveBack(claims: readonly Claim[]): Promise<void> {
    await this.answer();
    this.givenBack.push(...claims);
  }

  async beat(): Promise<BeatResult> {
    await this.answer();
    this.beats++;
    const result = { recorded: [], changed: [], unhandled: [], ...this.nextBeat };
    this.nextBeat = {};
    return result;
  }

  override claimDue(request: ClaimRequest): ClaimBatch {
    this.asked++;
    const claim = () => {
      const batch = super.claimDue(request);
      this.claims.push(...batch.claims);
      return { ...batch, lookAgainAt: this.lookAgainAt };
    };
    if (this.atOnce) return claim();
    const claimed = this.later(claim);
    return (this.onTheWay === null ? claimed : this.onTheWay.then(() => claimed)) as never;
  }

  override complete(end: Completion, slotHeld: boolean): CompletionEffect {
    return this.later(() => super.complete(end, slotHeld)) as never;
  }

  private async later<T>(answer: () => T): Promise<T> {
    await this.answer();
    return answer();
  }

  private async answer(): Promise<void> {
    await Promise.resolve();
    if (this.outage) throw this.outage;
  }
}
