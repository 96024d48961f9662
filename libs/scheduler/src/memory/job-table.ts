import { cloneJson, type Job, type JobFilter, type JobSpec } from '../model/index.js';
import { viewJob } from '../rules/index.js';
import { DueQueue } from './due-queue.js';
import { Handles } from './handles.js';
import { MemoryJob } from './memory-job.js';

/** All jobs, and when each is due. */
export class JobTable {
  /** Active jobs by when their next tick is due; paused ones by the end of their pause. */
  readonly due = new DueQueue();

  constructor(readonly runIdPrefix: string) {}

  private readonly jobs = new Map<string, MemoryJob>();
  private readonly handles = new Handles<MemoryJob>();

  get(id: string): MemoryJob | null {
    return this.jobs.get(id) ?? null;
  }

  all(): Iterable<MemoryJob> {
    return this.jobs.values();
  }

  add(spec: JobSpec, now: number): MemoryJob {
    const job = this.handles.add((handle) => new MemoryJob(this, handle, spec, now));
    this.jobs.set(job.id, job);
    return job;
  }

  /** The job that is due first. Ask only while there is one. */
  firstDue(): MemoryJob {
    return this.handles.get(this.due.first());
  }

  select({ state, origin, handler }: JobFilter): Job[] {
    const found: Job[] = [];
    for (const job of this.jobs.values()) {
      if (state !== undefined && state !== job.state) continue;
      if (origin !== undefined && origin !== job.origin) continue;
      const view = this.view(job);
      if (handler === undefined || handler === view.handler) found.push(view);
    }
    return found;
  }

  view(job: MemoryJob): Job {
    const { payload } = job;
    return viewJob(job, payload === undefined ? undefined : cloneJson(payload), job.alive);
  }

  delete(job: MemoryJob): void {
    // Rows of a removed job go later, and must not take a newer job of its id along.
    if (job.isGone) return;
    this.due.delete(job.handle);
    this.handles.delete(job.handle);
    this.jobs.delete(job.id);
    job.isGone = true;
  }

  /** A finished job is kept as long as the history has a row of it. */
  readonly deleteFinished = (job: MemoryJob): void => {
    if (job.state === 'finished' && job.live === null && job.rows === 0) this.delete(job);
  };
}
