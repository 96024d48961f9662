import {
  type Claim,
  type Completion,
  type ConcurrencyLimits,
  type IfTaken,
  type Job,
  type JobFilter,
  type JobSpec,
  NO_LIMITS,
  type Run,
  type RunFilter,
} from '../model/index.js';
import {
  type BackfillRequest,
  type BackfillResult,
  type BulkPutResult,
  type ChangeResult,
  type ClaimBatch,
  type ClaimRequest,
  type CompletionEffect,
  type JobChange,
  type JobPut,
  type PutResult,
  type RecordedOutcome,
  type RequestedRun,
  type RunNote,
  type RunRequest,
  refusedPuts,
  type Store,
  takenIds,
} from '../ports/index.js';
import {
  backfillRuns,
  beginJob,
  changeJob,
  type Claimer,
  completeGone,
  completeRun,
  Facts,
  forgetJob,
  releaseSlot,
  replaceJob,
  requestRun,
  setBackJob,
  takeRun,
  takeTicks,
} from '../rules/index.js';
import { ConcurrencySlots } from './concurrency-slots.js';
import type { HistoryLimits } from './history.js';
import { JobTable } from './job-table.js';
import type { MemoryJob } from './memory-job.js';
import type { MemoryRun } from './memory-run.js';
import { MemoryUnit } from './memory-unit.js';
import { RunTable } from './run-table.js';
import { claimOf, UsualRuns } from './usual-runs.js';

export interface MemoryStoreOptions extends HistoryLimits {
  concurrency?: ConcurrencyLimits;
  /** Begins every run id, so that ids of two processes differ. */
  runIdPrefix?: string;
}

/** The store that needs nothing. Every verb returns at once; nothing survives the process. */
export class MemoryStore implements Store {
  readonly durable: boolean = false;
  readonly clustered: boolean = false;

  private readonly jobs: JobTable;
  private readonly runs: RunTable;
  private readonly slots: ConcurrencySlots | null;
  private readonly unit: MemoryUnit;
  private readonly usualRuns: UsualRuns;
  private readonly claimer: Claimer;
  /** A completion says by its effect all that it brings about. */
  private readonly noFacts = new Facts<MemoryRun>();

  constructor({ concurrency = NO_LIMITS, runIdPrefix = 'run-', ...limits }: MemoryStoreOptions) {
    this.jobs = new JobTable(runIdPrefix);
    this.runs = new RunTable(limits, runIdPrefix, this.jobs.deleteFinished);
    this.slots = ConcurrencySlots.for(concurrency);
    this.unit = new MemoryUnit(this.jobs.due, this.runs, this.slots);
    this.usualRuns = new UsualRuns(this.jobs, this.runs, this.slots);
    this.claimer = { replica: runIdPrefix, leaseUntil: null, slots: this.slots };
  }

  open(): void {}

  close(now: number): RecordedOutcome[] {
    const facts = new Facts<MemoryRun>();
    for (const job of this.jobs.all()) this.decide(job, facts, now, forgetJob);
    this.jobs.due.clear();
    this.runs.waiting.clear();
    return facts.recorded;
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, now: number): PutResult {
    const facts = new Facts<MemoryRun>();
    const { change, job } = this.put({ spec, ifTaken }, facts, now);
    // Written out: a spread costs more than all the rest.
    return { change, job, recorded: facts.recorded, changed: facts.changed };
  }

  putJobs(puts: readonly JobPut[], now: number): BulkPutResult {
    const taken = takenIds(puts, (id) => this.jobs.get(id) !== null);
    if (taken.length > 0) return refusedPuts(taken);
    const facts = new Facts<MemoryRun>();
    const results = puts.map((put) => this.put(put, facts, now));
    return { taken, puts: results, ...facts.effects };
  }

  getJob(id: string): Job | null {
    const job = this.jobs.get(id);
    return job && this.jobs.view(job);
  }

  listJobs(filter: JobFilter): Job[] {
    return this.jobs.select(filter);
  }

  changeJob(id: string, change: JobChange, now: number): ChangeResult | null {
    const job = this.jobs.get(id);
    if (!job) return null;
    const facts = new Facts<MemoryRun>();
    this.decide(job, facts, now, (unit) => changeJob(unit, change, ({ payload }) => payload));
    const view = this.jobs.view(job);
    if (change.kind === 'remove') this.jobs.delete(job);
    return { job: view, ...facts.effects };
  }

  requestRun({ jobId, payload, now }: RunRequest): RequestedRun | null {
    const job = this.jobs.get(jobId);
    if (!job) return null;
    const facts = new Facts<MemoryRun>();
    const run = this.decide(job, facts, now, (unit) =>
      requestRun(unit, payload === undefined ? job.payload : payload),
    );
    // A due tick that waited for a slot may start no run now, and then needs none.
    this.jobs.due.restore(job.handle);
    return { view: () => run.view(), recorded: facts.recorded, cancelled: facts.replaced };
  }

  backfill(request: BackfillRequest): BackfillResult | null {
    const job = this.jobs.get(request.jobId);
    if (!job) return null;
    const started = this.runs.startedInstants(job);
    const result = this.decide(job, new Facts(), request.now, (unit) => backfillRuns(unit, request, started));
    this.jobs.due.restore(job.handle);
    return result;
  }

