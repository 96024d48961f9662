import { AsyncResource } from 'node:async_hooks';
import type { Claim } from '../model/index.js';
import {
  type Awaitable,
  type ClaimBatch,
  type Clock,
  isLeased,
  isPromise,
  type Store,
} from '../ports/index.js';
import { type StoreDeadline, storeBackoffMs } from './store-deadline.js';
import type { TimerQueue } from './timer-queue.js';

/** How long a pass holds the event loop before it yields. */
const SLICE_MS = 10;
/** Jobs in one claim of a leased store, which grows while claims are full. From memory one job is claimed at a time, so that each claim begins at once. */
const BATCH = 100;
const LARGEST_BATCH = 500;

/** Receives what the loop claims. None of these throws. */
export interface LoopSink {
  /** Called with leased claims before they begin, which they do one after the other. @param askedAt elapsed time at the call of the claim */
  claimed(claims: readonly Claim[], askedAt: number): void;
  /** Renews the leases of all claims before the next one begins. Never rejects. */
  renewAll(): Promise<void>;
  begin(claim: Claim): void;
  publish(batch: ClaimBatch): void;
  /** The claim returned after its deadline, or after the stop: its claims are given back. */
  readonly tooLate: (batch: ClaimBatch) => void;
  /** Called at the end of a pass: all claims have begun. */
  passEnded(): void;
  storeDown(error: unknown): void;
  storeUp(downMs: number): void;
}

/**
 * Claims what is due and starts it: one pass when the timer fires, in slices of SLICE_MS. Over the
 * memory store the first slice runs inside the timer's callback. From a leased store the next batch is
 * claimed while one begins.
 */
