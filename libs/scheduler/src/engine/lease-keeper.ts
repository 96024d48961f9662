import { type Claim, HandlerUnknownError, LeaseLostError, StoreAheadError } from '../model/index.js';
import type { EventPublisher } from '../events/index.js';
import type { Clock, Delay, LeasedStore } from '../ports/index.js';
import { zoneinfoVersion } from '../timing/index.js';
import type { AttemptSupervisor } from './attempt-supervisor.js';
import type { DueLoop } from './due-loop.js';
import { StoreClock } from './store-clock.js';
import type { StoreDeadline } from './store-deadline.js';
import type { TimerQueue } from './timer-queue.js';

/** Time between two readings of the store's clock. */
const CALIBRATION_MS = 60_000;
/** A reading that took longer is too uncertain to use. */
const SLOW_READING_MS = 1_000;
/** A larger offset is reported. */
const OFFSET_MS = 1_000;
/** Rows that are further in the future are reported; replicas' clocks may differ by less. */
const AHEAD_MS = 60_000;

export interface LeaseKeeperParts {
  store: LeasedStore;
  clock: Clock;
  timers: TimerQueue;
  deadline: StoreDeadline;
  publisher: EventPublisher;
  supervisor: AttemptSupervisor;
  loop: DueLoop;
  /** Returns the names of the handlers of this process. */
  handlers: () => readonly string[];
}

/** Does its work and returns after how many ms to do it again; null for never. */
type Chore = () => number | null | Promise<number | null>;

/** Keeps this process alive in a shared store: beats (D2), renews leases (L4), reads the store's clock (L5). */
export class LeaseKeeper {
  private readonly pending = new Map<Chore, Delay>();
  private stopped = false;
  private renewing: Promise<boolean> | null = null;
  private reportedOffsetMs = 0;
  private reportedZoneData: string | null = null;
  private readonly renewalMs: number;
  /** So long before the end of its lease a handler is aborted, to stop before another replica makes the next attempt. */
  private readonly abortAheadMs: number;
  /** Elapsed time at which the abort of expiring leases is due. */
  private expiryAt = 0;

  constructor(private readonly parts: LeaseKeeperParts) {
    const { leaseMs } = parts.store;
    this.renewalMs = leaseMs / 3;
    this.abortAheadMs = leaseMs / 6;
  }

  /** Call once the store is open. */
  async start(): Promise<void> {
    await this.calibrate();
    if (this.parts.clock instanceof StoreClock) this.schedule(this.calibration, CALIBRATION_MS);
    await this.checkNewestRun();
  }

  /** Holds the claims, and renews their leases for as long as they are held. @param askedAt elapsed time before the claim */
  hold(claims: readonly Claim[], askedAt: number): void {
    const abortAt = this.abortAt(askedAt);
    for (const claim of claims) this.parts.supervisor.held.set(claim, abortAt);
    if (!this.pending.has(this.renewal)) this.schedule(this.renewal, this.renewalMs);
    if (!this.pending.has(this.expiry)) this.scheduleExpiry(abortAt);
  }

  /** Call once everything is declared. */
  async startBeating(): Promise<void> {
    this.schedule(this.beat, await this.beat());
  }

  stop(): void {
    this.stopped = true;
    for (const delay of this.pending.values()) delay.cancel();
    this.pending.clear();
  }

  /** Renews the leases of all held claims; a lost claim does not begin. Never rejects. */
  async renewAll(): Promise<void> {
    await this.renewing;
    await this.renew();
  }

  /** Renews now, since a run may have been cancelled elsewhere. */
  renewSoon(): void {
    if (!this.stopped) void this.renew();
  }

  /**
   * After a step of the machine's clock or a suspension: makes no claims until the store's clock is read
   * again and all leases are renewed or lost.
   */
  async recalibrate(): Promise<void> {
    const { loop } = this.parts;
    loop.suspend();
    await this.calibrate();
    await this.renew();
    loop.unsuspend();
  }

  private abortAt(askedAt: number): number {
    return askedAt + this.parts.store.leaseMs - this.abortAheadMs;
  }

  private schedule(chore: Chore, afterMs: number | null): void {
    this.pending.delete(chore);
    if (this.stopped || afterMs === null) return;
    const work = async () => this.schedule(chore, await chore());
    this.pending.set(
      chore,
      this.parts.timers.after(afterMs, () => void work()),
    );
  }

  private readonly calibration = async (): Promise<number> => {
    await this.calibrate();
    return CALIBRATION_MS;
  };

