import { AsyncResource } from 'node:async_hooks';
import type { Claim } from '../model/index.js';
import {
  type Awaitable,
  type ClaimBatch,
  type Clock,
  type EventSink,
  isLeased,
  isPromise,
  type Store,
} from '../ports/index.js';
import type { Alarms } from '../runner/index.js';
import { storeBackoffMs } from './store-backoff.js';

/** How long a pass holds the event loop before other work gets a turn. */
const SLICE_MS = 10;
/** Jobs taken at once from a store that has to be waited for. One that answers at once is asked for each, so that nothing is claimed that does not begin. */
const BATCH = 100;

/** What the loop hands on. None of these throws. */
export interface LoopSink {
  /** Leases are held from now on: these will begin one after the other. Only from stores that have leases. */
  claimed(claims: readonly Claim[]): void;
  /** Whose leases may be over is known after this: the claim was long on its way. Never rejects. */
  late(): Promise<void>;
  begin(claim: Claim): void;
  told(batch: ClaimBatch): void;
  /** The pass is over: all that was claimed has begun. */
  rested(): void;
}

/**
 * Claims what is due and starts it: one pass when the timer wakes, in slices of SLICE_MS. With a
 * store that answers at once the first slice runs inside the timer's callback. One that has to be
 * waited for looks for the next batch while one begins.
 */
