import { type EventPublisher, publishCompletion } from '../events/index.js';
import { type Claim, type Completion, RunCancelledError, SchedulerStoppingError } from '../model/index.js';
import {
  type AttemptRunner,
  type AttemptWatcher,
  type Clock,
  type CompletionEffect,
  type Delays,
  isLeased,
  isPromise,
  type RunningAttempt,
  type RunNote,
  type Store,
} from '../ports/index.js';
import type { RunningAttempts } from './running-attempts.js';
import { type StoreDeadline, storeBackoffMs } from './store-deadline.js';

/** Effects that end the run although another attempt was planned. */
const OUTCOMES: ReadonlySet<CompletionEffect> = new Set(['withoutRetry', 'pausedJob', 'finishedJob']);

/**
 * - `ended`: the handler has settled.
 * - `handlerRuns`: timed out; the handler has not settled and keeps its slot.
 * - `retries`: the handler of a timed-out attempt has settled, and its retry may begin.
 * - `released`: the handler of a timed-out attempt has settled, and its slot is free.
 */
type Stage = 'ended' | 'handlerRuns' | 'retries' | 'released';

export interface SupervisorParts {
  store: Store;
  clock: Clock;
  timers: Delays;
  deadline: StoreDeadline;
  running: RunningAttempts;
  publisher: EventPublisher;
  attempts: AttemptRunner;
  onSlotFreed: () => void;
}

/** Starts the attempt of each claim, and has its completion recorded and published. */
export class AttemptSupervisor implements AttemptWatcher {
  /** How many runs ended as abandoned, those included whose handlers heeded the abort. */
  abandoned = 0;
  /** The claims whose leases this process holds, until their completion is recorded, each with the elapsed time from which its handler may not run. Empty over a store without leases. */
  readonly held = new Map<Claim, number>();
  private readonly leased: boolean;
  /** Completions that the store has recorded: of two responses one counts. */
  private readonly recorded = new WeakSet<Completion>();
  /** Claims that were cancelled before they began. */
  private readonly cancelledEarly = new WeakSet<Claim>();
  private onNoneHeld: (() => void) | null = null;

  constructor(private readonly parts: SupervisorParts) {
    this.leased = isLeased(parts.store);
  }

  begin(claim: Claim): void {
    const { attempts, running, clock } = this.parts;
    if (this.leased && !((this.held.get(claim) ?? 0) > clock.monotonic())) {
      // Lost, or not renewed in time: another replica makes the attempt.
      this.letGo(claim);
      return;
    }
    try {
      const attempt = attempts.start(claim, this);
      if (!attempt.settled) running.add(attempt);
      if (this.cancelledEarly.delete(claim)) this.cancel([claim]);
    } catch (error) {
      // `start` does not throw. Should it do so, the loop goes on.
      this.parts.publisher.publishFault(error, claim.jobId);
    }
  }

  attemptEnded(attempt: RunningAttempt, completion: Completion, handlerRuns: boolean): void {
    // A retry waits until the handler of a timed-out attempt has settled (O2).
    if (handlerRuns && completion.retryAt !== null)
      publishCompletion(this.parts.publisher.events, completion, handlerRuns);
    else this.complete(attempt, completion, handlerRuns ? 'handlerRuns' : 'ended');
  }

  attemptReleased(attempt: RunningAttempt, completion: Completion): void {
    const { clock, running } = this.parts;
    const { retryAt } = completion;
    if (!running.has(attempt)) return;
    if (retryAt === null) return this.complete(attempt, withRetryAt(completion, null), 'released');
    const now = clock.now();
    // If the clock was set back meanwhile, the delay counts, not the instant.
    const laterAt = Math.min(retryAt, now + retryAt - completion.endedAt);
    this.complete(attempt, withRetryAt(completion, Math.max(laterAt, now)), 'retries');
  }

  attemptNoted(claim: Claim, note: RunNote): void {
    this.parts.publisher.contain(claim.jobId, () => this.parts.store.annotate(claim, note));
  }

  cancel(claims: readonly Claim[]): void {
    for (const claim of claims) {
      const runs = this.parts.running.abort(claim, new RunCancelledError(claim.jobId), 'cancelled');
      if (!runs && this.held.has(claim)) this.cancelledEarly.add(claim);
    }
  }

  /** Another replica has taken the run over: the handler's result is not recorded. */
  lose(claim: Claim, error: Error): void {
    this.letGo(claim);
    this.abortLost(claim, error);
    this.parts.publisher.publishFault(error, claim.jobId);
  }

  /** The lease may expire before it can be renewed. */
  abortLost(claim: Claim, error: Error): void {
    this.parts.running.abort(claim, error, 'abandoned');
  }

  /** Resolves once every completion is recorded, or after `limitMs`. */
  async recordedWithin(limitMs: number): Promise<void> {
    if (this.held.size === 0) return;
    await new Promise<void>((resolve) => {
      const delay = this.parts.timers.after(limitMs, resolve);
      this.onNoneHeld = () => {
        delay.cancel();
        resolve();
      };
    });
    this.held.clear();
  }

