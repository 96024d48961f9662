import {
  type AttemptEnd,
  type Claim,
  type IfTaken,
  type Job,
  type JobEdit,
  type JobFilter,
  type JobSpec,
  type JsonValue,
  type OutcomeReason,
  type Run,
  type RunFilter,
  toErrorRecord,
} from '../model/index.js';
import { firstDueAt, mayStart, planTicks, span, type TickPlan, type TickSpan } from '../planning/index.js';
import type {
  ChangeResult,
  ClaimBatch,
  ClaimRequest,
  JobChange,
  JobStateChange,
  PutResult,
  RecordedOutcome,
  RunRequest,
  Store,
} from '../ports/index.js';
import { InstantQueue } from '../timing/index.js';
import { History, type HistoryLimits } from './history.js';
import { MemoryJob } from './memory-job.js';
import { MemoryRun } from './memory-run.js';
import { RunList } from './run-list.js';
import { selectRuns } from './select-runs.js';
import { Slots } from './slots.js';

const NOTHING: readonly never[] = [];

/** The store that needs nothing. Every verb answers at once; nothing survives the process. */
export class MemoryStore implements Store {
  readonly durable = false;
  readonly clustered = false;

  private readonly jobs = new Map<string, MemoryJob>();
  private readonly slots = new Slots<MemoryJob>();
  /** Active jobs by their next tick; paused ones by the end of their pause. */
  private readonly due = new InstantQueue();
  private readonly alive = new RunList();
  private readonly waitingRuns = new Slots<MemoryRun>();
  private readonly waiting = new InstantQueue();
  private readonly history: History;
  private runsMade = 0;

  constructor(
    limits: HistoryLimits,
    /** Begins every run id, so that ids of two processes differ. */
    private readonly runIdPrefix = 'run-',
  ) {
    this.history = new History(limits, (job) => this.dropFinished(job));
  }

  open(): void {}

  close(now: number): RecordedOutcome[] {
    const recorded: RecordedOutcome[] = [];
    for (const run of [...this.alive]) {
      if (run.state !== 'running') this.endUnstarted(run, 'abandoned', 'shutdown', now, recorded);
    }
    for (const job of this.jobs.values()) this.recordOverdue(job, 'missed', 'shutdown', now, recorded);
    this.due.clear();
    this.waiting.clear();
    return recorded;
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, now: number): PutResult {
    const present = this.jobs.get(spec.id);
    if (!present) {
      const job = this.slots.add((slot) => new MemoryJob(slot, spec.id, spec, now));
      this.jobs.set(job.id, job);
      if (spec.disabled) job.state = 'disabled';
      else this.schedule(job, firstDueAt(job.trigger, now));
      return { change: 'created', job: this.view(job), recorded: [] };
    }
    if (ifTaken === 'error') return { change: 'taken', job: this.view(present), recorded: [] };
    if (ifTaken === 'keep') return { change: 'kept', job: this.view(present), recorded: [] };
    return this.replace(present, spec, now);
  }

  private replace(job: MemoryJob, spec: JobSpec, now: number): PutResult {
    const sameTrigger = job.state !== 'finished' && equalAsJson(job.trigger, spec.trigger);
    const same =
      sameTrigger &&
      job.handler === spec.handler &&
      (job.state === 'disabled') === spec.disabled &&
      equalAsJson(job.payload, spec.payload) &&
      equalAsJson(job.policies, spec.policies);
    const recorded: RecordedOutcome[] = [];
    if (!same) {
      if (job.state === 'paused') this.resume(job, now, recorded);
      const { trigger, handler, payload, policies, disabled } = spec;
      this.edit(job, { ...(sameTrigger ? {} : { trigger }), handler, payload, policies, disabled }, now, recorded);
      job.origin = spec.origin;
    }
    return { change: same ? 'same' : 'changed', job: this.view(job), recorded };
  }

  getJob(id: string): Job | null {
    const job = this.jobs.get(id);
    return job ? this.view(job) : null;
  }

  listJobs(filter: JobFilter): Job[] {
    const found: Job[] = [];
    for (const job of this.jobs.values()) {
      if (filter.state !== undefined && filter.state !== job.state) continue;
      if (filter.origin !== undefined && filter.origin !== job.origin) continue;
      if (filter.handler !== undefined && filter.handler !== job.handler) continue;
      found.push(this.view(job));
    }
    return found;
  }

  changeJob(id: string, change: JobChange, now: number): ChangeResult | null {
    const job = this.jobs.get(id);
    if (!job) return null;
    const recorded: RecordedOutcome[] = [];
    switch (change.kind) {
      case 'edit':
        this.edit(job, change.edit, now, recorded);
        break;
      case 'pause':
        this.pause(job, change, now);
        break;
      case 'resume':
        if (job.state === 'paused') this.resume(job, now, recorded);
        break;
      case 'remove':
        this.remove(job, now, recorded);
        break;
      default:
        return change satisfies never;
    }
    return { job: this.view(job), recorded };
  }

