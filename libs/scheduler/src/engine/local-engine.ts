import {
  type IfTaken,
  type Job,
  type JobEdit,
  type JobFilter,
  JobNotFoundError,
  type JobSpec,
  type JsonValue,
  type PauseRequest,
  type Run,
  type RunFilter,
  SchedulerStoppingError,
} from '../model/index.js';
import {
  type AttemptRunner,
  type Awaitable,
  type BackfillRequest,
  type BackfillResult,
  type BulkPutResult,
  type ClaimBatch,
  type Clock,
  type Engine,
  type EngineHealth,
  type EngineHost,
  isLeased,
  type JobChange,
  type JobPut,
  type PutResult,
  type StopLimits,
  type Store,
  whenReady,
} from '../ports/index.js';
import { EventPublisher } from '../events/index.js';
import { rearmAfterCommit } from './after-commit.js';
import { AttemptSupervisor } from './attempt-supervisor.js';
import { DueLoop } from './due-loop.js';
import { LeaseKeeper } from './lease-keeper.js';
import { RunningAttempts } from './running-attempts.js';
import { StoreDeadline } from './store-deadline.js';
import type { TimerQueue } from './timer-queue.js';
import { describeZoneData } from './zone-data.js';

/** At a stop, the longest wait for the store to take each of: claims that did not begin, completions. */
const HAND_OVER_MS = 1_000;
const CLOSE_MS = 2_000;

/** Our own engine: a due loop over a store, in this process. */
export class LocalEngine implements Engine {
  private store: Store;
  private readonly clock: Clock;
  private readonly timers: TimerQueue;
  private attempts!: AttemptRunner;
  private publisher!: EventPublisher;
  private supervisor!: AttemptSupervisor;
  private running!: RunningAttempts;
  private loop!: DueLoop;
  private leaseKeeper: LeaseKeeper | null = null;
  private readonly deadline: StoreDeadline;
  private started = false;
  private paused = false;
  private stopped = false;

  constructor({ store, clock, timers }: { store: Store; clock: Clock; timers: TimerQueue }) {
    this.store = store;
    this.clock = clock;
    this.timers = timers;
    this.deadline = new StoreDeadline(store, clock, timers);
  }

  get durable(): boolean {
    return this.store.durable;
  }
  get clustered(): boolean {
    return this.store.clustered;
  }

  open(host: EngineHost): Awaitable<void> {
    this.store = this.store.duplicate?.() ?? this.store;
    this.connect(host);
    const onHint = (hint: 'due' | 'cancel') =>
      hint === 'due' ? this.loop.rearm() : this.leaseKeeper?.renewSoon();
    return whenReady(this.store.open({ ...host.process, onHint }), () => this.leaseKeeper?.start());
  }

  start(): Awaitable<void> {
    const zoneData = describeZoneData(this.store, this.deadline, this.clock.now());
    const beaten = whenReady(this.leaseKeeper?.startBeating(), () => zoneData);
    return whenReady(beaten, (fact) => {
      if (this.stopped) return;
      this.started = true;
      if (!this.paused) this.loop.start();
      this.publisher.events.emit('scheduler.started', fact);
    });
  }

  health(): EngineHealth {
    return { paused: this.paused, storeDownSinceAt: this.loop.downSince };
  }

  pause(): void {
    if (this.paused || this.stopped) return;
    this.paused = true;
    this.loop.stop();
    this.timers.keepChecking(true);
    this.publisher.events.emit('scheduler.paused', {});
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.timers.keepChecking(false);
    if (this.started && !this.stopped) this.loop.start();
    this.publisher.events.emit('scheduler.resumed', {});
  }

