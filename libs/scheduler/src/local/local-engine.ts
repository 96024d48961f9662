import {
  type AttemptEnd,
  type Claim,
  type IfTaken,
  type Job,
  type JobEdit,
  type JobFilter,
  JobNotFoundError,
  type JobSpec,
  type JsonValue,
  type Run,
  type RunFilter,
  RunCancelledError,
  SchedulerStoppingError,
} from '../model/index.js';
import {
  type AttemptWatcher,
  type Awaitable,
  type BackfillRequest,
  type BackfillResult,
  type ChangeResult,
  type ClaimBatch,
  type Clock,
  type Engine,
  type EngineHost,
  isPromise,
  type JobChange,
  type JobStateChange,
  type PutResult,
  type RecordedOutcome,
  type RunningAttempt,
  type RunNote,
  type Settled,
  type StopLimits,
  type Store,
  whenReady,
} from '../ports/index.js';
import { type Alarms, announceEnd, announceRecorded } from '../runner/index.js';
import { DueLoop } from './due-loop.js';
import { RunningAttempts } from './running-attempts.js';

export interface LocalEngineParts {
  store: Store;
  clock: Clock;
  alarms: Alarms;
}

/** Our own engine: a due loop over a store, in this process. */
export class LocalEngine implements Engine, AttemptWatcher {
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly alarms: Alarms;
  private host!: EngineHost;
  private loop!: DueLoop;
  private readonly running: RunningAttempts;
  private started = false;
  private paused = false;
  private stopped = false;

  constructor({ store, clock, alarms }: LocalEngineParts) {
    this.store = store;
    this.clock = clock;
    this.alarms = alarms;
    this.running = new RunningAttempts(alarms, () => this.loop.busy);
  }

  get durable(): boolean {
    return this.store.durable;
  }
  get clustered(): boolean {
    return this.store.clustered;
  }

  open(host: EngineHost): Awaitable<void> {
    this.host = host;
    this.loop = new DueLoop(this.store, this.clock, this.alarms, host.events, this);
    this.alarms.connect(this.loop.pass, (stepMs) => this.clockStepped(stepMs));
    return this.store.open();
  }

  start(): void {
    this.started = true;
    if (!this.paused) this.loop.start();
    this.host.events.emit('scheduler.started', { timezoneData: process.versions.tz ?? 'unknown' });
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.loop.stop();
    this.alarms.keepLooking(true);
    this.host.events.emit('scheduler.paused', {});
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.alarms.keepLooking(false);
    if (this.started && !this.stopped) this.loop.start();
    this.host.events.emit('scheduler.resumed', {});
  }

