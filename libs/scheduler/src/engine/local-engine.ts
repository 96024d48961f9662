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
import { type Alarms, announceRecovered } from '../runner/index.js';
import { Announcer } from '../events/event-publisher.js';
import { DueLoop } from './due-loop.js';
import { RunningAttempts } from './running-attempts.js';
import { Settling } from './attempt-supervisor.js';
import { Upkeep } from './lease-keeper.js';

/** A job added in the caller's transaction can be claimed once that is committed: when it is looked for. */
const AFTER_COMMIT_MS = [0, 50, 250, 1_000];

export interface LocalEngineParts {
  store: Store;
  clock: Clock;
  alarms: Alarms;
}

/** Our own engine: a due loop over a store, in this process. */
export class LocalEngine implements Engine {
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly alarms: Alarms;
  private attempts!: AttemptRunner;
  private announcer!: Announcer;
  private settling!: Settling;
  private running!: RunningAttempts;
  private loop!: DueLoop;
  /** Null over a store without leases. */
  private upkeep: Upkeep | null = null;
  private started = false;
  private paused = false;
  private stopped = false;

  constructor({ store, clock, alarms }: LocalEngineParts) {
    this.store = store;
    this.clock = clock;
    this.alarms = alarms;
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
      onHint: (hint) => (hint === 'due' ? this.loop.look() : this.upkeep?.renewSoon()),
    });
    return whenReady(opened, () => this.upkeep?.start());
  }

  start(): Awaitable<void> {
    return whenReady(this.upkeep?.startBeating(), () => {
      if (this.stopped) return;
      this.started = true;
      if (!this.paused) this.loop.start();
      this.announcer.events.emit('scheduler.started', { timezoneData: process.versions.tz ?? 'unknown' });
    });
  }

  health(): EngineHealth {
    return { paused: this.paused, storeDownSinceAt: this.loop.downSince };
  }

  pause(): void {
    if (this.paused || this.stopped) return;
    this.paused = true;
    this.loop.stop();
    this.alarms.keepLooking(true);
    this.announcer.events.emit('scheduler.paused', {});
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.alarms.keepLooking(false);
    if (this.started && !this.stopped) this.loop.start();
    this.announcer.events.emit('scheduler.resumed', {});
  }

  async stop({ drainTimeoutMs, abortGraceMs }: StopLimits): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.loop.stop();
    const { events } = this.announcer;
    events.emit('scheduler.draining', { running: this.running.size });
    // What a store keeps is tried again by whoever opens it next.
    if (!this.durable) this.attempts.endRetries();
    if (!(await this.running.idleWithin(drainTimeoutMs))) {
      const reason = new SchedulerStoppingError(drainTimeoutMs);
      for (const attempt of this.running.all()) attempt.abort(reason, 'abandoned');
      await this.running.idleWithin(abortGraceMs);
    }
    let { abandoned } = this.settling;
    try {
      await this.settling.abandonAll(await this.loop.giveUp(abortGraceMs), drainTimeoutMs);
      await this.settling.recordedWithin(abortGraceMs);
      this.upkeep?.stop();
      ({ abandoned } = this.settling);
      const recorded = await this.store.close(this.clock.now());
      this.announcer.tell(recorded, []);
      abandoned += recorded.filter(({ outcome }) => outcome === 'abandoned').length;
    } catch (error) {
      this.announcer.faulted(error, null);
    }
    this.alarms.clear();
    events.emit('scheduler.stopped', { abandoned });
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, transaction?: unknown): Awaitable<PutResult> {
    this.alarms.look();
    return whenReady(this.store.putJob(spec, ifTaken, this.clock.now(), transaction), (result) => {
      this.announcer.tell(result.recorded, result.changed);
      if (transaction === undefined) this.loop.look();
      else this.lookAfterCommit(result.job);
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
    this.alarms.look();
    return whenReady(this.store.requestRun({ jobId: id, payload, now: this.clock.now() }), (requested) => {
      if (!requested) throw new JobNotFoundError(id);
      this.announcer.tell(requested.recorded, []);
      this.settling.cancel(requested.cancelled);
      this.loop.pass();
      this.loop.look();
      return requested.view();
    });
  }

  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult> {
    this.alarms.look();
    return whenReady(this.store.backfill({ ...request, now: this.clock.now() }), (result) => {
      if (!result) throw new JobNotFoundError(request.jobId);
      this.loop.look();
      return result;
    });
  }

  getRuns(filter: RunFilter): Awaitable<Run[]> {
    return this.store.listRuns(filter);
  }

  private connect(host: EngineHost): void {
    const { store, clock, alarms } = this;
    this.attempts = host.attempts;
    this.announcer = new Announcer(host.events, store);
    this.running = new RunningAttempts(alarms, () => this.loop.busy);
    this.settling = new Settling({
      store,
      clock,
      alarms,
      running: this.running,
      announcer: this.announcer,
      attempts: host.attempts,
      onFreed: () => this.loop.freed(),
    });
    this.loop = new DueLoop(store, clock, alarms, host.events, {
      claimed: (claims) => {
        this.settling.hold(claims);
        this.upkeep?.holds();
      },
      late: () => this.upkeep?.renewAll() ?? Promise.resolve(),
      begin: (claim) => this.settling.begin(claim),
      told: ({ recorded, changed, cancelled, recovered }) => {
        if (recovered) announceRecovered(host.events, recovered);
        this.announcer.tell(recorded, changed);
        this.settling.cancel(cancelled);
      },
      rested: () => this.running.look(),
    });
    alarms.connect(this.loop.pass, (stepMs) => this.clockStepped(stepMs));
    if (isLeased(store)) {
      const { announcer, settling, loop } = this;
      const { handlers } = host.process;
      this.upkeep = new Upkeep({ store, clock, alarms, announcer, settling, loop, handlers });
    }
  }

  private lookAfterCommit({ nextDueAt }: Job): void {
    if (nextDueAt === null) return;
    const untilDueMs = Math.max(0, nextDueAt.getTime() - this.clock.now());
    for (const laterMs of AFTER_COMMIT_MS) this.alarms.after(untilDueMs + laterMs, () => this.loop.look());
  }

  private change(id: string, change: JobChange): Awaitable<Job> {
    this.alarms.look();
    return whenReady(this.store.changeJob(id, change, this.clock.now()), (result: ChangeResult | null) => {
      if (!result) throw new JobNotFoundError(id);
      this.announcer.tell(result.recorded, result.changed);
      this.loop.look();
      return result.job;
    });
  }

  private clockStepped(stepMs: number): void {
    this.announcer.events.emit('scheduler.clockStepped', { stepMs: Math.round(stepMs) });
    if (this.upkeep !== null) return void this.upkeep.recalibrate();
    if (stepMs >= 0) return;
    this.announcer.contain(null, () =>
      whenReady(
        this.store.clockSetBack({ nowAt: this.clock.now(), stepMs: -Math.round(stepMs) }),
        (effects) => {
          this.announcer.tell(effects.recorded, effects.changed);
          this.loop.look();
        },
      ),
    );
  }
}