  earliestDueAt(): number | null {
    this.takeBack();
    const at = Math.min(this.jobs.due.earliest() ?? Infinity, this.runs.waiting.earliest() ?? Infinity);
    return at === Infinity ? null : at;
  }

  claimDue({ now, limit }: ClaimRequest): ClaimBatch {
    const { jobs, runs } = this;
    this.takeBack();
    let facts: Facts<MemoryRun> | null = null;
    let more = true;
    for (let looked = 0; looked < limit; looked++) {
      const usual = this.usualRuns.start(now);
      if (usual !== null && limit === 1) return claimOf(usual);
      facts ??= new Facts();
      if (usual !== null) {
        facts.claim(usual);
        continue;
      }
      // In the order in which they fell due.
      const waitingAt = runs.waiting.earliest() ?? Infinity;
      const dueAt = jobs.due.earliest() ?? Infinity;
      if (waitingAt > now && dueAt > now) {
        more = false;
        break;
      }
      if (waitingAt <= dueAt) this.claimRun(runs.firstWaiting(), facts, now);
      else this.claimTicks(jobs.firstDue(), facts, now);
    }
    const { claims, recorded, replaced, changed } = facts ?? this.noFacts;
    return { claims, recorded, cancelled: replaced, changed, more };
  }

  complete(completion: Completion, slotHeld: boolean): CompletionEffect {
    const run = completion.claim as MemoryRun;
    if (run.state !== 'running') return 'refused';
    if (run.job.isGone) return this.completeGone(run, completion, slotHeld);
    if (!slotHeld && this.usualRuns.complete(run, completion)) return 'recorded';
    this.unit.load(run.job, this.noFacts, completion.endedAt);
    try {
      return completeRun(this.unit, run, completion, slotHeld);
    } finally {
      this.unit.unload();
      this.jobs.deleteFinished(run.job);
    }
  }

  release(claim: Claim, now: number): CompletionEffect {
    const run = claim as MemoryRun;
    if (run.job.isGone) {
      this.slots?.giveBack(run.group);
      run.holdsSlot = false;
      return 'recorded';
    }
    const effect = this.decide(run.job, new Facts(), now, (unit) => releaseSlot(unit, run, now));
    this.jobs.deleteFinished(run.job);
    return effect;
  }

  annotate(claim: Claim, note: RunNote): void {
    (claim as MemoryRun).note(note);
  }

  listRuns(filter: RunFilter): Run[] {
    return this.runs.select(filter);
  }

  clockSetBack(step: { nowAt: number; stepMs: number }): Pick<ChangeResult, 'recorded' | 'changed'> {
    const facts = new Facts<MemoryRun>();
    for (const job of this.jobs.all())
      this.decide(job, facts, step.nowAt, (unit) => setBackJob(unit, step.stepMs));
    this.runs.setBack(step.stepMs);
    return facts.effects;
  }

  private put({ spec, ifTaken }: JobPut, facts: Facts<MemoryRun>, now: number): BulkPutResult['puts'][0] {
    const present = this.jobs.get(spec.id);
    if (!present) {
      const job = this.jobs.add(spec, now);
      this.decide(job, facts, now, beginJob);
      return { change: 'created', job: this.jobs.view(job) };
    }
    const payloads = { payload: spec.payload, current: present.payload };
    const replace = (unit: MemoryUnit) => replaceJob(unit, spec, payloads);
    let change: PutResult['change'] = ifTaken === 'keep' ? 'kept' : 'taken';
    if (ifTaken === 'replace') change = this.decide(present, facts, now, replace) ? 'changed' : 'same';
    return { change, job: this.jobs.view(present) };
  }

  private decide<T>(job: MemoryJob, facts: Facts<MemoryRun>, now: number, rule: (unit: MemoryUnit) => T): T {
    this.unit.load(job, facts, now);
    try {
      return rule(this.unit);
    } finally {
      this.unit.unload();
    }
  }

  private claimRun(run: MemoryRun, facts: Facts<MemoryRun>, now: number): void {
    this.unit.load(run.job, facts, now);
    const isTaken = takeRun(this.unit, run, this.claimer);
    this.unit.unload();
    this.jobs.deleteFinished(run.job);
    if (!isTaken) this.runs.waiting.setAside(run.waitingHandle!, this.slots!.limitOf(run.policies.group)!);
  }

  private claimTicks(job: MemoryJob, facts: Facts<MemoryRun>, now: number): void {
    this.unit.load(job, facts, now);
    const isTaken = takeTicks(this.unit, this.claimer);
    this.unit.unload();
    if (!isTaken) this.jobs.due.setAside(job.handle, this.slots!.limitOf(job.policies.group)!);
  }

  private completeGone(run: MemoryRun, completion: Completion, slotHeld: boolean): CompletionEffect {
    const { group } = run;
    const effect = completeGone(run, completion, slotHeld);
    if (!slotHeld) this.slots?.giveBack(group);
    this.runs.index(run);
    return effect;
  }

  /** Takes back what was set aside for want of a slot and has one by now. */
  private takeBack(): void {
    if (this.slots === null) return;
    this.jobs.due.takeBack(this.slots.left);
    this.runs.waiting.takeBack(this.slots.left);
  }
}
