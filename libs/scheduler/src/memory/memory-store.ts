import {
  type Completion,
  type Claim,
  type ConcurrencyLimits,
  type IfTaken,
  type Job,
  type JobFilter,
  type JobSpec,
  NO_LIMITS,
  type Run,
  type RunFilter,
} from '../model/index.js';
import type {
  BackfillRequest,
  BackfillResult,
  ChangeResult,
  ClaimBatch,
  ClaimRequest,
  JobChange,
  PutResult,
  RecordedOutcome,
  RequestedRun,
  RunNote,
  RunRequest,
  CompletionEffect,
  Store,
} from '../ports/index.js';
import type { HistoryLimits } from './history.js';
import { type Effects, JobBook } from './job-book.js';
import type { MemoryRun } from './memory-run.js';
import { noteRun } from './note-run.js';
import { Places } from './places.js';
import { RunBook } from './run-book.js';
import { RunFlow } from './run-flow.js';

export interface MemoryStoreOptions extends HistoryLimits {
  concurrency?: ConcurrencyLimits;
  /** Begins every run id, so that ids of two processes differ. */
  runIdPrefix?: string;
}

/** The store that needs nothing. Every verb answers at once; nothing survives the process. */
export class MemoryStore implements Store {
  readonly durable: boolean = false;
  readonly clustered: boolean = false;

  private readonly runs: RunBook;
  private readonly jobs: JobBook;
  private readonly flow: RunFlow;

  constructor({ concurrency = NO_LIMITS, runIdPrefix = 'run-', ...limits }: MemoryStoreOptions) {
    this.runs = new RunBook(limits, runIdPrefix, (job) => this.jobs.dropFinished(job));
    this.jobs = new JobBook(this.runs);
    this.flow = new RunFlow(this.jobs, this.runs, Places.for(concurrency));
  }

  open(): void {}

  close(now: number): RecordedOutcome[] {
    const recorded: RecordedOutcome[] = [];
    for (const run of [...this.runs.alive]) {
      if (run.state !== 'running') this.runs.endUnstarted(run, 'abandoned', 'shutdown', now, recorded);
    }
    for (const job of this.jobs.all()) this.jobs.recordOverdue(job, 'missed', 'shutdown', now, recorded);
    this.jobs.due.clear();
    this.runs.waiting.clear();
    return recorded;
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, now: number): PutResult {
    const present = this.jobs.get(spec.id);
    if (!present) return this.jobs.add(spec, now);
    if (ifTaken === 'replace') return this.jobs.replace(present, spec, now);
    return {
      change: ifTaken === 'keep' ? 'kept' : 'taken',
      job: this.jobs.view(present),
      recorded: [],
      changed: [],
    };
  }

  getJob(id: string): Job | null {
    const job = this.jobs.get(id);
    return job && this.jobs.view(job);
  }

  listJobs(filter: JobFilter): Job[] {
    return this.jobs.list(filter);
  }

  changeJob(id: string, change: JobChange, now: number): ChangeResult | null {
    const job = this.jobs.get(id);
    if (!job) return null;
    const effects: Effects = { recorded: [], changed: [] };
    switch (change.kind) {
      case 'edit':
        this.jobs.edit(job, change.edit, now, effects);
        break;
      case 'pause':
        this.jobs.pause(job, change, now);
        break;
      case 'resume':
        if (job.state === 'paused') this.jobs.resume(job, now, effects);
        break;
      case 'remove':
        this.jobs.remove(job, now, effects.recorded);
        break;
      default:
        return change satisfies never;
    }
    return { job: this.jobs.view(job), ...effects };
  }

  requestRun(request: RunRequest): RequestedRun | null {
    const job = this.jobs.get(request.jobId);
    return job && this.flow.request(job, request);
  }

  backfill(request: BackfillRequest): BackfillResult | null {
    const job = this.jobs.get(request.jobId);
    return job && this.flow.backfill(job, request);
  }

  earliestDueAt(): number | null {
    return this.flow.earliestDueAt();
  }

  claimDue({ now, limit }: ClaimRequest): ClaimBatch {
    return this.flow.claimDue(now, limit);
  }

  complete(end: Completion, slotHeld: boolean): CompletionEffect {
    return this.flow.settle(end, slotHeld);
  }

  release(claim: Claim, now: number): CompletionEffect {
    return this.flow.release(claim as MemoryRun, now);
  }

  annotate(claim: Claim, note: RunNote): void {
    noteRun(claim as MemoryRun, note);
  }

  listRuns(filter: RunFilter): Run[] {
    return this.runs.select(filter);
  }

  clockSetBack({ nowAt, stepMs }: { nowAt: number; stepMs: number }): Effects {
    const effects: Effects = { recorded: [], changed: [] };
    for (const job of this.jobs.all()) this.jobs.setBack(job, nowAt, stepMs, effects);
    for (const run of this.runs.alive) {
      if (run.state === 'waiting') this.runs.wait(run, run.dueAt - stepMs);
      else if (run.state === 'queued') run.dueAt -= stepMs;
    }
    return effects;
  }
}