  private readonly beat = async (): Promise<number> => {
    const { store, clock, deadline, publisher, loop, handlers } = this.parts;
    const beaten = async () => {
      const result = await store.beat(clock.now());
      publisher.publish(result);
      for (const { jobId, handler } of result.unhandled) {
        publisher.publishFault(new HandlerUnknownError(handler, handlers()), jobId);
      }
      this.reportZoneData(result.newerZoneData ?? null);
      if (result.changed.length > 0) loop.rearm();
    };
    try {
      await deadline.bound(beaten());
      loop.beatSucceeded();
    } catch (error) {
      loop.beatFailed(error);
    }
    return store.pollMs;
  };

  private readonly renewal = async (): Promise<number | null> => {
    const succeeded = await this.renew();
    if (this.parts.supervisor.held.size === 0) return null;
    return succeeded ? this.renewalMs : this.renewalMs / 4;
  };

  private renew(): Promise<boolean> {
    this.renewing ??= this.tryRenewing().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async tryRenewing(): Promise<boolean> {
    const { store, clock, deadline, supervisor } = this.parts;
    const { held } = supervisor;
    const claims = [...held.keys()];
    if (claims.length === 0) return true;
    const askedAt = clock.monotonic();
    const renewed = async () => {
      const { lost, cancelled } = await store.renew(claims, clock.now());
      for (const claim of claims) if (held.has(claim)) held.set(claim, this.abortAt(askedAt));
      for (const claim of lost) supervisor.lose(claim, new LeaseLostError(claim.jobId));
      supervisor.cancel(cancelled);
    };
    try {
      await deadline.bound(renewed());
      return true;
    } catch {
      // The loop calls the same store and reports that it is down.
      return false;
    }
  }

  private scheduleExpiry(at: number): void {
    this.expiryAt = at;
    this.schedule(this.expiry, Math.max(0, at - this.parts.clock.monotonic()));
  }

  /** Aborts handlers whose leases were not renewed in time, since other replicas may run them again (L4). Waits for no promise. */
  private readonly expiry = (): number | null => {
    const { clock, supervisor } = this.parts;
    const now = clock.monotonic();
    if (now - this.expiryAt >= this.abortAheadMs) {
      // The event loop was blocked, and the leases may have expired: only the store knows whether they still hold.
      this.renewSoon();
      this.expiryAt = now + this.abortAheadMs;
    } else {
      this.expiryAt = Number.POSITIVE_INFINITY;
      for (const [claim, abortAt] of supervisor.held) {
        if (abortAt <= now) supervisor.abortLost(claim, new LeaseLostError(claim.jobId));
        else this.expiryAt = Math.min(this.expiryAt, abortAt);
      }
    }
    return this.expiryAt === Number.POSITIVE_INFINITY ? null : this.expiryAt - now;
  };

  private async calibrate(): Promise<void> {
    const { store, clock, timers, deadline, publisher } = this.parts;
    if (!(clock instanceof StoreClock)) return;
    try {
      const before = clock.monotonic();
      const nowBefore = clock.now();
      const storeTime = await deadline.bound(store.time());
      const tookMs = clock.monotonic() - before;
      if (tookMs > SLOW_READING_MS) return;
      const offMs = Math.round(storeTime - (nowBefore + tookMs / 2));
      // A difference within the reading's uncertainty is left alone, so that time stays even.
      if (Math.abs(offMs) <= tookMs / 2 + 1) return;
      clock.offsetMs += offMs;
      timers.clockWasSet();
      this.reportOffset(publisher, -clock.offsetMs);
    } catch {
      // The loop calls the same store and reports that it is down.
    }
  }

  /** Reports runs of the future: their jobs would wait for that time without a word. */
  private async checkNewestRun(): Promise<void> {
    const { store, clock, deadline, publisher } = this.parts;
    try {
      const [run] = await deadline.bound(store.listRuns({ limit: 1 }));
      const newestAt = Math.max(run?.scheduledAt?.getTime() ?? 0, run?.startedAt?.getTime() ?? 0);
      const now = clock.now();
      if (newestAt - now < AHEAD_MS) return;
      publisher.publishFault(new StoreAheadError(new Date(newestAt), new Date(now)), null);
    } catch {
      // The loop calls the same store and reports that it is down.
    }
  }

  private reportZoneData(newerTimezoneData: string | null): void {
    if (newerTimezoneData === null || newerTimezoneData === this.reportedZoneData) return;
    this.reportedZoneData = newerTimezoneData;
    const timezoneData = zoneinfoVersion();
    this.parts.publisher.events.emit('scheduler.zoneDataOlder', { timezoneData, newerTimezoneData });
  }

  private reportOffset(publisher: EventPublisher, offsetMs: number): void {
    if (Math.abs(offsetMs) <= OFFSET_MS || Math.abs(offsetMs - this.reportedOffsetMs) <= OFFSET_MS) return;
    this.reportedOffsetMs = offsetMs;
    publisher.events.emit('scheduler.clockDiffers', { offsetMs });
  }
}
