import { type Completion, type Claim, RunCancelledError, SchedulerStoppingError } from '../model/index.js';
import {
  type AttemptRunner,
  type AttemptWatcher,
  type Clock,
  isLeased,
  isPromise,
  type RunningAttempt,
  type RunNote,
  type CompletionEffect,
  type Store,
  whenReady,
} from '../ports/index.js';
import { type Alarms, announceEnd } from '../runner/index.js';
import type { Announcer } from '../events/event-publisher.js';
import type { RunningAttempts } from './running-attempts.js';
import { storeBackoffMs } from './store-backoff.js';

/** Answers that end the run, also where another attempt was planned. */
const OUTCOMES: ReadonlySet<CompletionEffect> = new Set(['withoutRetry', 'pausedJob', 'finishedJob']);

export interface SettlingParts {
  store: Store;
  clock: Clock;
  alarms: Alarms;
  running: RunningAttempts;
  announcer: Announcer;
  attempts: AttemptRunner;
  /** A place is free: something may go on. */
  onFreed: () => void;
}

/** From a claim to its settled end: starts the attempt, and records and tells what becomes of it. */
export class Settling implements AttemptWatcher {
  /** Runs that ended as abandoned, also those whose handlers heeded the abort. */
  abandoned = 0;
  /** Claims whose leases this process holds, until their end is recorded. Empty where there are no leases. */
  readonly held = new Set<Claim>();
  private readonly leased: boolean;
  /** Claims that a newer run takes the place of, before they have begun. */
  private readonly cancelledBefore = new WeakSet<Claim>();
  private onNoneHeld: (() => void) | null = null;

  constructor(private readonly parts: SettlingParts) {
    this.leased = isLeased(parts.store);
  }

  /** These are to begin. */
  hold(claims: readonly Claim[]): void {
    for (const claim of claims) this.held.add(claim);
  }

  begin(claim: Claim): void {
    const { attempts, running } = this.parts;
    // Lost before its turn came: another replica carries it.
    if (this.leased && !this.held.has(claim)) return;
    try {
      const attempt = attempts.start(claim, this);
      if (!attempt.settled) running.add(attempt);
      if (this.cancelledBefore.delete(claim)) this.cancel([claim]);
    } catch (error) {
      // Attempts do not throw; should one, the loop must not end with it.
      this.parts.announcer.faulted(error, claim.jobId);
    }
  }

  attemptEnded(attempt: RunningAttempt, end: Completion, handlerRuns: boolean): void {
    // A retry waits until the handler of a timed-out attempt has settled (O2).
    if (handlerRuns && end.retryAt !== null) announceEnd(this.parts.announcer.events, end, handlerRuns);
    else this.settle(attempt, end, handlerRuns, true);
  }

  attemptReleased(attempt: RunningAttempt, end: Completion): void {
    const { store, clock, running, announcer } = this.parts;
    const { claim, retryAt } = end;
    if (!running.has(attempt)) return;
    const now = clock.now();
    if (retryAt !== null) {
      // Should the clock have been set back meanwhile, the delay holds, not the instant.
      const laterAt = Math.min(retryAt, now + retryAt - end.endedAt);
      return this.settle(attempt, withRetryAt(end, Math.max(laterAt, now)), false, false);
    }
    announcer.contain(claim.jobId, () =>
      whenReady(store.release(claim, now), (settled) => {
        this.letGo(claim);
        this.freed(attempt);
        this.tellJob(claim.jobId, settled);
      }),
    );
  }

  attemptNoted(claim: Claim, note: RunNote): void {
    this.parts.announcer.contain(claim.jobId, () => this.parts.store.annotate(claim, note));
  }

  cancel(claims: readonly Claim[]): void {
    const { running } = this.parts;
    for (const claim of claims) {
      const reached = running.abort(claim, new RunCancelledError(claim.jobId), 'cancelled');
      if (!reached && this.held.has(claim)) this.cancelledBefore.add(claim);
    }
  }

  /** Another replica carries the run by now: what the handler still does is not recorded. */
  lose(claim: Claim, error: Error): void {
    this.letGo(claim);
    this.abortLost(claim, error);
    this.parts.announcer.faulted(error, claim.jobId);
  }

  /** The lease may be over before it can be renewed. */
  abortLost(claim: Claim, error: Error): void {
    this.parts.running.abort(claim, error, 'abandoned');
  }

  /** Resolves once every end is recorded, at the latest after `limitMs`. */
  async recordedWithin(limitMs: number): Promise<void> {
    if (this.held.size === 0) return;
    await new Promise<void>((resolve) => {
      const alarm = this.parts.alarms.after(limitMs, resolve);
      this.onNoneHeld = () => {
        alarm.cancel();
        resolve();
      };
    });
    this.held.clear();
  }

