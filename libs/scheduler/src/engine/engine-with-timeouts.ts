import type {
  IfTaken,
  Job,
  JobEdit,
  JobFilter,
  JobSpec,
  JsonValue,
  PauseRequest,
  Run,
  RunFilter,
  SchedulerEventType,
} from '../model/index.js';
import {
  type Awaitable,
  type BackfillRequest,
  type BackfillResult,
  type BulkPutResult,
  type Engine,
  type EngineHealth,
  type EngineHost,
  type EventSink,
  type JobPut,
  type PutResult,
  type StopLimits,
  whenReady,
} from '../ports/index.js';

/**
 * An engine over a durable store, and beside it one in memory for timeouts, which belong to the process
 * and are never stored: they run once per start on each replica (T3).
 */
export class EngineWithTimeouts implements Engine {
  private readonly timeoutIds = new Set<string>();

  constructor(
    private readonly stored: Engine,
    private readonly timeouts: Engine,
  ) {}

  get durable(): boolean {
    return this.stored.durable;
  }
  get clustered(): boolean {
    return this.stored.clustered;
  }

  open(host: EngineHost): Awaitable<void> {
    const { attempts } = host;
    const beside: EngineHost = {
      ...host,
      events: withoutSchedulerEvents(host.events),
      // Retries of stored jobs stay possible: whoever opens the store next makes them.
      attempts: { start: (claim, watcher) => attempts.start(claim, watcher), endRetries: () => {} },
    };
    return whenReady(this.timeouts.open(beside), () => this.stored.open(host));
  }

  start(): Awaitable<void> {
    return whenReady(this.timeouts.start(), () => this.stored.start());
  }

  async stop(limits: StopLimits): Promise<void> {
    await Promise.all([this.timeouts.stop(limits), this.stored.stop(limits)]);
  }

  pause(): void {
    this.timeouts.pause();
    this.stored.pause();
  }

  resume(): void {
    this.timeouts.resume();
    this.stored.resume();
  }

  health(): EngineHealth {
    return this.stored.health();
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, transaction?: unknown): Awaitable<PutResult> {
    if (spec.trigger.type !== 'timeout') return this.stored.putJob(spec, ifTaken, transaction);
    this.timeoutIds.add(spec.id);
    return this.timeouts.putJob(spec, 'error');
  }

  /** Jobs that are added at run time are never timeouts. */
  putJobs(puts: readonly JobPut[], transaction?: unknown): Awaitable<BulkPutResult> {
    return this.stored.putJobs(puts, transaction);
  }

  getJob(id: string): Awaitable<Job | null> {
    return this.engineOf(id).getJob(id);
  }

  getJobs(filter: JobFilter): Awaitable<Job[]> {
    return whenReady(this.stored.getJobs(filter), (stored) =>
      whenReady(this.timeouts.getJobs(filter), (timeouts) => [...stored, ...timeouts]),
    );
  }

  updateJob(id: string, edit: JobEdit): Awaitable<Job> {
    return this.engineOf(id).updateJob(id, edit);
  }

  pauseJob(id: string, pause: PauseRequest): Awaitable<Job> {
    return this.engineOf(id).pauseJob(id, pause);
  }

  resumeJob(id: string): Awaitable<Job> {
    return this.engineOf(id).resumeJob(id);
  }

  removeJob(id: string): Awaitable<void> {
    return this.engineOf(id).removeJob(id);
  }

  runNow(id: string, payload: JsonValue | undefined): Awaitable<Run> {
    return this.engineOf(id).runNow(id, payload);
  }

  backfill(request: Omit<BackfillRequest, 'now'>): Awaitable<BackfillResult> {
    return this.engineOf(request.jobId).backfill(request);
  }

  /** Without a job's id only the stored runs: those of timeouts are in no shared history. */
  getRuns(filter: RunFilter): Awaitable<Run[]> {
    return (filter.jobId === undefined ? this.stored : this.engineOf(filter.jobId)).getRuns(filter);
  }

  private engineOf(id: string): Engine {
    return this.timeoutIds.has(id) ? this.timeouts : this.stored;
  }
}

/** The events of the scheduler itself come from the engine over the store. */
function withoutSchedulerEvents(events: EventSink): EventSink {
  const passes = (type: SchedulerEventType) => !type.startsWith('scheduler.') || type === 'scheduler.faulted';
  return {
    wants: (type) => passes(type) && events.wants(type),
    emit: (type, fact) => {
      if (passes(type)) events.emit(type, fact);
    },
  };
}