  requestRun({ jobId, payload, now }: RunRequest): { run: Run; recorded: RecordedOutcome[] } | null {
    const job = this.jobs.get(jobId);
    if (!job) return null;
    const recorded: RecordedOutcome[] = [];
    const startable = mayStart(job.policies, job.alive);
    const run = this.makeRun(job, null, now, payload === undefined ? job.payload : payload);
    if (startable) this.wait(run, now);
    else this.endUnstarted(run, 'skipped', 'overlap', now, recorded);
    return { run: run.toRun(), recorded };
  }

  earliestDueAt(): number | null {
    const dueAt = this.due.earliest();
    const waitingAt = this.waiting.earliest();
    if (dueAt === null || waitingAt === null) return dueAt ?? waitingAt;
    return Math.min(dueAt, waitingAt);
  }

  claimDue({ now, limit }: ClaimRequest): ClaimBatch {
    const batch: ClaimBatch = { claims: [], recorded: NOTHING as never[], changed: NOTHING as never[], more: false };
    for (let taken = 0; taken < limit; taken++) {
      const waitingAt = this.waiting.earliest();
      if (waitingAt !== null && waitingAt <= now) {
        this.begin(this.waitingRuns.get(this.waiting.first()), batch);
        continue;
      }
      const dueAt = this.due.earliest();
      if (dueAt === null || dueAt > now) return batch;
      this.claimTicks(this.slots.get(this.due.first()), dueAt, now, batch);
    }
    const nextAt = this.earliestDueAt();
    batch.more = nextAt !== null && nextAt <= now;
    return batch;
  }

  settle(end: AttemptEnd, placeHeld: boolean): boolean {
    const run = end.claim as MemoryRun;
    if (run.state !== 'running') return false;
    run.startedAt ??= end.startedAt;
    run.latenessMs ??= Math.max(0, end.startedAt - run.dueAt);
    const { result } = end;
    run.error = result.kind === 'succeeded' ? null : toErrorRecord(result.error);
    if (end.retryAt !== null || run.attempts !== null || result.kind !== 'succeeded') {
      (run.attempts ??= []).push({
        attempt: run.attempt,
        result: result.kind,
        startedAt: new Date(end.startedAt),
        endedAt: new Date(end.endedAt),
        error: run.error,
      });
    }
    if (end.retryAt !== null) {
      this.wait(run, end.retryAt);
      return true;
    }
    this.end(run, result.kind, result.kind === 'abandoned' ? 'shutdown' : null, end.endedAt);
    if (!placeHeld) this.freePlace(run.job);
    return true;
  }

  release(claim: Claim): void {
    this.freePlace((claim as MemoryRun).job);
  }

  listRuns(filter: RunFilter): Run[] {
    return selectRuns([...this.alive, ...this.history], filter, this.runIdPrefix);
  }

  clockSetBack({ nowAt, stepMs }: { nowAt: number; stepMs: number }): void {
    for (const job of this.jobs.values()) {
      if (job.state === 'active') this.setBack(job, nowAt, stepMs);
    }
    for (const run of this.alive) {
      if (run.state === 'waiting') this.wait(run, run.dueAt - stepMs);
    }
  }

  private setBack(job: MemoryJob, nowAt: number, stepMs: number): void {
    const dueAt = this.due.instantOf(job.slot);
    const { trigger, nextAt } = job.trigger.afterClockSetBack({ nowAt, stepMs, lastTickAt: job.lastTickAt });
    // A moved anchor carries the tick that waits along, even if it is due already.
    const anchorMoved = trigger !== job.trigger;
    if (anchorMoved && job.lastTickAt !== null) job.lastTickAt -= stepMs;
    job.trigger = trigger;
    this.schedule(job, anchorMoved && dueAt !== null ? dueAt - stepMs : nextAt);
  }

  private claimTicks(job: MemoryJob, dueAt: number, now: number, batch: ClaimBatch): void {
    try {
      if (job.state === 'paused') {
        // A tick at the very end of the pause is the first one after it.
        this.resume(job, dueAt - 1, own(batch, 'recorded'));
        own(batch, 'changed').push({ kind: 'resumed', jobId: job.id });
        return;
      }
      const { trigger, policies, alive, runsLeft } = job;
      this.apply(job, planTicks({ trigger, firstAt: dueAt, now, policies, alive, runsLeft }), now, batch);
    } catch (error) {
      // One job that cannot be computed must not stop the others (D5).
      job.state = 'parked';
      job.parkedBecause = toErrorRecord(error).message;
      this.due.delete(job.slot);
      own(batch, 'changed').push({ kind: 'parked', jobId: job.id, error });
    }
  }