  /** Settles what is under way as abandoned, and claims that have not begun too where they cannot be given back. */
  async abandonAll(notBegun: readonly Claim[], drainTimeoutMs: number): Promise<void> {
    const { clock, running, store, announcer } = this.parts;
    const error = new SchedulerStoppingError(drainTimeoutMs);
    const now = clock.now();
    if (isLeased(store) && notBegun.length > 0) {
      await store.giveBack(notBegun, now).catch((cause: unknown) => announcer.faulted(cause, null));
      for (const claim of notBegun) this.letGo(claim);
      notBegun = [];
    }
    for (const claim of notBegun) {
      const result = { kind: 'abandoned', error } as const;
      this.settle(
        null,
        { claim, result, startedAt: now, endedAt: now, durationMs: 0, retryAt: null },
        false,
        true,
      );
    }
    for (const attempt of running.all()) {
      // A timed-out attempt has its result; its handler is not waited for any longer.
      if (attempt.end) {
        this.attemptReleased(attempt, attempt.end);
      } else {
        this.settle(attempt, attempt.abandon(error), false, true);
      }
    }
  }

  /** On the way of every run: holds no closure, so that nothing is made for one while the store answers at once. */
  private settle(
    attempt: RunningAttempt | null,
    end: Completion,
    slotHeld: boolean,
    announce: boolean,
    failures = 0,
  ): void {
    try {
      const settled = this.parts.store.complete(end, slotHeld);
      if (isPromise(settled)) this.awaitSettled(settled, attempt, end, slotHeld, announce, failures);
      else this.settled(attempt, end, slotHeld, announce, settled);
    } catch (error) {
      this.notSettled(attempt, end, error);
    }
  }

  private awaitSettled(
    settled: Promise<CompletionEffect>,
    attempt: RunningAttempt | null,
    end: Completion,
    slotHeld: boolean,
    announce: boolean,
    failures: number,
  ): void {
    settled
      .then((answer) => this.settled(attempt, end, slotHeld, announce, answer))
      .catch((error: unknown) => this.settleLater(attempt, end, slotHeld, announce, error, failures));
  }

  private settled(
    attempt: RunningAttempt | null,
    end: Completion,
    slotHeld: boolean,
    announce: boolean,
    settled: CompletionEffect,
  ): void {
    if (end.result.kind === 'abandoned' && settled !== 'refused') this.abandoned++;
    if (!slotHeld) {
      this.letGo(end.claim);
      this.freed(attempt);
    }
    const { announcer } = this.parts;
    // An attempt that was promised to follow a timeout does not: that is told, too.
    const withoutRetry = end.retryAt !== null && OUTCOMES.has(settled);
    if (settled !== 'refused' && (announce || withoutRetry)) {
      const told = withoutRetry ? withRetryAt(end, null) : end;
      announceEnd(announcer.events, told, slotHeld, settled === 'runsAgain');
    }
    this.tellJob(end.claim.jobId, settled);
  }

  private tellJob(jobId: string, settled: CompletionEffect): void {
    const { announcer } = this.parts;
    if (settled === 'pausedJob') announcer.tellPause(jobId);
    if (settled === 'finishedJob') announcer.events.emit('job.finished', { jobId });
  }

  /** The store does not answer: the end is not lost while the lease may still be ours. */
  private settleLater(
    attempt: RunningAttempt | null,
    end: Completion,
    slotHeld: boolean,
    announce: boolean,
    error: unknown,
    failures: number,
  ): void {
    if (!this.held.has(end.claim)) return this.notSettled(attempt, end, error);
    if (failures === 0) this.parts.announcer.faulted(error, end.claim.jobId);
    const again = () => this.settle(attempt, end, slotHeld, announce, failures + 1);
    this.parts.alarms.after(storeBackoffMs(failures), again);
  }

  private letGo(claim: Claim): void {
    if (this.held.delete(claim) && this.held.size === 0 && this.onNoneHeld !== null) this.onNoneHeld();
  }

  private notSettled(attempt: RunningAttempt | null, { claim }: Completion, error: unknown): void {
    this.parts.announcer.faulted(error, claim.jobId);
    this.freed(attempt);
  }

  private freed(attempt: RunningAttempt | null): void {
    this.parts.onFreed();
    if (attempt !== null && attempt.place !== null) this.parts.running.delete(attempt);
  }
}

/** Written out: an attempt is its own end, and copying it would copy the attempt. */
function withRetryAt(
  { claim, result, startedAt, endedAt, durationMs }: Completion,
  retryAt: number | null,
): Completion {
  return { claim, result, startedAt, endedAt, durationMs, retryAt };
}
