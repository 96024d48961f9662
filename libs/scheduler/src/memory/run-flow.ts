import {
  type Completion,
  type AttemptResult,
  type Claim,
  keepResult,
  toErrorRecord,
} from '../model/index.js';
import { type DueTicks, findBackfill, placeRun, planTicks, type TickPlan } from '../rules/index.js';
import type {
  BackfillRequest,
  BackfillResult,
  ClaimBatch,
  JobStateChange,
  RecordedOutcome,
  RequestedRun,
  RunRequest,
  CompletionEffect,
} from '../ports/index.js';
import type { Effects, JobBook } from './job-book.js';
import type { MemoryJob } from './memory-job.js';
import type { MemoryRun } from './memory-run.js';
import { noteAttempt } from './note-run.js';
import type { Places } from './places.js';
import { type RunBook, toRecorded } from './run-book.js';
import { RunQueue } from './run-queue.js';

const NOTHING: readonly never[] = [];

/** The way of runs: from due ticks and requests over claims to their outcome. */
export class RunFlow {
  /** What the planner is asked, used again for each tick: it keeps nothing of it. */
  private readonly asked = {} as { -readonly [K in keyof DueTicks]: DueTicks[K] };

  private readonly queue: RunQueue;

  constructor(
    private readonly jobs: JobBook,
    private readonly runs: RunBook,
    private readonly places: Places | null,
  ) {
    this.queue = new RunQueue(jobs, runs);
  }

  request(job: MemoryJob, { payload, now }: RunRequest): RequestedRun {
    const recorded: RecordedOutcome[] = [];
    const cancelled: Claim[] = [];
    const placement = placeRun(job.policies, job.active);
    const run = this.runs.make(job, null, now, payload === undefined ? job.payload : payload);
    if (placement === 'start') this.runs.wait(run, now);
    else if (placement === 'skip') this.runs.endUnstarted(run, 'skipped', 'overlap', now, recorded);
    else this.queue.queueBehind(run, placement, now, recorded, cancelled);
    return { view: () => run.toRun(), recorded, cancelled };
  }

  backfill(job: MemoryJob, request: BackfillRequest): BackfillResult {
    const { instants, leftOut, tooMany } = findBackfill(job.trigger, request, this.runs.startedInstants(job));
    if (!tooMany && !request.dryRun) {
      for (const at of instants) {
        const run = this.runs.make(job, null, request.now, job.payload);
        run.noted.standsForAt = at;
        run.noted.isCatchUp = true;
        this.runs.queue(run);
        this.queue.goOn(job);
      }
    }
    return { count: instants.length, leftOut, tooMany };
  }

  earliestDueAt(): number | null {
    if (this.places !== null) this.takeBack(this.places);
    const at = Math.min(this.jobs.due.earliest() ?? Infinity, this.runs.waiting.earliest() ?? Infinity);
    return at === Infinity ? null : at;
  }

  claimDue(now: number, limit: number): ClaimBatch {
    const none = NOTHING as never[];
    const batch: ClaimBatch = { claims: none, recorded: none, changed: none, cancelled: none, more: false };
    if (this.places !== null) this.takeBack(this.places);
    for (let looked = 0; looked < limit; looked++) {
      // In the order in which they fell due.
      const waitingAt = this.runs.waiting.earliest() ?? Infinity;
      const dueAt = this.jobs.due.earliest() ?? Infinity;
      if (waitingAt > now && dueAt > now) return batch;
      if (waitingAt <= dueAt) this.claimWaiting(this.runs.firstWaiting(), now, batch);
      else this.claimTicks(this.jobs.firstDue(), dueAt, now, batch);
    }
    batch.more = true;
    return batch;
  }

  settle(end: Completion, slotHeld: boolean): CompletionEffect {
    const run = end.claim as MemoryRun;
    if (run.state !== 'running') return 'refused';
    const { result } = end;
    const isLast = run.job.isGone || run.details.isReplaced;
    const retryAt = isLast ? null : end.retryAt;
    const succeeded = result.kind === 'succeeded';
    if (!succeeded || run.details.attempts !== null) {
      run.noted.error = succeeded ? null : toErrorRecord(result.error);
      noteAttempt(run, end);
    }
    if (!slotHeld) this.places?.leave(run.details.group);
    if (retryAt !== null) {
      this.runs.wait(run, retryAt);
      return 'recorded';
    }
    if (succeeded) run.result = keepResult(result.value);
    this.runs.end(run, result.kind, reasonOf(result.kind), end.endedAt);
    const settled = this.queue.countFailure(run.job, result.kind, end.endedAt);
    const finished = !slotHeld && this.queue.freePlace(run, end.endedAt);
    if (finished) return 'finishedJob';
    return settled === 'recorded' && isLast && end.retryAt !== null ? 'withoutRetry' : settled;
  }

  release(run: MemoryRun, now: number): CompletionEffect {
    this.places?.leave(run.details.group);
    return this.queue.freePlace(run, now) ? 'finishedJob' : 'recorded';
  }

  /** What was set aside for want of a place and has one by now. */
  private takeBack(places: Places): void {
    this.jobs.due.takeBack(places.left);
    this.runs.waiting.takeBack(places.left);
  }

