import { type Claim, HandlerUnknownError, LeaseLostError } from '../model/index.js';
import type { Clock, LeasedStore } from '../ports/index.js';
import type { Alarm, Alarms } from '../runner/index.js';
import type { Announcer } from '../events/event-publisher.js';
import type { DueLoop } from './due-loop.js';
import type { Settling } from './attempt-supervisor.js';
import { StoreClock } from './store-clock.js';

/** How often the store's clock is read while nothing happens to ours. */
const CALIBRATION_MS = 60_000;
/** A reading that took longer says too little. */
const SLOW_READING_MS = 1_000;
/** A difference that is worth a word. */
const OFFSET_MS = 1_000;

export interface UpkeepParts {
  store: LeasedStore;
  clock: Clock;
  alarms: Alarms;
  announcer: Announcer;
  settling: Settling;
  loop: DueLoop;
  /** The names of the handlers that this process has. */
  handlers: () => readonly string[];
}

/** What a store that is shared wants of a process that lives: beats (D2), renewed leases (L4), and that it reads the store's clock (L5). */
export class Upkeep {
  private readonly pending = new Map<'beat' | 'renew' | 'calibrate', Alarm>();
  private stopped = false;
  private renewing: Promise<void> | null = null;
  private reportedOffsetMs = 0;
  /** Elapsed time until which each lease surely lasts. */
  private readonly leases = new WeakMap<Claim, number>();

  constructor(private readonly parts: UpkeepParts) {}

  /** Begins once the store is open. */
  async start(): Promise<void> {
    await this.calibrate();
    if (this.parts.clock instanceof StoreClock)
      this.again('calibrate', CALIBRATION_MS, () => this.calibrate());
  }

  /** A claim is held: it is renewed for as long as it is. While none is held, nothing waits for that. */
  holds(): void {
    if (!this.pending.has('renew')) this.again('renew', this.renewalMs, () => this.renew());
  }

  /** This process lives, and has declared all that its code declares. */
  async startBeating(): Promise<void> {
    await this.beat();
    this.again('beat', this.parts.store.pollMs, () => this.beat());
  }

  stop(): void {
    this.stopped = true;
    for (const alarm of this.pending.values()) alarm.cancel();
    this.pending.clear();
  }

  /** Renews all that is held by now; what is lost does not begin. Never rejects. */
  async renewAll(): Promise<void> {
    await this.renewing;
    await this.renew();
  }

  /** Renews at once: a run may have been cancelled elsewhere. */
  renewSoon(): void {
    if (!this.stopped) void this.renew();
  }

  /**
   * The machine's clock was stepped, or the machine slept: nothing is claimed until the store's clock is
   * read again, and until it is known which leases are still held.
   */
  async recalibrate(): Promise<void> {
    const { loop } = this.parts;
    loop.hold();
    await this.calibrate();
    await this.renew();
    loop.goOn();
  }

  private get renewalMs(): number {
    return this.parts.store.leaseMs / 3;
  }

  private again(name: 'beat' | 'renew' | 'calibrate', everyMs: number, action: () => Promise<void>): void {
    if (this.stopped) return;
    const next = () =>
      void action().finally(() => {
        if (name === 'renew' && this.parts.settling.held.size === 0) this.pending.delete(name);
        else this.again(name, everyMs, action);
      });
    this.pending.set(name, this.parts.alarms.after(everyMs, next));
  }

  private async beat(): Promise<void> {
    const { store, clock, announcer, loop, handlers } = this.parts;
    try {
      const { recorded, changed, unhandled } = await store.beat(clock.now());
      announcer.tell(recorded, changed);
      for (const { jobId, handler } of unhandled) {
        announcer.faulted(new HandlerUnknownError(handler, handlers()), jobId);
      }
      if (changed.length > 0) loop.look();
    } catch {
      // The loop asks the same store, and tells that it is down.
      loop.look();
    }
  }

  private renew(): Promise<void> {
    this.renewing ??= this.tryRenewing().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async tryRenewing(): Promise<void> {
    const { store, clock, settling } = this.parts;
    const claims = [...settling.held];
    const askedAt = clock.monotonic();
    // A claim that is new here was taken at the earliest just after the last renewal.
    for (const claim of claims) {
      if (!this.leases.has(claim)) this.leases.set(claim, askedAt + store.leaseMs - this.renewalMs);
    }
    if (claims.length === 0) return;
    try {
      const { lost, cancelled } = await store.renew(claims, clock.now());
      for (const claim of claims) this.leases.set(claim, askedAt + store.leaseMs);
      for (const claim of lost) settling.lose(claim, new LeaseLostError(claim.jobId));
      settling.cancel(cancelled);
    } catch {
      this.abortExpired();
    }
  }

  /** What cannot be renewed in time may be run again by others: its handler is told to stop (L4). */
  private abortExpired(): void {
    const { clock, settling } = this.parts;
    // Before the lease is over: the next try would be too late to tell.
    const deadline = clock.monotonic() + this.renewalMs;
    for (const claim of settling.held) {
      const until = this.leases.get(claim);
      if (until !== undefined && until <= deadline)
        settling.abortLost(claim, new LeaseLostError(claim.jobId));
    }
  }

  private async calibrate(): Promise<void> {
    const { store, clock, alarms, announcer } = this.parts;
    if (!(clock instanceof StoreClock)) return;
    try {
      const before = clock.monotonic();
      const nowBefore = clock.now();
      const storeTime = await store.time();
      const tookMs = clock.monotonic() - before;
      if (tookMs > SLOW_READING_MS) return;
      const offMs = Math.round(storeTime - (nowBefore + tookMs / 2));
      // Within the reading's own uncertainty there is nothing to mend, and time stays even.
      if (Math.abs(offMs) <= tookMs / 2 + 1) return;
      clock.offsetMs += offMs;
      alarms.timeWasSet();
      this.reportOffset(announcer, -clock.offsetMs);
    } catch {
      // The loop asks the same store, and tells that it is down.
    }
  }

  private reportOffset(announcer: Announcer, offsetMs: number): void {
    if (Math.abs(offsetMs) <= OFFSET_MS || Math.abs(offsetMs - this.reportedOffsetMs) <= OFFSET_MS) return;
    this.reportedOffsetMs = offsetMs;
    announcer.events.emit('scheduler.clockDiffers', { offsetMs });
  }
}