  private apply(job: MemoryJob, plan: TickPlan, now: number, batch: ClaimBatch): void {
    let into: MemoryRun | null = null;
    if (plan.startAt !== null) {
      into = this.makeRun(job, plan.startAt, plan.startAt, job.payload);
      job.runsStarted++;
      this.begin(into, batch);
    }
    for (const tickAt of plan.queued) {
      job.runsStarted++;
      const run = this.makeRun(job, tickAt, tickAt, job.payload);
      run.state = 'queued';
      (job.queue ??= []).push(run);
    }
    if (plan.spans.length > 0) {
      const recorded = own(batch, 'recorded');
      for (const ticks of plan.spans) this.recordSpan(job, ticks, into, now, recorded);
    }
    job.lastTickAt = Math.max(plan.startAt ?? 0, plan.queued.at(-1) ?? 0, plan.spans.at(-1)?.toAt ?? 0);
    this.schedule(job, plan.nextAt);
    if (plan.nextAt === null) own(batch, 'changed').push({ kind: 'finished', jobId: job.id });
  }

  private makeRun(job: MemoryJob, scheduledAt: number | null, dueAt: number, payload: JsonValue | undefined): MemoryRun {
    const run = new MemoryRun(this.runIdPrefix, ++this.runsMade, job, scheduledAt, payload, dueAt);
    job.alive++;
    this.alive.add(run);
    return run;
  }

  private begin(run: MemoryRun, batch: ClaimBatch): void {
    this.stopWaiting(run);
    run.state = 'running';
    run.attempt++;
    batch.claims.push(run);
  }

  private wait(run: MemoryRun, until: number): void {
    run.state = 'waiting';
    run.dueAt = until;
    if (run.waitingSlot === null) {
      this.waitingRuns.add((slot) => {
        run.waitingSlot = slot;
        return run;
      });
    }
    this.waiting.set(run.waitingSlot!, until);
  }

  private stopWaiting(run: MemoryRun): void {
    if (run.waitingSlot === null) return;
    this.waiting.delete(run.waitingSlot);
    this.waitingRuns.delete(run.waitingSlot);
    run.waitingSlot = null;
  }

  /** Moves a run from the alive ones to the history. */
  private end(run: MemoryRun, outcome: Run['outcome'], reason: OutcomeReason | null, now: number): void {
    run.state = 'ended';
    run.outcome = outcome;
    run.reason = reason;
    run.endedAt = now;
    this.alive.remove(run);
    this.history.add(run);
  }

  /** The job has a place less in use: what is queued behind goes on. */
  private freePlace(job: MemoryJob): void {
    job.alive--;
    const next = job.queue?.shift();
    if (next) this.wait(next, next.dueAt);
    if (job.queue?.length === 0) job.queue = null;
    this.dropFinished(job);
  }

  private endUnstarted(
    run: MemoryRun,
    outcome: RecordedOutcome['outcome'],
    reason: OutcomeReason,
    now: number,
    recorded: RecordedOutcome[],
  ): void {
    this.stopWaiting(run);
    run.job.alive--;
    this.end(run, outcome, reason, now);
    recorded.push(toRecorded(run, null));
  }

  private recordSpan(job: MemoryJob, ticks: TickSpan, into: MemoryRun | null, now: number, recorded: RecordedOutcome[]): void {
    const row = new MemoryRun(this.runIdPrefix, ++this.runsMade, job, ticks.fromAt, undefined, ticks.fromAt);
    row.state = 'ended';
    row.outcome = ticks.outcome;
    row.reason = ticks.reason;
    row.endedAt = now;
    row.count = ticks.count;
    row.scheduledUntil = ticks.toAt === ticks.fromAt ? null : ticks.toAt;
    const fact = toRecorded(row, into);
    if (into) into.coalesced += ticks.outcome === 'coalesced' ? ticks.count : 0;
    const kept = this.history.add(row, job.lastTickAt);
    recorded.push(kept === row ? fact : { ...fact, runId: kept.runId });
    job.lastTickAt = ticks.toAt;
  }

  /** Ticks that fell due and were not claimed yet get this outcome; those inside a pause were skipped by it. */
  private recordOverdue(job: MemoryJob, outcome: TickSpan['outcome'], reason: OutcomeReason, now: number, recorded: RecordedOutcome[]): void {
    if (job.state === 'active') this.recordFrom(job, this.due.instantOf(job.slot), outcome, reason, now, recorded);
    if (job.state === 'paused') this.recordFrom(job, job.pause?.firstTickAt ?? null, 'skipped', 'paused', now, recorded);
  }