  private claimWaiting(run: MemoryRun, now: number, batch: ClaimBatch): void {
    const { misfireGraceMs, group } = run.policies;
    // A retry later than the job's grace is not tried: the last attempt's result is the outcome (O3).
    if (run.attempt > 0 && misfireGraceMs !== null && now - run.dueAt > misfireGraceMs) {
      const { result } = run.details.attempts!.at(-1)!;
      this.runs.stopWaiting(run);
      this.runs.end(run, result, 'misfireGrace', now);
      own(batch, 'recorded').push({ ...toRecorded(run, null), outcome: 'missed' });
      if (this.queue.countFailure(run.job, result, now) === 'pausedJob') {
        own(batch, 'changed').push({ kind: 'paused', jobId: run.jobId });
      }
      if (this.queue.freePlace(run, now)) own(batch, 'changed').push({ kind: 'finished', jobId: run.jobId });
      return;
    }
    const full = this.places === null ? null : this.places.fullFor(group);
    if (full === null) this.begin(run, now, batch);
    else this.runs.waiting.setAside(run.details.waitingSlot!, full);
  }

  private claimTicks(job: MemoryJob, dueAt: number, now: number, batch: ClaimBatch): void {
    try {
      if (job.state === 'paused') {
        // A tick at the very end of the pause is the first one after it.
        own(batch, 'changed').push({ kind: 'resumed', jobId: job.id });
        this.jobs.resume(job, dueAt - 1, effectsOf(batch));
        return;
      }
      const { policies, active } = job;
      // Ticks that would start a run wait for a place; what becomes of the others does not depend on one.
      const full = this.places === null ? null : this.places.fullFor(policies.group);
      if (full !== null && placeRun(policies, active) === 'start')
        return this.jobs.due.setAside(job.slot, full);
      const { asked } = this;
      asked.trigger = job.trigger;
      asked.firstAt = job.delayedTickAt ?? dueAt;
      asked.now = now;
      asked.policies = policies;
      asked.alive = active;
      asked.catchingUp = job.isCatchingUp;
      asked.runsLeft = job.runsLeft;
      this.apply(job, planTicks(asked), now, batch);
    } catch (error) {
      this.jobs.park(job, error, now, effectsOf(batch));
    }
  }

  private apply(job: MemoryJob, plan: TickPlan, now: number, batch: ClaimBatch): void {
    const { startAt, queued, spans } = plan;
    let into: MemoryRun | null = null;
    let lastTickAt = startAt ?? 0;
    if (startAt !== null) {
      into = this.makeTickRun(job, startAt);
      if (queued.length > 0) into.noted.isCatchUp = true;
      this.begin(into, now, batch);
    }
    if (queued.length > 0) {
      lastTickAt = Math.max(lastTickAt, queued.at(-1)!);
      into = this.queueTicks(job, plan, into, now, batch);
    }
    if (spans.length > 0) {
      lastTickAt = Math.max(lastTickAt, spans.at(-1)!.toAt);
      const recorded = own(batch, 'recorded');
      for (const ticks of spans) this.runs.recordSpan(job, ticks, into, now, recorded);
    }
    job.lastTickAt = lastTickAt;
    job.awaitsRun = plan.awaitsRun;
    if (plan.awaitsRun) {
      job.delayedTickAt = null;
      this.jobs.due.delete(job.slot);
      return;
    }
    if (plan.nextAt === null) this.jobs.schedule(job, null, own(batch, 'changed'));
    else this.jobs.schedule(job, plan.nextAt, batch.changed);
  }

  /** Answers the run that coalesced ticks are merged into. */
  private queueTicks(
    job: MemoryJob,
    { queued, placement }: TickPlan,
    into: MemoryRun | null,
    now: number,
    batch: ClaimBatch,
  ): MemoryRun | null {
    const isCatchUp = queued.length > 1 || placement === 'start';
    for (const tickAt of queued) {
      const run = this.makeTickRun(job, tickAt);
      into ??= run;
      run.noted.isCatchUp = isCatchUp;
      if (placement === 'queue' || isCatchUp) this.runs.queue(run);
      else this.queue.queueBehind(run, placement, now, own(batch, 'recorded'), own(batch, 'cancelled'));
    }
    return into;
  }

  private makeTickRun(job: MemoryJob, tickAt: number): MemoryRun {
    job.unstarted++;
    return this.runs.make(job, tickAt, tickAt + job.trigger.delayAt(tickAt), job.payload);
  }

  private begin(run: MemoryRun, now: number, batch: ClaimBatch): void {
    const { job, details } = run;
    if (run.attempt === 0) {
      run.startedAt = now;
      run.latenessMs = now - run.dueAt;
      if (run.scheduledAt !== null) {
        job.unstarted--;
        job.runsStarted++;
      }
    }
    if (details.waitingSlot !== null) this.runs.stopWaiting(run);
    if (details.isCatchUp) job.isCatchingUp = true;
    run.state = 'running';
    run.attempt++;
    if (this.places !== null) {
      const { group } = run.policies;
      if (group !== run.details.group) run.noted.group = group;
      this.places.enter(group);
    }
    if (batch.claims.length === 0) batch.claims = [run];
    else batch.claims.push(run);
  }
}

function reasonOf(result: AttemptResult['kind']): 'shutdown' | 'replaced' | null {
  if (result === 'abandoned') return 'shutdown';
  return result === 'cancelled' ? 'replaced' : null;
}

function effectsOf(batch: ClaimBatch): Effects {
  return { recorded: own(batch, 'recorded'), changed: own(batch, 'changed') };
}

/** The batch's own list of this kind, made when it is first needed. */
function own<K extends 'recorded' | 'changed' | 'cancelled'>(batch: ClaimBatch, kind: K): ClaimBatch[K] {
  const list = batch[kind];
  return (list as readonly unknown[]) === NOTHING
    ? (batch[kind] = [] as (RecordedOutcome & JobStateChange & Claim)[])
    : list;
}