  async stop({ drainTimeoutMs, abortGraceMs }: StopLimits): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.loop.stop();
    this.publisher.events.emit('scheduler.draining', { running: this.running.size });
    // Over a durable store, whoever opens it next makes the retries.
    if (!this.durable) this.attempts.endRetries();
    const reason = new SchedulerStoppingError(drainTimeoutMs);
    if (!(await this.running.idleWithin(drainTimeoutMs))) {
      for (const attempt of this.running.all()) attempt.abort(reason, 'abandoned');
      await this.running.idleWithin(abortGraceMs);
    }
    const handOverMs = Math.min(abortGraceMs, HAND_OVER_MS);
    await this.supervisor.abandonAll(await this.loop.giveUp(handOverMs), reason, handOverMs);
    await this.supervisor.recordedWithin(handOverMs);
    this.leaseKeeper?.stop();
    let { abandoned } = this.supervisor;
    try {
      const recorded = await this.deadline.bound(this.store.close(this.clock.now()), { limitMs: CLOSE_MS });
      this.publisher.publish({ recorded });
      abandoned += recorded.filter(({ outcome }) => outcome === 'abandoned').length;
    } catch (error) {
      this.publisher.publishFault(error, null);
    }
    this.deadline.expireAll();
    this.timers.clear();
    this.publisher.events.emit('scheduler.stopped', { abandoned });
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, transaction?: unknown): Awaitable<PutResult> {
    this.timers.checkClock();
    return this.handle(this.store.putJob(spec, ifTaken, this.clock.now(), transaction), (result) => {
      this.publisher.publishPut(result);
      this.rearm([result], transaction);
      return result;
    });
  }

  putJobs(puts: readonly JobPut[], transaction?: unknown): Awaitable<BulkPutResult> {
    this.timers.checkClock();
    return this.handle(this.store.putJobs(puts, this.clock.now(), transaction), (result) => {
      this.publisher.publishPuts(result);
      this.rearm(result.puts, transaction);
      return result;
    });
  }

  getJob(id: string): Awaitable<Job | null> {
    return this.deadline.patient(this.store.getJob(id));
  }

  getJobs(filter: JobFilter): Awaitable<Job[]> {
    return this.deadline.patient(this.store.listJobs(filter));
  }

  updateJob(id: string, edit: JobEdit): Awaitable<Job> {
    return this.change(id, { kind: 'edit', edit });
  }

  pauseJob(id: string, pause: PauseRequest): Awaitable<Job> {
    return this.change(id, { kind: 'pause', ...pause });
  }

  resumeJob(id: string): Awaitable<Job> {
    return this.change(id, { kind: 'resume' });
  }

  removeJob(id: string): Awaitable<void> {
    return whenReady(this.change(id, { kind: 'remove' }), () => {});
  }

  runNow(id: string, payload: JsonValue | undefined): Awaitable<Run> {
    this.timers.checkClock();
    return this.handle(this.store.requestRun({ jobId: id, payload, now: this.clock.now() }), (requested) => {
      if (!requested) throw new JobNotFoundError(id);
      this.publisher.publish(requested);
      this.supervisor.cancel(requested.cancelled);
      this.loop.pass();
      this.loop.rearm();
      return requested.view();
    });
  }

  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult> {
    this.timers.checkClock();
    return this.handle(this.store.backfill({ ...request, now: this.clock.now() }), (result) => {
      if (!result) throw new JobNotFoundError(request.jobId);
      this.loop.rearm();
      return result;
    });
  }

  getRuns(filter: RunFilter): Awaitable<Run[]> {
    return this.deadline.patient(this.store.listRuns(filter));
  }

  /** Calls `next` with the response, also with one that comes after the deadline. The caller waits no longer than that. */
  private handle<T, R>(response: Awaitable<T>, next: (value: T) => R): Awaitable<R> {
    return this.deadline.patient(whenReady(response, next));
  }

  private connect(host: EngineHost): void {
    const { store, clock, timers, deadline } = this;
    this.attempts = host.attempts;
    const publisher = (this.publisher = new EventPublisher(host.events, store));
    const running = (this.running = new RunningAttempts(timers, () => this.loop.passing));
    const shared = { store, clock, timers, deadline, publisher };
    this.supervisor = new AttemptSupervisor({
      ...shared,
      running,
      attempts: host.attempts,
      onSlotFreed: () => this.loop.slotFreed(),
    });
    const publish = (batch: ClaimBatch) => {
      publisher.publish(batch);
      this.supervisor.cancel(batch.cancelled);
    };
    this.loop = new DueLoop(store, clock, timers, deadline, {
      claimed: (claims, askedAt) => this.leaseKeeper?.hold(claims, askedAt),
      renewAll: () => this.leaseKeeper?.renewAll() ?? Promise.resolve(),
      begin: (claim) => this.supervisor.begin(claim),
      publish,
      tooLate: (batch) => {
        publish(batch);
        void this.supervisor.giveBack(batch.claims);
      },
      passEnded: () => running.checkIdle(),
      storeDown: (error) => host.events.emit('store.down', { error }),
      storeUp: (downMs) => host.events.emit('store.up', { downMs }),
    });
    timers.connect(this.loop.pass, (stepMs) => this.clockStepped(stepMs));
    if (isLeased(store)) {
      const parts = { ...shared, store, supervisor: this.supervisor, loop: this.loop };
      this.leaseKeeper = new LeaseKeeper({ ...parts, handlers: host.process.handlers });
    }
  }

  private rearm(puts: readonly { readonly job: Job }[], transaction: unknown): void {
    if (transaction === undefined) this.loop.rearm();
    else rearmAfterCommit(puts, this.clock.now(), this.timers, this.loop);
  }

  private change(id: string, change: JobChange): Awaitable<Job> {
    this.timers.checkClock();
    return this.handle(this.store.changeJob(id, change, this.clock.now()), (result) => {
      if (!result) throw new JobNotFoundError(id);
      this.publisher.publishChange(change, result);
      this.loop.rearm();
      return result.job;
    });
  }

  private clockStepped(stepMs: number): void {
    this.publisher.events.emit('scheduler.clockStepped', { stepMs: Math.round(stepMs) });
    if (this.leaseKeeper !== null) return void this.leaseKeeper.recalibrate();
    if (stepMs >= 0) return;
    const step = { nowAt: this.clock.now(), stepMs: -Math.round(stepMs) };
    this.publisher.contain(null, () =>
      whenReady(this.store.clockSetBack(step), (effects) => {
        this.publisher.publish(effects);
        this.loop.rearm();
      }),
    );
  }
}
