import { type AttemptEnd, type Claim, RunCancelledError, SchedulerStoppingError } from '../model/index.js';
import {
  type AttemptRunner,
  type AttemptWatcher,
  type Clock,
  isPromise,
  type RunningAttempt,
  type RunNote,
  type Settled,
  type Store,
  whenReady,
} from '../ports/index.js';
import { announceEnd } from '../runner/index.js';
import type { Announcer } from './announcer.js';
import type { RunningAttempts } from './running-attempts.js';

export interface SettlingParts {
  store: Store;
  clock: Clock;
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

  constructor(private readonly parts: SettlingParts) {}

  begin(claim: Claim): void {
    const { attempts, running } = this.parts;
    try {
      const attempt = attempts.start(claim, this);
      if (!attempt.settled) running.add(attempt);
    } catch (error) {
      // Attempts do not throw; should one, the loop must not end with it.
      this.parts.announcer.faulted(error, claim.jobId);
    }
  }

  attemptEnded(attempt: RunningAttempt, end: AttemptEnd, handlerRuns: boolean): void {
    // A retry waits until the handler of a timed-out attempt has settled (O2).
    if (handlerRuns && end.retryAt !== null) announceEnd(this.parts.announcer.events, end, handlerRuns);
    else this.settle(attempt, end, handlerRuns, true);
  }

  attemptReleased(attempt: RunningAttempt, end: AttemptEnd): void {
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
        this.freed(attempt);
        this.tellJob(claim.jobId, settled);
      }),
    );
  }

  attemptNoted(claim: Claim, note: RunNote): void {
    this.parts.announcer.contain(claim.jobId, () => this.parts.store.annotate(claim, note));
  }

  cancel(claims: readonly Claim[]): void {
    for (const claim of claims)
      this.parts.running.abort(claim, new RunCancelledError(claim.jobId), 'cancelled');
  }

  /** Settles what is under way, and claims that have not begun, as abandoned. */
  abandonAll(notBegun: readonly Claim[], drainTimeoutMs: number): void {
    const { clock, running } = this.parts;
    const error = new SchedulerStoppingError(drainTimeoutMs);
    const now = clock.now();
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

  /** On the way of every run: no closure is made while the store answers at once. */
  private settle(
    attempt: RunningAttempt | null,
    end: AttemptEnd,
    placeHeld: boolean,
    announce: boolean,
  ): void {
    try {
      const settled = this.parts.store.settle(end, placeHeld);
      if (isPromise(settled)) {
        settled
          .then((answer) => this.settled(attempt, end, placeHeld, announce, answer))
          .catch((error: unknown) => this.notSettled(attempt, end, error));
      } else {
        this.settled(attempt, end, placeHeld, announce, settled);
      }
    } catch (error) {
      this.notSettled(attempt, end, error);
    }
  }

  private settled(
    attempt: RunningAttempt | null,
    end: AttemptEnd,
    placeHeld: boolean,
    announce: boolean,
    settled: Settled,
  ): void {
    if (end.result.kind === 'abandoned' && settled !== 'refused') this.abandoned++;
    if (!placeHeld) this.freed(attempt);
    const { announcer } = this.parts;
    if (announce && settled !== 'refused') {
      announceEnd(announcer.events, settled === 'withoutRetry' ? withRetryAt(end, null) : end, placeHeld);
    }
    this.tellJob(end.claim.jobId, settled);
  }

  private tellJob(jobId: string, settled: Settled): void {
    const { announcer } = this.parts;
    if (settled === 'pausedJob') announcer.tellPause(jobId);
    if (settled === 'finishedJob') announcer.events.emit('job.finished', { jobId });
  }

  private notSettled(attempt: RunningAttempt | null, { claim }: AttemptEnd, error: unknown): void {
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
  { claim, result, startedAt, endedAt, durationMs }: AttemptEnd,
  retryAt: number | null,
): AttemptEnd {
  return { claim, result, startedAt, endedAt, durationMs, retryAt };
}
