import { type Claim, HandlerUnknownError, LeaseLostError } from '../model/index.js';
import type { EventPublisher } from '../events/index.js';
import type { Clock, Delay, LeasedStore } from '../ports/index.js';
import type { AttemptSupervisor } from './attempt-supervisor.js';
import type { DueLoop } from './due-loop.js';
import { StoreClock } from './store-clock.js';
import type { TimerQueue } from './timer-queue.js';

/** Time between two readings of the store's clock. */
const CALIBRATION_MS = 60_000;
/** A reading that took longer is too uncertain to use. */
const SLOW_READING_MS = 1_000;
/** A larger offset is reported. */
const OFFSET_MS = 1_000;

export interface LeaseKeeperParts {
  store: LeasedStore;
  clock: Clock;
  timers: TimerQueue;
  publisher: EventPublisher;
  supervisor: AttemptSupervisor;
  loop: DueLoop;
  /** Returns the names of the handlers of this process. */
  handlers: () => readonly string[];
}

/** Keeps this process alive in a shared store: beats (D2), renews leases (L4), reads the store's clock (L5). */
export class LeaseKeeper {
  private readonly pending = new Map<'beat' | 'renew' | 'calibrate', Delay>();
  private stopped = false;
  private renewing: Promise<void> | null = null;
  private reportedOffsetMs = 0;
  /** Elapsed time until which each lease lasts at least. */
  private readonly leases = new WeakMap<Claim, number>();

  constructor(private readonly parts: LeaseKeeperParts) {}

  /** Call once the store is open. */
  async start(): Promise<void> {
    await this.calibrate();
    if (this.parts.clock instanceof StoreClock)
      this.again('calibrate', CALIBRATION_MS, () => this.calibrate());
  }

  /** Begins to renew, for as long as claims are held. */
  startRenewing(): void {
    if (!this.pending.has('renew')) this.again('renew', this.renewalMs, () => this.renew());
  }

  /** Call once everything is declared. */
  async startBeating(): Promise<void> {
    await this.beat();
    this.again('beat', this.parts.store.pollMs, () => this.beat());
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

  private get renewalMs(): number {
    return this.parts.store.leaseMs / 3;
  }

  private again(name: 'beat' | 'renew' | 'calibrate', everyMs: number, action: () => Promise<void>): void {
    if (this.stopped) return;
    const next = () =>
      void action().finally(() => {
        if (name === 'renew' && this.parts.supervisor.held.size === 0) this.pending.delete(name);
        else this.again(name, everyMs, action);
      });
    this.pending.set(name, this.parts.timers.after(everyMs, next));
  }

  private async beat(): Promise<void> {
    const { store, clock, publisher, loop, handlers } = this.parts;
    try {
      const { recorded, changed, unhandled } = await store.beat(clock.now());
      publisher.publish(recorded, changed);
      for (const { jobId, handler } of unhandled) {
        publisher.publishFault(new HandlerUnknownError(handler, handlers()), jobId);
      }
      if (changed.length > 0) loop.rearm();
    } catch {
      // The loop calls the same store and reports that it is down.
      loop.rearm();
    }
  }

  private renew(): Promise<void> {
    this.renewing ??= this.tryRenewing().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async tryRenewing(): Promise<void> {
    const { store, clock, supervisor } = this.parts;
    const claims = [...supervisor.held];
    const askedAt = clock.monotonic();
    // A claim made since the last renewal is not older than that.
    for (const claim of claims) {
      if (!this.leases.has(claim)) this.leases.set(claim, askedAt + store.leaseMs - this.renewalMs);
    }
    if (claims.length === 0) return;
    try {
      const { lost, cancelled } = await store.renew(claims, clock.now());
      for (const claim of claims) this.leases.set(claim, askedAt + store.leaseMs);
      for (const claim of lost) supervisor.lose(claim, new LeaseLostError(claim.jobId));
      supervisor.cancel(cancelled);
    } catch {
      this.abortExpired();
    }
  }

  /** Aborts handlers whose leases cannot be renewed in time, since other replicas may run them again (L4). */
  private abortExpired(): void {
    const { clock, supervisor } = this.parts;
    // The next renewal would come after the end of these leases.
    const deadline = clock.monotonic() + this.renewalMs;
    for (const claim of supervisor.held) {
      const until = this.leases.get(claim);
      if (until !== undefined && until <= deadline)
        supervisor.abortLost(claim, new LeaseLostError(claim.jobId));
    }
  }

  private async calibrate(): Promise<void> {
    const { store, clock, timers, publisher } = this.parts;
    if (!(clock instanceof StoreClock)) return;
    try {
      const before = clock.monotonic();
      const nowBefore = clock.now();
      const storeTime = await store.time();
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

  private reportOffset(publisher: EventPublisher, offsetMs: number): void {
    if (Math.abs(offsetMs) <= OFFSET_MS || Math.abs(offsetMs - this.reportedOffsetMs) <= OFFSET_MS) return;
    this.reportedOffsetMs = offsetMs;
    publisher.events.emit('scheduler.clockDiffers', { offsetMs });
  }
}