  /** Completes what is under way as abandoned, and gives back the claims that have not begun. Without leases these are abandoned too. */
  async abandonAll(
    notBegun: readonly Claim[],
    error: SchedulerStoppingError,
    limitMs: number,
  ): Promise<void> {
    const { clock, running } = this.parts;
    const now = clock.now();
    if (this.leased) {
      await this.giveBack(notBegun, limitMs);
      notBegun = [];
    }
    for (const claim of notBegun) {
      const result = { kind: 'abandoned', error } as const;
      const completion = { claim, result, startedAt: now, endedAt: now, durationMs: 0, retryAt: null };
      this.complete(null, completion, 'ended');
    }
    for (const attempt of running.all()) {
      // A timed-out attempt has its result; its handler is no longer waited for.
      if (attempt.end) this.attemptReleased(attempt, attempt.end);
      else this.complete(attempt, attempt.abandon(error), 'ended');
    }
  }

  /** For claims that do not begin. Never rejects: a lease that cannot be given back expires. */
  async giveBack(claims: readonly Claim[], limitMs?: number): Promise<void> {
    const { clock, deadline, store, publisher } = this.parts;
    if (!isLeased(store) || claims.length === 0) return;
    try {
      await deadline.bound(store.giveBack(claims, clock.now()), { limitMs });
    } catch (error) {
      publisher.publishFault(error, null);
    }
    for (const claim of claims) this.letGo(claim);
  }

  /** Part of every run: allocates nothing while the store returns no promise. */
  private complete(
    attempt: RunningAttempt | null,
    completion: Completion,
    stage: Stage,
    failures: number = 0,
  ): void {
    try {
      const { store, clock } = this.parts;
      const effect =
        stage === 'released'
          ? store.release(completion.claim, clock.now())
          : store.complete(completion, stage === 'handlerRuns');
      if (isPromise(effect)) this.awaitEffect(effect, attempt, completion, stage, failures);
      else this.completed(attempt, completion, stage, effect);
    } catch (error) {
      this.notCompleted(attempt, completion, error);
    }
  }

  private awaitEffect(
    pending: Promise<CompletionEffect>,
    attempt: RunningAttempt | null,
    completion: Completion,
    stage: Stage,
    failures: number,
  ): void {
    const recorded = pending.then((effect) => {
      if (this.recorded.has(completion)) return;
      if (effect !== 'refused') this.recorded.add(completion);
      this.completed(attempt, completion, stage, effect);
    });
    Promise.resolve(this.parts.deadline.patient(recorded)).catch((error: unknown) => {
      if (this.recorded.has(completion)) return;
      // The completion is not lost while the lease may still be ours.
      if (!this.held.has(completion.claim)) return this.notCompleted(attempt, completion, error);
      if (failures === 0) this.parts.publisher.publishFault(error, completion.claim.jobId);
      const again = () => this.complete(attempt, completion, stage, failures + 1);
      this.parts.timers.after(storeBackoffMs(failures), again);
    });
  }

  private completed(
    attempt: RunningAttempt | null,
    completion: Completion,
    stage: Stage,
    effect: CompletionEffect,
  ): void {
    const { claim, result, retryAt } = completion;
    if (result.kind === 'abandoned' && effect !== 'refused') this.abandoned++;
    const handlerRuns = stage === 'handlerRuns';
    if (!handlerRuns) {
      this.letGo(claim);
      this.freeSlot(attempt);
    }
    // The timeout was published with a retry that now does not follow: publish it again without.
    const withoutRetry = retryAt !== null && OUTCOMES.has(effect);
    if (effect !== 'refused' && (stage === 'ended' || handlerRuns || withoutRetry)) {
      const published = withoutRetry ? withRetryAt(completion, null) : completion;
      publishCompletion(this.parts.publisher.events, published, handlerRuns, effect === 'runsAgain');
    }
    const { publisher } = this.parts;
    if (effect === 'pausedJob') publisher.publishPause(claim.jobId);
    if (effect === 'finishedJob') publisher.events.emit('job.finished', { jobId: claim.jobId });
  }

  private notCompleted(attempt: RunningAttempt | null, { claim }: Completion, error: unknown): void {
    this.parts.publisher.publishFault(error, claim.jobId);
    this.freeSlot(attempt);
  }

  private letGo(claim: Claim): void {
    if (this.held.delete(claim) && this.held.size === 0 && this.onNoneHeld !== null) this.onNoneHeld();
  }

  private freeSlot(attempt: RunningAttempt | null): void {
    this.parts.onSlotFreed();
    if (attempt !== null && attempt.listIndex !== null) this.parts.running.delete(attempt);
  }
}

/** Written out: an attempt is its own completion, and a spread would copy the whole attempt. */
function withRetryAt(
  { claim, result, startedAt, endedAt, durationMs }: Completion,
  retryAt: number | null,
): Completion {
  return { claim, result, startedAt, endedAt, durationMs, retryAt };
}
