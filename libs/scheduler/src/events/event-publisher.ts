import {
  type Awaitable,
  type BulkPutResult,
  type ChangeResult,
  type EventSink,
  isPromise,
  type JobChange,
  type JobStateChange,
  type PutResult,
  type RecordedOutcome,
  type RecoveredAttempt,
  type Store,
  whenReady,
} from '../ports/index.js';
import { publishRecorded, publishRecovered } from './publish-runs.js';

/** The effects of a store verb besides its result. */
export interface StoreEffects {
  readonly recorded: readonly RecordedOutcome[];
  readonly changed?: readonly JobStateChange[];
  readonly recovered?: readonly RecoveredAttempt[];
}

/** Publishes the effects of store verbs, and contains errors on the way (L3). */
export class EventPublisher {
  constructor(
    readonly events: EventSink,
    private readonly store: Store,
  ) {}

  publish({ recorded, changed, recovered }: StoreEffects): void {
    if (recovered !== undefined) publishRecovered(this.events, recovered);
    // Both are empty for most verbs, and jobs are added by the thousand.
    if (recorded.length > 0) publishRecorded(this.events, recorded);
    if (changed === undefined || changed.length === 0) return;
    for (const change of changed) {
      const { jobId } = change;
      if (change.kind === 'parked') this.events.emit('job.parked', { jobId, error: change.error });
      else if (change.kind === 'paused') this.publishPause(jobId);
      else this.events.emit(`job.${change.kind}`, { jobId });
    }
  }

  publishPut(result: PutResult): void {
    this.publish(result);
    this.publishPutJob(result);
  }

  publishPuts(result: BulkPutResult): void {
    this.publish(result);
    for (const put of result.puts) this.publishPutJob(put);
  }

  private publishPutJob({ change, job }: BulkPutResult['puts'][number]): void {
    if (change === 'created') this.events.emit('job.added', { jobId: job.id });
    else if (change === 'changed') this.events.emit('job.edited', { jobId: job.id });
  }

  /** That a job was resumed is among the effects: not every call does that. */
  publishChange(change: JobChange, result: ChangeResult): void {
    this.publish(result);
    const { id: jobId, state, pause } = result.job;
    if (change.kind === 'edit') this.events.emit('job.edited', { jobId });
    else if (change.kind === 'remove') this.events.emit('job.removed', { jobId });
    else if (change.kind === 'pause' && state === 'paused') {
      const { note, by } = change;
      this.events.emit('job.paused', { jobId, note, by, until: pause?.until ?? null });
    }
  }

  publishPause(jobId: string): void {
    this.contain(jobId, () =>
      whenReady(this.store.getJob(jobId), (job) => {
        if (!job?.pause) return;
        const { note, by, until } = job.pause;
        this.events.emit('job.paused', { jobId, note, by, until });
      }),
    );
  }

  /** Publishes an error of the store, or of the engine itself, that was survived. */
  publishFault(error: unknown, jobId: string | null): void {
    this.events.emit('scheduler.faulted', { error, jobId });
  }

  /** Does the action; its throw or rejection becomes a `scheduler.faulted`. */
  contain(jobId: string | null, action: () => Awaitable<void>): void {
    try {
      const pending = action();
      if (isPromise(pending)) pending.catch((error: unknown) => this.publishFault(error, jobId));
    } catch (error) {
      this.publishFault(error, jobId);
    }
  }
}
