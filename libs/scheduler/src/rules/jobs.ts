import {
  editPolicies,
  JobIsDeclaredError,
  type JobEdit,
  type JobSpec,
  type PauseRequest,
  toErrorRecord,
} from '../model/index.js';
import type { JobChange } from '../ports/index.js';
import { equalButForTrigger, equalTriggers } from './equal-declarations.js';
import { oneTick } from './plan-ticks.js';
import { newGeneration, type RunRecord } from './records.js';
import { UNREADABLE_TRIGGER, type Unit } from './unit.js';

/** A change in the form that the store keeps: `payload` is written as given. */
export interface StoredEdit extends Omit<JobEdit, 'payload'> {
  readonly payload?: unknown;
}

/** Schedules the first tick of a job that is added now. */
export function beginJob(unit: Unit): void {
  if (unit.job.state === 'active') unit.schedule(unit.job.trigger.firstAt(unit.now));
}

/** One verb of a user on one job. @param payload the edit's payload in the store's form */
export function changeJob(unit: Unit, change: JobChange, payload: (edit: JobEdit) => unknown): void {
  switch (change.kind) {
    case 'edit':
      return editJob(unit, storedEdit(change.edit, payload));
    case 'pause':
      return pauseJob(unit, change);
    case 'resume':
      if (unit.job.state !== 'paused') return;
      unit.facts.change({ kind: 'resumed', jobId: unit.job.id });
      return resumeJob(unit, unit.now);
    case 'remove':
      refuseDeclared(unit);
      return removeJob(unit);
    default:
      change satisfies never;
  }
}

function storedEdit(edit: JobEdit, payload: (edit: JobEdit) => unknown): StoredEdit {
  return 'payload' in edit ? { ...edit, payload: payload(edit) } : (edit as StoredEdit);
}

/**
 * Makes the job what the spec asks for. A trigger that stays keeps its phase, and its overdue ticks (D3).
 *
 * @param payload of the spec, in the store's form @param current the job's payload as a value
 * @returns true when that changed anything
 */
export function replaceJob(
  unit: Unit,
  spec: JobSpec,
  { payload, current }: { payload: unknown; current: JobSpec['payload'] },
): boolean {
  const { job, now } = unit;
  const sameTrigger = job.state !== 'finished' && equalTriggers(job.trigger, spec.trigger);
  const isSame = sameTrigger && (job.state === 'disabled') === spec.disabled;
  const inForce = { handler: job.handler, payload: current, policies: job.policies };
  if (isSame && unit.unreadable === null && equalButForTrigger(inForce, spec)) return false;
  if (job.state === 'paused' && sameTrigger) resumeJob(unit, now);
  const { trigger, handler, policies, disabled } = spec;
  editJob(unit, { ...(sameTrigger ? {} : { trigger }), handler, payload, policies, disabled }, true);
  job.origin = spec.origin;
  return true;
}

/** @param endsPause a new trigger ends the pause that its predecessor was in */
export function editJob(unit: Unit, edit: StoredEdit, endsPause = false): void {
  const { job, now } = unit;
  const hadRunsLeft = unit.runsLeft !== 0;
  noteEdit(unit);
  if (edit.handler !== undefined) job.handler = edit.handler;
  if ('payload' in edit) job.payload = edit.payload;
  if (edit.policies !== undefined || unit.unreadable !== null)
    job.policies = editPolicies(job.policies, edit.policies ?? {});
  const disabled = edit.disabled ?? job.state === 'disabled';
  // The edit may have mended what kept a parked job from being computed.
  const isTriedAgain = job.state === 'parked' && job.trigger !== UNREADABLE_TRIGGER;
  if (edit.trigger === undefined && disabled === (job.state === 'disabled') && !isTriedAgain) {
    if (edit.policies !== undefined) followMaxRuns(unit, hadRunsLeft);
    return;
  }

  // Overdue ticks belong to the trigger that made them due.
  if (!edit.startsAnew) unit.recordOverdue('skipped', 'edited');
  if (edit.trigger !== undefined) {
    job.trigger = edit.trigger;
    job.generation = Math.max(newGeneration(now), job.generation + 1);
    job.lastTickAt = null;
    job.span = null;
    job.runsStarted = 0;
  }
  job.awaitsRun = false;
  if (disabled) {
    job.state = 'disabled';
    job.pause = null;
    unit.unschedule();
  } else if (job.state === 'orphaned') {
    unit.unschedule();
  } else if (job.pause && !endsPause) {
    // Also a job that was parked in its pause.
    job.state = 'paused';
    job.parkedBecause = null;
    job.pause = { ...job.pause, firstTickAt: job.trigger.firstAt(now) };
    unit.setDue(null, job.pause.until);
  } else {
    activate(unit);
  }
}

