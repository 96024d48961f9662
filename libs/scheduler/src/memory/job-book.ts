import {
  editPolicies,
  type Job,
  type JobEdit,
  type JobFilter,
  type JobSpec,
  type OutcomeReason,
  toErrorRecord,
} from '../model/index.js';
import { equalButForTrigger, equalTriggers, oneTick, type TickSpan } from '../rules/index.js';
import type { ChangeResult, JobStateChange, PutResult, RecordedOutcome } from '../ports/index.js';
import { DueQueue } from './due-queue.js';
import { MemoryJob } from './memory-job.js';
import { recordFrom, tickAfter } from './record-ticks.js';
import type { RunBook } from './run-book.js';
import { Slots } from './slots.js';

/** What a change brought about beside itself. */
export type Effects = Pick<ChangeResult, 'recorded' | 'changed'>;

/** All jobs, when each is due, and what changing one does to the ticks that are overdue. */
export class JobBook {
  /** Active jobs by when their next tick is due; paused ones by the end of their pause. */
  readonly due = new DueQueue();
  private readonly jobs = new Map<string, MemoryJob>();
  private readonly slots = new Slots<MemoryJob>();

  constructor(private readonly runs: RunBook) {}

  get(id: string): MemoryJob | null {
    return this.jobs.get(id) ?? null;
  }

  all(): Iterable<MemoryJob> {
    return this.jobs.values();
  }

  list({ state, origin, handler }: JobFilter): Job[] {
    const found: Job[] = [];
    for (const job of this.jobs.values()) {
      if (state !== undefined && state !== job.state) continue;
      if (origin !== undefined && origin !== job.origin) continue;
      if (handler !== undefined && handler !== job.handlerName) continue;
      found.push(this.view(job));
    }
    return found;
  }

  view(job: MemoryJob): Job {
    return job.toJob(this.due.instantOf(job.slot));
  }

  /** The job that is due first. Ask only while there is one. */
  firstDue(): MemoryJob {
    return this.slots.get(this.due.first());
  }

  add(spec: JobSpec, now: number): PutResult {
    const job = this.slots.add((slot) => new MemoryJob(slot, spec.id, spec, now));
    this.jobs.set(job.id, job);
    const changed: JobStateChange[] = [];
    if (spec.disabled) job.state = 'disabled';
    else this.schedule(job, job.trigger.firstAt(now), changed);
    return { change: 'created', job: this.view(job), recorded: [], changed };
  }

  /** The job's next tick is this one; null: it is finished. */
  schedule(job: MemoryJob, tickAt: number | null, changed: JobStateChange[]): void {
    if (tickAt === null || job.runsLeft === 0) {
      this.due.delete(job.slot);
      if (job.state !== 'finished') changed.push({ kind: 'finished', jobId: job.id });
      job.state = 'finished';
      return;
    }
    const delayMs = job.trigger.delayAt(tickAt);
    job.delayedTickAt = delayMs === 0 ? null : tickAt;
    this.due.set(job.slot, tickAt + delayMs);
  }

  /** The tick that the job waits for; null when it waits for none. */
  nextTickAt(job: MemoryJob): number | null {
    return job.delayedTickAt ?? this.due.instantOf(job.slot);
  }

  replace(job: MemoryJob, spec: JobSpec, now: number): PutResult {
    const sameTrigger = job.state !== 'finished' && equalTriggers(job.trigger, spec.trigger);
    const same = sameTrigger && (job.state === 'disabled') === spec.disabled && equalButForTrigger(job, spec);
    const effects: Effects = { recorded: [], changed: [] };
    if (!same) {
      if (job.state === 'paused' && sameTrigger) this.resume(job, now, effects);
      const { trigger, handler, payload, policies, disabled } = spec;
      const edit: JobEdit = { ...(sameTrigger ? {} : { trigger }), handler, payload, policies, disabled };
      this.edit(job, edit, now, effects, true);
      job.origin = spec.origin;
    }
    return { change: same ? 'same' : 'changed', job: this.view(job), ...effects };
  }

  /** @param endsPause a pause ends with the trigger that it was of */
  edit(job: MemoryJob, edit: JobEdit, now: number, effects: Effects, endsPause = false): void {
    const hadRunsLeft = job.runsLeft !== 0;
    job.version++;
    if (edit.handler !== undefined) job.handler = edit.handler;
    if ('payload' in edit) job.payload = edit.payload;
    if (edit.policies !== undefined) job.policies = editPolicies(job.policies, edit.policies);
    const disabled = edit.disabled ?? job.state === 'disabled';
    // What kept it from being computed may be mended.
    const isTriedAgain = job.state === 'parked';
    if (edit.trigger === undefined && disabled === (job.state === 'disabled') && !isTriedAgain) {
      if (edit.policies !== undefined) this.followMaxRuns(job, hadRunsLeft, now, effects);
      return;
    }

    // What is due already belongs to the rule that made it due.
    if (!edit.startsAnew) this.recordOverdue(job, 'skipped', 'edited', now, effects.recorded);
    if (edit.trigger !== undefined) {
      job.trigger = edit.trigger;
      job.lastTickAt = null;
      job.runsStarted = 0;
    }
    job.awaitsRun = false;
    if (disabled) {
      job.state = 'disabled';
      job.pause = null;
      this.due.delete(job.slot);
    } else if (job.pause && !endsPause) {
      job.pause = { ...job.pause, firstTickAt: job.trigger.firstAt(now) };
    } else {
      job.state = 'active';
      job.pause = null;
      job.parkedBecause = null;
      // What a trigger has had is not had again, as by a job that was disabled in between.
      const { trigger, lastTickAt } = job;
      const nextAt = lastTickAt === null ? trigger.firstAt(now) : trigger.nextAt(Math.max(now, lastTickAt));
      this.schedule(job, nextAt, effects.changed);
    }
  }

