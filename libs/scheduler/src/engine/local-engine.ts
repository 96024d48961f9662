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
  type ChangeResult,
  type Clock,
  type Engine,
  type EngineHealth,
  type EngineHost,
  isLeased,
  type JobChange,
  type PutResult,
  type StopLimits,
  type Store,
  whenReady,
} from '../ports/index.js';
import { EventPublisher, publishRecovered } from '../events/index.js';
import { AttemptSupervisor } from './attempt-supervisor.js';
import { DueLoop } from './due-loop.js';
import { LeaseKeeper } from './lease-keeper.js';
import { RunningAttempts } from './running-attempts.js';
import type { TimerQueue } from './timer-queue.js';

/** Delays after which a job added in the caller's transaction is looked for, since nothing reports the commit. */
const AFTER_COMMIT_MS = [0, 50, 250, 1_000];

export interface LocalEngineParts {
  store: Store;
  clock: Clock;
  timers: TimerQueue;
}

/** Our own engine: a due loop over a store, in this process. */
export class LocalEngine implements Engine {
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly timers: TimerQueue;
  private attempts!: AttemptRunner;
  private publisher!: EventPublisher;
  private supervisor!: AttemptSupervisor;
  private running!: RunningAttempts;
  private loop!: DueLoop;
  /** Null over a store without leases. */
  private leaseKeeper: LeaseKeeper | null = null;
  private started = false;
  private paused = false;
  private stopped = false;

  constructor({ store, clock, timers }: LocalEngineParts) {
    this.store = store;
    this.clock = clock;
    this.timers = timers;
  }

  get durable(): boolean {
    return this.store.durable;
  }
  get clustered(): boolean {
    return this.store.clustered;
  }

  open(host: EngineHost): Awaitable<void> {
    this.connect(host);
    const opened = this.store.open({
      ...host.process,
      onHint: (hint) => (hint === 'due' ? this.loop.rearm() : this.leaseKeeper?.renewSoon()),
    });
    return whenReady(opened, () => this.leaseKeeper?.start());
  }

  start(): Awaitable<void> {
    return whenReady(this.leaseKeeper?.startBeating(), () => {
      if (this.stopped) return;
      this.started = true;
      if (!this.paused) this.loop.start();
      this.publisher.events.emit('scheduler.started', { timezoneData: process.versions.tz ?? 'unknown' });
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
    const { events } = this.publisher;
    events.emit('scheduler.draining', { running: this.running.size });
    // Over a durable store, whoever opens it next makes the retries.
    if (!this.durable) this.attempts.endRetries();
    if (!(await this.running.idleWithin(drainTimeoutMs))) {
      const reason = new SchedulerStoppingError(drainTimeoutMs);
      for (const attempt of this.running.all()) attempt.abort(reason, 'abandoned');
      await this.running.idleWithin(abortGraceMs);
    }
    let { abandoned } = this.supervisor;
    try {
      await this.supervisor.abandonAll(await this.loop.giveUp(abortGraceMs), drainTimeoutMs);
      await this.supervisor.recordedWithin(abortGraceMs);
      this.leaseKeeper?.stop();
      ({ abandoned } = this.supervisor);
      const recorded = await this.store.close(this.clock.now());
      this.publisher.publish(recorded, []);
      abandoned += recorded.filter(({ outcome }) => outcome === 'abandoned').length;
    } catch (error) {
      this.publisher.publishFault(error, null);
    }
    this.timers.clear();
    events.emit('scheduler.stopped', { abandoned });
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, transaction?: unknown): Awaitable<PutResult> {
    this.timers.checkClock();
    return whenReady(this.store.putJob(spec, ifTaken, this.clock.now(), transaction), (result) => {
      this.publisher.publish(result.recorded, result.changed);
      if (transaction === undefined) this.loop.rearm();
      else this.rearmAfterCommit(result.job);
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
    return whenReady(this.store.requestRun({ jobId: id, payload, now: this.clock.now() }), (requested) => {
      if (!requested) throw new JobNotFoundError(id);
      this.publisher.publish(requested.recorded, []);
      this.supervisor.cancel(requested.cancelled);
      this.loop.pass();
      this.loop.rearm();
      return requested.view();
    });
  }

  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult> {
    this.timers.checkClock();
    return whenReady(this.store.backfill({ ...request, now: this.clock.now() }), (result) => {
      if (!result) throw new JobNotFoundError(request.jobId);
      this.loop.rearm();
      return result;
    });
  }

  getRuns(filter: RunFilter): Awaitable<Run[]> {
    return this.store.listRuns(filter);
  }

  private connect(host: EngineHost): void {
    const { store, clock, timers } = this;
    this.attempts = host.attempts;
    this.publisher = new EventPublisher(host.events, store);
    this.running = new RunningAttempts(timers, () => this.loop.busy);
    this.supervisor = new AttemptSupervisor({
      store,
      clock,
      delays: timers,
      running: this.running,
      publisher: this.publisher,
      attempts: host.attempts,
      onSlotFreed: () => this.loop.slotFreed(),
    });
    this.loop = new DueLoop(store, clock, timers, host.events, {
      claimed: (claims) => {
        this.supervisor.hold(claims);
        this.leaseKeeper?.startRenewing();
      },
      renewAll: () => this.leaseKeeper?.renewAll() ?? Promise.resolve(),
      begin: (claim) => this.supervisor.begin(claim),
      publish: ({ recorded, changed, cancelled, recovered }) => {
        if (recovered) publishRecovered(host.events, recovered);
        this.publisher.publish(recorded, changed);
        this.supervisor.cancel(cancelled);
      },
      passEnded: () => this.running.checkIdle(),
    });
    timers.connect(this.loop.pass, (stepMs) => this.clockStepped(stepMs));
    if (isLeased(store)) {
      const { publisher, supervisor, loop } = this;
      const { handlers } = host.process;
      this.leaseKeeper = new LeaseKeeper({ store, clock, timers, publisher, supervisor, loop, handlers });
    }
  }

  private rearmAfterCommit({ nextDueAt }: Job): void {
    if (nextDueAt === null) return;
    const untilDueMs = Math.max(0, nextDueAt.getTime() - this.clock.now());
    for (const laterMs of AFTER_COMMIT_MS) this.timers.after(untilDueMs + laterMs, () => this.loop.rearm());
  }

  private change(id: string, change: JobChange): Awaitable<Job> {
    this.timers.checkClock();
    return whenReady(this.store.changeJob(id, change, this.clock.now()), (result: ChangeResult | null) => {
      if (!result) throw new JobNotFoundError(id);
      this.publisher.publish(result.recorded, result.changed);
      this.loop.rearm();
      return result.job;
    });
  }

  private clockStepped(stepMs: number): void {
    this.publisher.events.emit('scheduler.clockStepped', { stepMs: Math.round(stepMs) });
    if (this.leaseKeeper !== null) return void this.leaseKeeper.recalibrate();
    if (stepMs >= 0) return;
    this.publisher.contain(null, () =>
      whenReady(
        this.store.clockSetBack({ nowAt: this.clock.now(), stepMs: -Math.round(stepMs) }),
        (effects) => {
          this.publisher.publish(effects.recorded, effects.changed);
          this.loop.rearm();
        },
      ),
    );
  }
}