export function pauseJob(unit: Unit, { note, by, until }: PauseRequest, now: number = unit.now): void {
  const { job } = unit;
  if (job.state !== 'active' && job.state !== 'paused') return;
  noteEdit(unit);
  const firstTickAt = job.pause ? job.pause.firstTickAt : job.nextTickAt;
  job.pause = { note, by, at: now, until, firstTickAt };
  job.state = 'paused';
  unit.setDue(null, until);
}

/** Goes on with the first tick after `endedAt`; those inside the pause are one skipped span (O5). */
export function resumeJob(unit: Unit, endedAt: number): void {
  const { job } = unit;
  const firstTickAt = job.pause?.firstTickAt ?? null;
  noteEdit(unit);
  job.pause = null;
  job.state = 'active';
  unit.unschedule();
  if (unit.unreadable !== null) return parkJob(unit, unit.unreadable);
  if (job.awaitsRun) return;
  const lastTickAt = unit.recordFrom(firstTickAt, 'skipped', 'paused', endedAt);
  if (lastTickAt === null) unit.schedule(firstTickAt);
  else unit.schedule(job.trigger.nextAt(job.trigger.waitsForRun ? endedAt : lastTickAt));
}

/** The next start would declare it again. @throws JobIsDeclaredError */
function refuseDeclared({ job }: Unit): void {
  if (job.origin === 'declared' && job.state !== 'orphaned') throw new JobIsDeclaredError(job.id);
}

/** Ends what has not begun. Runs at work end without the job, and a later job of the id does not count them. */
export function removeJob<Run extends RunRecord>(unit: Unit<Run>): void {
  unit.recordOverdue('cancelled', 'removed');
  endUnstartedRuns(unit, 'cancelled', 'removed');
  for (const run of unit.runs.list) {
    run.jobIsGone = true;
    run.completesWithJob = true;
    unit.touch(run);
  }
  unit.removed = true;
}

/** Keeps a job that cannot be read or computed from stopping the others (D5). The overdue tick has its outcome. */
export function parkJob(unit: Unit, error: unknown): void {
  const { job, now } = unit;
  if (job.state === 'active' && job.nextTickAt !== null && job.nextTickAt <= now)
    unit.recordSpan(oneTick('missed', 'parked', job.nextTickAt), null, now);
  job.state = 'parked';
  job.parkedBecause = toErrorRecord(error).message;
  job.awaitsRun = false;
  unit.unschedule();
  if (unit.unreadable !== null) endUnstartedRuns(unit, 'missed', 'parked');
  unit.facts.change({ kind: 'parked', jobId: job.id, error });
}

/** Keeps a job that the code of no live replica declares, and makes no ticks (D2). A pause outlasts that. */
export function orphanJob(unit: Unit): void {
  const { job, now } = unit;
  if (job.state !== 'active' && job.state !== 'paused') return;
  unit.recordOverdue('cancelled', 'orphaned');
  job.state = 'orphaned';
  job.awaitsRun = false;
  if (job.pause) job.pause = { ...job.pause, firstTickAt: null };
  job.updatedAt = now;
  unit.unschedule();
  unit.facts.change({ kind: 'orphaned', jobId: job.id });
}