  pause(
    job: MemoryJob,
    pause: { note: string | null; by: string | null; until: number | null },
    now: number,
  ): void {
    if (job.state !== 'active' && job.state !== 'paused') return;
    job.version++;
    const firstTickAt = job.pause ? job.pause.firstTickAt : this.nextTickAt(job);
    job.pause = { note: pause.note, by: pause.by, until: pause.until, at: now, firstTickAt };
    job.state = 'paused';
    job.delayedTickAt = null;
    if (pause.until === null) this.due.delete(job.slot);
    else this.due.set(job.slot, pause.until);
  }

  /** Goes on with the first tick after `endedAt`; those inside the pause are one skipped span (O5). */
  resume(job: MemoryJob, endedAt: number, effects: Effects): void {
    const firstTickAt = job.pause?.firstTickAt ?? null;
    job.version++;
    job.pause = null;
    job.state = 'active';
    this.due.delete(job.slot);
    if (job.awaitsRun) return;
    const lastTickAt = recordFrom(
      this.runs,
      job,
      firstTickAt,
      'skipped',
      'paused',
      endedAt,
      effects.recorded,
    );
    this.schedule(
      job,
      tickAfter(job, lastTickAt, endedAt) ?? (lastTickAt === null ? firstTickAt : null),
      effects.changed,
    );
  }

  remove(job: MemoryJob, now: number, recorded: RecordedOutcome[]): void {
    this.recordOverdue(job, 'cancelled', 'removed', now, recorded);
    for (const run of this.runs.aliveOf(job)) {
      if (run.state !== 'running') this.runs.endUnstarted(run, 'cancelled', 'removed', now, recorded);
    }
    job.queue = null;
    this.drop(job);
  }

  /** Cannot be computed: it must not stop the others (D5). The tick that showed it has its outcome. */
  park(job: MemoryJob, error: unknown, now: number, { recorded, changed }: Effects): void {
    const tickAt = this.nextTickAt(job);
    if (job.state === 'active' && tickAt !== null && tickAt <= now) {
      const tick = oneTick('missed', 'parked', tickAt);
      this.runs.recordSpan(job, tick, null, now, recorded);
    }
    job.state = 'parked';
    job.parkedBecause = toErrorRecord(error).message;
    this.due.delete(job.slot);
    changed.push({ kind: 'parked', jobId: job.id, error });
  }

  /** The wall clock was set back by `stepMs` to `nowAt` (T1, M4). */
  setBack(job: MemoryJob, nowAt: number, stepMs: number, effects: Effects): void {
    if (job.state === 'parked') return;
    try {
      // What the pause has passed over by the clock before is settled by that clock.
      const { pause } = job;
      const skippedTo =
        pause &&
        recordFrom(this.runs, job, pause.firstTickAt, 'skipped', 'paused', nowAt + stepMs, effects.recorded);
      const tickAt = pause
        ? (tickAfter(job, skippedTo, nowAt + stepMs) ?? pause.firstTickAt)
        : this.nextTickAt(job);
      const { trigger, nextAt, lastTickAt } = job.trigger.afterClockSetBack({
        nowAt,
        stepMs,
        lastTickAt: job.lastTickAt,
        waitingAt: tickAt,
      });
      job.trigger = trigger;
      job.lastTickAt = lastTickAt;
      if (job.awaitsRun) return;
      if (job.pause) job.pause = { ...job.pause, firstTickAt: nextAt };
      else if (job.state === 'active') this.schedule(job, nextAt, effects.changed);
    } catch (error) {
      this.park(job, error, nowAt, effects);
    }
  }

  /** Ticks that fell due and were not claimed yet get this outcome; those inside a pause were skipped by it. */
  recordOverdue(
    job: MemoryJob,
    outcome: TickSpan['outcome'],
    reason: OutcomeReason,
    now: number,
    recorded: RecordedOutcome[],
  ): void {
    if (job.state === 'active')
      recordFrom(this.runs, job, this.nextTickAt(job), outcome, reason, now, recorded);
    if (job.state === 'paused')
      recordFrom(this.runs, job, job.pause?.firstTickAt ?? null, 'skipped', 'paused', now, recorded);
  }

  /** A finished job is kept as long as the history has a row of it. */
  dropFinished(job: MemoryJob): void {
    if (job.state === 'finished' && job.alive === 0 && job.rows === 0) this.drop(job);
  }

  /** A job ends when `maxRuns` is lowered to what it has run, and goes on when it is raised again. */
  private followMaxRuns(job: MemoryJob, hadRunsLeft: boolean, now: number, effects: Effects): void {
    const hasRunsLeft = job.runsLeft !== 0;
    if (hasRunsLeft === hadRunsLeft) return;
    if (job.state === 'active' && !hasRunsLeft) {
      this.recordOverdue(job, 'skipped', 'edited', now, effects.recorded);
      this.schedule(job, null, effects.changed);
    } else if (job.state === 'finished' && hasRunsLeft) {
      const nextAt = job.trigger.nextAt(now);
      if (nextAt === null) return;
      job.state = 'active';
      this.schedule(job, nextAt, effects.changed);
    }
  }

  private drop(job: MemoryJob): void {
    // A job that was removed still has rows; when they go it must not take a newer job of its id along.
    if (job.isGone) return;
    this.due.delete(job.slot);
    this.slots.delete(job.slot);
    this.jobs.delete(job.id);
    job.isGone = true;
  }
}
