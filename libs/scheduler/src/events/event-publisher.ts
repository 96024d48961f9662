import {
  type Awaitable,
  type EventSink,
  isPromise,
  type JobStateChange,
  type RecordedOutcome,
  type Store,
  whenReady,
} from '../ports/index.js';
import { announceRecorded } from '../runner/index.js';

/** Tells what the store did, and contains what goes wrong on the way (L3). */
export class Announcer {
  constructor(
    readonly events: EventSink,
    private readonly store: Store,
  ) {}

  tell(recorded: readonly RecordedOutcome[], changed: readonly JobStateChange[]): void {
    // Most changes bring about nothing else, and jobs are added by the thousand.
    if (recorded.length > 0) announceRecorded(this.events, recorded);
    if (changed.length === 0) return;
    for (const change of changed) {
      const { jobId } = change;
      if (change.kind === 'parked') this.events.emit('job.parked', { jobId, error: change.error });
      else if (change.kind === 'paused') this.tellPause(jobId);
      else this.events.emit(`job.${change.kind}`, { jobId });
    }
  }

  tellPause(jobId: string): void {
    this.contain(jobId, () =>
      whenReady(this.store.getJob(jobId), (job) => {
        if (!job?.pause) return;
        const { note, by, until } = job.pause;
        this.events.emit('job.paused', { jobId, note, by, until });
      }),
    );
  }

  /** An error of the store or of our own is told and survived. */
  faulted(error: unknown, jobId: string | null): void {
    this.events.emit('scheduler.faulted', { error, jobId });
  }

  contain(jobId: string | null, action: () => Awaitable<void>): void {
    try {
      const pending = action();
      if (isPromise(pending)) pending.catch((error: unknown) => this.faulted(error, jobId));
    } catch (error) {
      this.faulted(error, jobId);
    }
  }
}