/** Lets an orphan that is declared again go on from now. */
export function adoptJob(unit: Unit): void {
  const { job, now } = unit;
  if (job.state !== 'orphaned') return;
  if (job.pause === null) activate(unit);
  else {
    job.state = 'paused';
    job.pause = { ...job.pause, firstTickAt: nextTick(unit) };
    unit.setDue(null, job.pause.until);
  }
  job.updatedAt = now;
  job.zoneVersion = unit.zoneVersion;
  unit.facts.change({ kind: 'added', jobId: job.id });
}

/** Moves a job of a store that forgets with the wall clock, which was set back by `stepMs` to `now` (T1, M4). */
export function setBackJob(unit: Unit, stepMs: number): void {
  const { job, now } = unit;
  if (job.state === 'parked') return;
  try {
    const { pause } = job;
    // The clock that showed the ticks of the pause decides them.
    const skippedTo = pause && unit.recordFrom(pause.firstTickAt, 'skipped', 'paused', now + stepMs);
    const waitingAt = pause
      ? skippedTo === null
        ? pause.firstTickAt
        : job.trigger.nextAt(job.trigger.waitsForRun ? now + stepMs : skippedTo)
      : job.nextTickAt;
    const { trigger, nextAt, lastTickAt } = job.trigger.afterClockSetBack({
      nowAt: now,
      stepMs,
      lastTickAt: job.lastTickAt,
      waitingAt,
    });
    job.trigger = trigger;
    job.lastTickAt = lastTickAt;
    // Ticks by the new clock may come again: they get a span of their own.
    job.span = null;
    if (job.awaitsRun) return;
    if (job.pause) job.pause = { ...job.pause, firstTickAt: nextAt };
    else if (job.state === 'active') unit.schedule(nextAt);
  } catch (error) {
    parkJob(unit, error);
  }
}

/** Ends what waits in a store that forgets, whose process stops. */
export function forgetJob<Run extends RunRecord>(unit: Unit<Run>): void {
  endUnstartedRuns(unit, 'abandoned', 'shutdown');
  unit.recordOverdue('missed', 'shutdown');
}

function endUnstartedRuns<Run extends RunRecord>(
  unit: Unit<Run>,
  outcome: 'cancelled' | 'missed' | 'abandoned',
  reason: 'removed' | 'parked' | 'shutdown',
): void {
  for (const run of [...unit.runs.list]) {
    if (run.state === 'queued' || run.state === 'waiting') unit.endUnstarted(run, outcome, reason, unit.now);
  }
}

/** Finishes a job whose `maxRuns` is lowered to the runs it has had, and lets it go on when it is raised again. */
function followMaxRuns(unit: Unit, hadRunsLeft: boolean): void {
  const { job, now } = unit;
  const hasRunsLeft = unit.runsLeft !== 0;
  if (hasRunsLeft === hadRunsLeft) return;
  if (job.state === 'active' && !hasRunsLeft) {
    unit.recordOverdue('skipped', 'edited');
    unit.schedule(null);
  } else if (job.state === 'finished' && hasRunsLeft) {
    const nextAt = job.trigger.nextAt(now);
    if (nextAt === null) return;
    job.state = 'active';
    unit.schedule(nextAt);
  }
}

function activate(unit: Unit): void {
  const { job } = unit;
  job.state = 'active';
  job.parkedBecause = null;
  job.pause = null;
  if (job.trigger === UNREADABLE_TRIGGER) parkJob(unit, unit.unreadable);
  else unit.schedule(nextTick(unit));
}

/** Never a tick at or before `lastTickAt`, for example after disable and enable. */
function nextTick({ job, now }: Unit): number | null {
  const { trigger, lastTickAt } = job;
  return lastTickAt === null ? trigger.firstAt(now) : trigger.nextAt(Math.max(now, lastTickAt));
}

function noteEdit({ job, now }: Unit): void {
  job.version++;
  job.updatedAt = now;
}