  async stop({ drainTimeoutMs, abortGraceMs }: StopLimits): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.loop.stop();
    const { events } = this.host;
    events.emit('scheduler.draining', { running: this.running.size });
    if (!(await this.running.idleWithin(drainTimeoutMs))) {
      const reason = new SchedulerStoppingError(drainTimeoutMs);
      for (const attempt of this.running.all()) attempt.abort(reason, 'abandoned');
      await this.running.idleWithin(abortGraceMs);
    }
    let abandoned = this.abandonRunning(drainTimeoutMs);
    try {
      const recorded = await this.store.close(this.clock.now());
      announceRecorded(events, recorded);
      abandoned += recorded.filter(({ outcome }) => outcome === 'abandoned').length;
    } catch (error) {
      this.faulted(error);
    }
    this.alarms.clear();
    events.emit('scheduler.stopped', { abandoned });
  }

  putJob(spec: JobSpec, ifTaken: IfTaken): Awaitable<PutResult> {
    this.alarms.look();
    return whenReady(this.store.putJob(spec, ifTaken, this.clock.now()), (result) => {
      this.tell(result.recorded, result.changed);
      this.loop.look();
      return result;
    });
  }

  getJob(id: string): Awaitable<Job | null> {
    return this.store.getJob(id);
  }

  getJobs(filter: JobFilter): Awaitable<Job[]> {
    return this.store.listJobs(filter);
  }

  updateJob(id: string, edit: JobEdit): Awaitable<Job> {
    return this.change(id, { kind: 'edit', edit });
  }

  pauseJob(id: string, pause: { note: string | null; by: string | null; until: number | null }): Awaitable<Job> {
    return this.change(id, { kind: 'pause', ...pause });
  }

  resumeJob(id: string): Awaitable<Job> {
    return this.change(id, { kind: 'resume' });
  }

  removeJob(id: string): Awaitable<void> {
    return whenReady(this.change(id, { kind: 'remove' }), () => {});
  }

  runNow(id: string, payload: JsonValue | undefined): Awaitable<Run> {
    this.alarms.look();
    return whenReady(this.store.requestRun({ jobId: id, payload, now: this.clock.now() }), (requested) => {
      if (!requested) throw new JobNotFoundError(id);
      announceRecorded(this.host.events, requested.recorded);
      this.cancel(requested.cancelled);
      this.loop.pass();
      this.loop.look();
      return requested.view();
    });
  }

  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult> {
    return whenReady(this.store.backfill({ ...request, now: this.clock.now() }), (result) => {
      if (!result) throw new JobNotFoundError(request.jobId);
      this.loop.look();
      return result;
    });
  }

  getRuns(filter: RunFilter): Awaitable<Run[]> {
    return this.store.listRuns(filter);
  }

  // What the loop hands on.

  begin(claim: Claim): void {
    const attempt = this.host.attempts.start(claim, this);
    if (!attempt.settled) this.running.add(attempt);
  }

  told({ recorded, changed, cancelled }: ClaimBatch): void {
    this.tell(recorded, changed);
    this.cancel(cancelled);
  }

  rested(): void {
    this.running.look();
  }

  // What attempts tell.

  attemptEnded(attempt: RunningAttempt, end: AttemptEnd, handlerRuns: boolean): void {
    // A retry waits until the handler of a timed-out attempt has settled (O2).
    if (handlerRuns && end.retryAt !== null) announceEnd(this.host.events, end, handlerRuns);
    else this.settle(attempt, end, handlerRuns, true);
  }

  attemptReleased(attempt: RunningAttempt, end: AttemptEnd): void {
    const { claim, retryAt } = end;
    if (!this.running.has(attempt)) return;
    if (retryAt !== null) {
      const now = this.clock.now();
      // Should the clock have been set back meanwhile, the delay holds, not the instant.
      const laterAt = Math.min(retryAt, now + retryAt - end.endedAt);
      const { result, startedAt, endedAt, durationMs } = end;
      const retry = { claim, result, startedAt, endedAt, durationMs, retryAt: Math.max(laterAt, now) };
      return this.settle(attempt, retry, false, false);
    }
    this.contain(claim.jobId, () => whenReady(this.store.release(claim, this.clock.now()), () => this.freed(attempt)));
  }

  attemptNoted(claim: Claim, note: RunNote): void {
    this.contain(claim.jobId, () => this.store.annotate(claim, note));
  }

  /** On the way of every run: no closure is made while the store answers at once. */
  private settle(attempt: RunningAttempt | null, end: AttemptEnd, placeHeld: boolean, announce: boolean): void {
    try {
      const settled = this.store.settle(end, placeHeld);
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

  private notSettled(attempt: RunningAttempt | null, { claim }: AttemptEnd, error: unknown): void {
    this.faulted(error, claim.jobId);
    this.freed(attempt);
  }

  private settled(attempt: RunningAttempt | null, end: AttemptEnd, placeHeld: boolean, announce: boolean, settled: Settled): void {
    if (!placeHeld) this.freed(attempt);
    const told = settled === 'withoutRetry' ? withoutRetry(end) : end;
    if (announce && settled !== 'refused') announceEnd(this.host.events, told, placeHeld);
    if (settled === 'pausedJob') this.announcePause(end.claim.jobId);
  }

  private cancel(claims: readonly Claim[]): void {
    for (const claim of claims) this.running.abort(claim, new RunCancelledError(claim.jobId), 'cancelled');
  }

  private announcePause(jobId: string): void {
    this.contain(jobId, () =>
      whenReady(this.store.getJob(jobId), (job) => {
        if (!job?.pause) return;
        const { note, by, until } = job.pause;
        this.host.events.emit('job.paused', { jobId, note, by, until });
      }),
    );
  }

  private freed(attempt: RunningAttempt | null): void {
    this.loop.look();
    if (attempt !== null && attempt.place !== null) this.running.delete(attempt);
  }

  private tell(recorded: readonly RecordedOutcome[], changed: readonly JobStateChange[]): void {
    announceRecorded(this.host.events, recorded);
    for (const change of changed) {
      const { jobId } = change;
      if (change.kind === 'parked') this.host.events.emit('job.parked', { jobId, error: change.error });
      else if (change.kind === 'paused') this.announcePause(jobId);
      else this.host.events.emit(`job.${change.kind}`, { jobId });
    }
  }

  private change(id: string, change: JobChange): Awaitable<Job> {
    this.alarms.look();
    return whenReady(this.store.changeJob(id, change, this.clock.now()), (result: ChangeResult | null) => {
      if (!result) throw new JobNotFoundError(id);
      this.tell(result.recorded, result.changed);
      this.loop.look();
      return result.job;
    });
  }

  private clockStepped(stepMs: number): void {
    this.host.events.emit('scheduler.clockStepped', { stepMs: Math.round(stepMs) });
    if (stepMs >= 0) return;
    this.contain(null, () =>
      whenReady(this.store.clockSetBack({ nowAt: this.clock.now(), stepMs: -Math.round(stepMs) }), (effects) => {
        this.tell(effects.recorded, effects.changed);
        this.loop.look();
      }),
    );
  }

  private abandonRunning(drainTimeoutMs: number): number {
    let abandoned = 0;
    const error = new SchedulerStoppingError(drainTimeoutMs);
    for (const claim of this.loop.giveUp()) {
      const now = this.clock.now();
      abandoned++;
      const result = { kind: 'abandoned', error } as const;
      this.settle(null, { claim, result, startedAt: now, endedAt: now, durationMs: 0, retryAt: null }, false, true);
    }
    for (const attempt of this.running.all()) {
      // A timed-out attempt has its result; its handler is not waited for any longer.
      if (attempt.end) {
        this.attemptReleased(attempt, attempt.end);
      } else {
        abandoned++;
        this.settle(attempt, attempt.abandon(error), false, true);
      }
    }
    return abandoned;
  }

  /** An error of the store or of our own is told and survived (L3). */
  private readonly faulted = (error: unknown, jobId: string | null = null): void => {
    this.host.events.emit('scheduler.faulted', { error, jobId });
  };

  private contain(jobId: string | null, action: () => Awaitable<void>): void {
    try {
      const pending = action();
      if (isPromise(pending)) pending.catch((error: unknown) => this.faulted(error, jobId));
    } catch (error) {
      this.faulted(error, jobId);
    }
  }
}

function withoutRetry({ claim, result, startedAt, endedAt, durationMs }: AttemptEnd): AttemptEnd {
  return { claim, result, startedAt, endedAt, durationMs, retryAt: null };
}