export class DueLoop {
  private claiming = false;
  private passing = false;
  private claims: readonly Claim[] = [];
  private nextClaim = 0;
  /** What the store was asked last and has not answered, or whose answer's turn has not come. */
  private asked: Promise<ClaimBatch> | null = null;
  /** Elapsed time when it was asked. */
  private askedAt = 0;
  private givenUp = false;
  private readonly leased: boolean;
  private readonly batch: number;
  /** Longest time between two looks, ms. */
  private readonly pollMs: number;
  /** A claim that took longer is renewed before it begins. */
  private readonly lateMs: number;
  /** What was due and left behind is looked at again then. */
  private lookAgainAt: number | null = null;
  private held = false;
  private failures = 0;
  /** When the store stopped answering; null while it does. */
  downSince: number | null = null;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly alarms: Alarms,
    private readonly events: EventSink,
    private readonly sink: LoopSink,
  ) {
    this.leased = isLeased(store);
    this.batch = this.leased ? BATCH : 1;
    this.pollMs = isLeased(store) ? store.pollMs : Number.POSITIVE_INFINITY;
    this.lateMs = isLeased(store) ? store.leaseMs / 3 : Number.POSITIVE_INFINITY;
  }

  /** A pass is under way: there may be claims that have not begun. */
  get busy(): boolean {
    return this.passing;
  }

  start(): void {
    this.claiming = true;
    if (this.downSince === null) this.look();
    else this.pass();
  }

  /** No further claims; what is claimed already still begins. */
  stop(): void {
    this.claiming = false;
    this.alarms.wake(null);
  }

  /** Nothing is claimed until `goOn`: what time it is, is not known for certain. */
  hold(): void {
    this.held = true;
  }

  goOn(): void {
    this.held = false;
    this.look();
  }

  /**
   * What is claimed and has not begun does not begin any more; what the store is about to claim neither, if it
   * answers within `limitMs`.
   */
  async giveUp(limitMs: number): Promise<readonly Claim[]> {
    this.givenUp = true;
    const given = this.claims.slice(this.nextClaim);
    this.claims = [];
    this.nextClaim = 0;
    if (this.asked === null) return given;
    const tooLate = new Promise<null>((resolve) => this.alarms.after(limitMs, () => resolve(null)));
    const batch = await Promise.race([this.asked.catch(() => null), tooLate]);
    return batch === null ? given : [...given, ...batch.claims];
  }

  /** A place is free: what was left behind for want of one may go on. */
  freed(): void {
    this.lookAgainAt = null;
    this.look();
  }

  /** Something changed that may be due earlier than the timer is armed for. */
  look(): void {
    // While the store is down its own backoff looks again.
    if (this.claiming && !this.passing && !this.held && this.downSince === null) this.arm();
  }

  /** One pass now, in this call as far as the first slice goes; never in the async context of the caller. */
  readonly pass = AsyncResource.bind((): void => {
    if (this.passing || !this.claiming || this.held) return;
    this.passing = true;
    this.slice();
  });

  private readonly slice = (): void => {
    this.alarms.look();
    // One reading after each run: it ends the slice (also when the clock is stepped), and is the next claim's now.
    const begunAt = this.clock.now();
    let now = begunAt;
    for (;;) {
      while (this.nextClaim < this.claims.length) {
        this.sink.begin(this.claims[this.nextClaim++]);
        now = this.clock.now();
        if (Math.abs(now - begunAt) >= SLICE_MS) return this.clock.yieldThen(this.slice);
      }
      if (this.asked !== null) return void this.asked.then(this.resumeWith, this.storeFailed);
      if (!this.claiming || this.held) return this.rest();
      try {
        const batch = this.ask(now);
        if (isPromise(batch)) return void batch.then(this.resumeWith, this.storeFailed);
        if (!this.take(batch)) return this.rest();
      } catch (error) {
        return this.storeFailed(error);
      }
      if (this.claims.length > 0) continue;
      now = this.clock.now();
      if (Math.abs(now - begunAt) >= SLICE_MS) return this.clock.yieldThen(this.slice);
    }
  };

  private ask(now: number): Awaitable<ClaimBatch> {
    const batch = this.store.claimDue({ now, limit: this.batch });
    if (!isPromise(batch)) return batch;
    this.asked = batch;
    this.askedAt = this.clock.monotonic();
    // Whoever takes the answer hears of a failure; it may come before that.
    batch.catch(() => undefined);
    return batch;
  }

  private askAhead(): void {
    try {
      const batch = this.ask(this.clock.now());
      if (!isPromise(batch)) this.asked = Promise.resolve(batch);
    } catch {
      // The slice asks again when its claims have begun, and hears of it.
    }
  }

  private readonly resumeWith = (batch: ClaimBatch): void => {
    this.asked = null;
    const goesOn = this.take(batch);
    if (this.givenUp || !goesOn) return this.rest();
    if (batch.claims.length > 0 && this.clock.monotonic() - this.askedAt >= this.lateMs)
      return void this.sink.late().then(this.slice);
    if (batch.more && this.claiming && !this.held) this.askAhead();
    this.slice();
  };

  /** False when nothing more is due. */
  private take(batch: ClaimBatch): boolean {
    if (this.downSince !== null) this.storeIsBack();
    this.claims = batch.claims;
    this.nextClaim = 0;
    if (
      batch.recorded.length > 0 ||
      batch.changed.length > 0 ||
      batch.cancelled.length > 0 ||
      batch.recovered !== undefined
    )
      this.sink.told(batch);
    this.lookAgainAt = batch.lookAgainAt ?? null;
    if (this.leased && batch.claims.length > 0) this.sink.claimed(batch.claims);
    return batch.claims.length > 0 || batch.more;
  }

  private rest(): void {
    this.passing = false;
    this.claims = [];
    this.nextClaim = 0;
    if (this.claiming && !this.held) this.arm();
    this.sink.rested();
  }

  private arm(): void {
    try {
      const earliest = this.store.earliestDueAt();
      if (isPromise(earliest)) earliest.then(this.wakeAt, this.storeFailed);
      else this.wakeAt(earliest);
    } catch (error) {
      this.storeFailed(error);
    }
  }

  private readonly wakeAt = (at: number | null): void => {
    if (!this.claiming || this.passing) return;
    if (this.pollMs === Number.POSITIVE_INFINITY) return this.alarms.wake(at);
    const now = this.clock.now();
    const againAt = this.lookAgainAt ?? Number.POSITIVE_INFINITY;
    // What is due already was left behind, so it is not asked for again at once.
    const dueAt = at === null || (at <= now && this.lookAgainAt !== null) ? againAt : Math.min(at, againAt);
    this.alarms.wake(Math.min(dueAt, now + this.pollMs));
  };

  private readonly storeFailed = (error: unknown): void => {
    this.asked = null;
    this.passing = false;
    this.claims = [];
    this.sink.rested();
    if (this.downSince === null) {
      this.downSince = this.clock.now();
      this.events.emit('store.down', { error });
    }
    const backoffMs = storeBackoffMs(this.failures++);
    if (this.claiming) this.alarms.after(backoffMs, this.pass);
  };

  private storeIsBack(): void {
    this.events.emit('store.up', { downMs: this.clock.now() - this.downSince! });
    this.downSince = null;
    this.failures = 0;
  }
}