  /** The job's ticks in [firstAt, untilAt] get this outcome, in one span; answers the last of them, null when there is none. */
  private recordFrom(
    job: MemoryJob,
    firstAt: number | null,
    outcome: TickSpan['outcome'],
    reason: OutcomeReason,
    untilAt: number,
    recorded: RecordedOutcome[],
  ): number | null {
    if (firstAt === null || firstAt > untilAt) return null;
    const lastAt = job.trigger.prevAt(untilAt + 1) ?? firstAt;
    this.recordSpan(job, span(job.trigger, outcome, reason, firstAt, lastAt), null, untilAt, recorded);
    return lastAt;
  }

  private schedule(job: MemoryJob, nextAt: number | null): void {
    if (nextAt === null) {
      this.due.delete(job.slot);
      job.state = 'finished';
    } else {
      this.due.set(job.slot, nextAt);
    }
  }

  private edit(job: MemoryJob, edit: JobEdit, now: number, recorded: RecordedOutcome[]): void {
    job.version++;
    if (edit.handler !== undefined) job.handler = edit.handler;
    if ('payload' in edit) job.payload = edit.payload;
    if (edit.policies !== undefined) job.policies = edit.policies;
    const disabled = edit.disabled ?? job.state === 'disabled';
    if (edit.trigger === undefined && disabled === (job.state === 'disabled')) return;

    // What is due already belongs to the rule that made it due.
    this.recordOverdue(job, 'skipped', 'edited', now, recorded);
    if (edit.trigger !== undefined) {
      job.trigger = edit.trigger;
      job.lastTickAt = null;
      job.runsStarted = 0;
    }
    if (disabled) {
      job.state = 'disabled';
      job.pause = null;
      this.due.delete(job.slot);
    } else if (job.state === 'paused' && job.pause) {
      job.pause = { ...job.pause, firstTickAt: firstDueAt(job.trigger, now) };
    } else {
      job.state = 'active';
      job.parkedBecause = null;
      this.schedule(job, firstDueAt(job.trigger, now));
    }
  }

  private pause(job: MemoryJob, change: Extract<JobChange, { kind: 'pause' }>, now: number): void {
    if (job.state !== 'active' && job.state !== 'paused') return;
    job.version++;
    const firstTickAt = job.pause ? job.pause.firstTickAt : this.due.instantOf(job.slot);
    job.pause = { note: change.note, by: change.by, until: change.until, at: now, firstTickAt };
    job.state = 'paused';
    if (change.until === null) this.due.delete(job.slot);
    else this.due.set(job.slot, change.until);
  }

  /** Goes on with the first tick after `endedAt`; those inside the pause are one skipped span (O5). */
  private resume(job: MemoryJob, endedAt: number, recorded: RecordedOutcome[]): void {
    const firstTickAt = job.pause?.firstTickAt ?? null;
    job.version++;
    job.pause = null;
    job.state = 'active';
    const lastTickAt = this.recordFrom(job, firstTickAt, 'skipped', 'paused', endedAt, recorded);
    this.schedule(job, lastTickAt === null ? firstTickAt : job.trigger.nextAt(lastTickAt));
  }

  private remove(job: MemoryJob, now: number, recorded: RecordedOutcome[]): void {
    this.recordOverdue(job, 'cancelled', 'removed', now, recorded);
    for (const run of [...this.alive]) {
      if (run.job === job && run.state !== 'running') this.endUnstarted(run, 'cancelled', 'removed', now, recorded);
    }
    job.queue = null;
    this.drop(job);
  }

  private drop(job: MemoryJob): void {
    // A job that was removed still has rows; when they go it must not take a newer job of its id along.
    if (this.jobs.get(job.id) !== job) return;
    this.due.delete(job.slot);
    this.slots.delete(job.slot);
    this.jobs.delete(job.id);
  }

  /** A finished job is kept as long as the history has a row of it. */
  private dropFinished(job: MemoryJob): void {
    if (job.state === 'finished' && job.alive === 0 && job.rows === 0) this.drop(job);
  }

  private view(job: MemoryJob): Job {
    return job.toJob(this.due.instantOf(job.slot));
  }
}

function equalAsJson(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** The batch's own list of this kind, made when it is first needed. */
function own<K extends 'recorded' | 'changed'>(batch: ClaimBatch, kind: K): ClaimBatch[K] {
  const list = batch[kind];
  return (list as readonly unknown[]) === NOTHING ? (batch[kind] = [] as (RecordedOutcome & JobStateChange)[]) : list;
}

function toRecorded(run: MemoryRun, into: MemoryRun | null): RecordedOutcome {
  return {
    jobId: run.jobId,
    runId: run.runId,
    outcome: run.outcome as RecordedOutcome['outcome'],
    reason: run.reason!,
    scheduledAt: run.scheduledAt,
    scheduledUntil: run.scheduledUntil ?? run.scheduledAt,
    count: run.count,
    attempt: run.attempt,
    into: run.outcome === 'coalesced' && into ? into.runId : null,
  };
}