export class DueLoop {
  private claiming = false;
  private claims: readonly Claim[] = [];
  private nextClaim = 0;
  /** The claim that has not returned, or whose batch waits until the one before has begun. */
  private asked: Promise<ClaimBatch> | null = null;
  /** Elapsed time at the call of the last claim. */
  private askedAt = 0;
  private givenUp = false;
  private readonly leased: boolean;
  private batchSize: number;
  /** Longest time between two claims, ms. */
  private readonly pollMs: number;
  /** After a longer wait for a claim, or a longer slice, leases are renewed before the next run begins, ms. */
  private readonly lateMs: number;
  /** When to claim again what was due and left behind, UTC ms. */
  private lookAgainAt: number | null = null;
  private suspended = false;
  private failures = 0;
  /** When the store failed, UTC ms; null while it works. */
  downSince: number | null = null;
  /** True during a pass: there may be claims that have not begun. */
  passing = false;

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly timers: TimerQueue,
    private readonly deadline: StoreDeadline,
    private readonly sink: LoopSink,
  ) {
    this.leased = isLeased(store);
    this.batchSize = this.leased ? BATCH : 1;
    this.pollMs = isLeased(store) ? store.pollMs : Number.POSITIVE_INFINITY;
    this.lateMs = isLeased(store) ? store.leaseMs / 3 : Number.POSITIVE_INFINITY;
  }

  start(): void {
    this.claiming = true;
    this.goOn();
  }

  /** Makes no further claims. Those already made still begin. */
  stop(): void {
    this.claiming = false;
    this.timers.wakeAt(null);
  }

  /** A loop that makes claims learns from them whether the store works; otherwise the beats say so. */
  beatSucceeded(): void {
    if (!this.claiming) this.storeWorks();
  }

  beatFailed(error: unknown): void {
    if (this.claiming) this.rearm();
    else this.storeIsDown(error);
  }

  /** Makes no claims until `unsuspend`, while the time is uncertain. */
  suspend(): void {
    this.suspended = true;
  }

  unsuspend(): void {
    this.suspended = false;
    this.goOn();
  }

  private goOn(): void {
    if (this.downSince === null) this.rearm();
    else this.pass();
  }

  /** Returns the claims that have not begun, so that they do not begin; also those of a claim that returns within `limitMs`. */
  async giveUp(limitMs: number): Promise<readonly Claim[]> {
    this.givenUp = true;
    const given = this.claims.slice(this.nextClaim);
    this.claims = [];
    this.nextClaim = 0;
    if (this.asked === null) return given;
    try {
      const batch = await this.deadline.bound(this.asked, { onLate: this.sink.tooLate, limitMs });
      this.claimed(batch);
      return [...given, ...batch.claims];
    } catch {
      return given;
    }
  }

  /** Claims again, since work may have been left behind for want of a slot. */
  slotFreed(): void {
    this.lookAgainAt = null;
    this.rearm();
  }

  /** Arms the timer anew. Call after a change that may make something due earlier. */
  rearm(): void {
    // While the store is down, the backoff ends in the next pass.
    if (this.claiming && !this.passing && !this.suspended && this.downSince === null) this.arm();
  }

  /** Makes a pass; its first slice runs in this call, outside of the caller's async context. */
  readonly pass = AsyncResource.bind((): void => {
    if (this.passing || !this.claiming || this.suspended) return;
    this.passing = true;
    this.slice();
  });

  private readonly slice = (): void => {
    this.timers.checkClock();
    // One reading after each run ends the slice (also when the clock is stepped), and is the next claim's `now`.
    const begunAt = this.clock.now();
    let now = begunAt;
    for (;;) {
      while (this.nextClaim < this.claims.length) {
        this.sink.begin(this.claims[this.nextClaim++]);
        now = this.clock.now();
        if (Math.abs(now - begunAt) >= SLICE_MS) return this.endSlice(Math.abs(now - begunAt));
      }
      if (this.asked !== null) return void this.asked.then(this.resumeWith, this.storeFailed);
      if (!this.claiming || this.suspended) return this.endPass();
      try {
        const batch = this.ask(now);
        if (isPromise(batch)) return void batch.then(this.resumeWith, this.storeFailed);
        if (!this.take(batch)) return this.endPass();
      } catch (error) {
        return this.storeFailed(error);
      }
      if (this.claims.length > 0) continue;
      now = this.clock.now();
      if (Math.abs(now - begunAt) >= SLICE_MS) return this.clock.yieldThen(this.slice);
    }
  };

  private endSlice(tookMs: number): void {
    // Timers fire after the next slice at the earliest, the one that renews leases among them.
    if (tookMs >= this.lateMs) void this.sink.renewAll().then(this.slice);
    else this.clock.yieldThen(this.slice);
  }

  private ask(now: number): Awaitable<ClaimBatch> {
    if (this.leased) this.askedAt = this.clock.monotonic();
    const claimed = this.store.claimDue({ now, limit: this.batchSize });
    if (!isPromise(claimed)) return claimed;
    const batch = this.deadline.bound(claimed, { onLate: this.sink.tooLate });
    this.asked = batch;
    // A rejection is handled once the batch before has begun.
    batch.catch(() => undefined);
    return batch;
  }

  private askAhead(): void {
    try {
      const batch = this.ask(this.clock.now());
      if (!isPromise(batch)) this.asked = Promise.resolve(batch);
    } catch {
      // The slice claims again once its claims have begun, and handles the error.
    }
  }

  private readonly resumeWith = (batch: ClaimBatch): void => {
    this.asked = null;
    if (this.givenUp || !this.take(batch)) return this.endPass();
    if (batch.claims.length > 0 && this.clock.monotonic() - this.askedAt >= this.lateMs)
      return void this.sink.renewAll().then(this.slice);
    if (batch.more && this.claiming && !this.suspended) this.askAhead();
    this.slice();
  };

  /** Returns false when nothing more is due. */
  private take(batch: ClaimBatch): boolean {
    this.storeWorks();
    this.claims = batch.claims;
    this.nextClaim = 0;
    this.lookAgainAt = batch.lookAgainAt ?? null;
    if (this.leased) this.batchSize = batch.more ? Math.min(2 * this.batchSize, LARGEST_BATCH) : BATCH;
    this.claimed(batch);
    return batch.claims.length > 0 || batch.more;
  }

  private claimed(batch: ClaimBatch): void {
    const { recorded, changed, cancelled, recovered } = batch;
    if (recorded.length > 0 || changed.length > 0 || cancelled.length > 0 || recovered !== undefined)
      this.sink.publish(batch);
    if (this.leased && batch.claims.length > 0) this.sink.claimed(batch.claims, this.askedAt);
  }

  private endPass(): void {
    this.passing = false;
    this.claims = [];
    this.nextClaim = 0;
    if (this.claiming && !this.suspended) this.arm();
    this.sink.passEnded();
  }

  private arm(): void {
    try {
      const earliest = this.deadline.bound(this.store.earliestDueAt());
      if (isPromise(earliest)) earliest.then(this.wakeAt, this.storeFailed);
      else this.wakeAt(earliest);
    } catch (error) {
      this.storeFailed(error);
    }
  }

  private readonly wakeAt = (at: number | null): void => {
    if (!this.claiming || this.passing) return;
    if (this.pollMs === Number.POSITIVE_INFINITY) return this.timers.wakeAt(at);
    const now = this.clock.now();
    const againAt = this.lookAgainAt ?? Number.POSITIVE_INFINITY;
    // Due work that was left behind is not claimed again at once.
    const dueAt = at === null || (at <= now && this.lookAgainAt !== null) ? againAt : Math.min(at, againAt);
    this.timers.wakeAt(Math.min(dueAt, now + this.pollMs));
  };

  private readonly storeFailed = (error: unknown): void => {
    this.asked = null;
    this.passing = false;
    this.claims = [];
    this.sink.passEnded();
    this.storeIsDown(error);
    const backoffMs = storeBackoffMs(this.failures++);
    if (this.claiming) this.timers.after(backoffMs, this.pass);
  };

  private storeIsDown(error: unknown): void {
    // The stop itself ends waits for the store.
    if (this.downSince !== null || this.givenUp) return;
    this.downSince = this.clock.now();
    this.sink.storeDown(error);
  }

  private storeWorks(): void {
    if (this.downSince === null) return;
    this.sink.storeUp(this.clock.now() - this.downSince);
    this.downSince = null;
    this.failures = 0;
  }
}
