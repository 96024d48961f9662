import {
  editPolicies,
  equalButForTrigger,
  equalTriggers,
  type JobEdit,
  type JobSpec,
  oneTick,
  type OutcomeReason,
  type TickSpan,
  toErrorRecord,
} from '@carillon/scheduler/store';
import { newGeneration } from './job-row.js';
import type { JobTurn } from './job-turn.js';
import { readOr, toText } from './json-text.js';
import { UNREADABLE_TRIGGER } from './stored-job.js';
import { policiesToText } from './stored-policies.js';

export interface PauseRequest {
  note: string | null;
  by: string | null;
  until: number | null;
}

export function beginJob(turn: JobTurn): void {
  turn.changed = true;
  if (turn.row.state === 'active') turn.schedule(turn.job.trigger.firstAt(turn.context.now));
}

/** True when that changed anything. The trigger's phase stays where the trigger does (D3). */
export function replaceJob(turn: JobTurn, spec: JobSpec): boolean {
  const { row, job, context } = turn;
  const sameTrigger = row.state !== 'finished' && equalTriggers(job.trigger, spec.trigger);
  const inForce = { handler: row.handler, payload: readOr(row.payload, undefined), policies: job.policies };
  const isSame = sameTrigger && (row.state === 'disabled') === spec.disabled;
  if (isSame && job.unreadable === null && equalButForTrigger(inForce, spec)) return false;
  if (row.state === 'paused' && sameTrigger) resumeJob(turn, context.now);
  const { trigger, handler, payload, policies, disabled } = spec;
  const edit = { ...(sameTrigger ? {} : { trigger }), handler, payload, policies, disabled };
  editJob(turn, edit, true);
  row.origin = spec.origin;
  return true;
}

/** @param endsPause a pause ends with the trigger that it was of */
export function editJob(turn: JobTurn, edit: JobEdit, endsPause = false): void {
  const { row, job, context } = turn;
  const { now } = context;
  const hadRunsLeft = turn.runsLeft !== 0;
  touchVersion(turn);
  if (edit.handler !== undefined) row.handler = edit.handler as string;
  if ('payload' in edit) row.payload = toText(edit.payload);
  if (edit.policies !== undefined || job.unreadable !== null) {
    job.policies = editPolicies(job.policies, edit.policies ?? {});
    row.policies = policiesToText(job.policies);
    row.group_name = job.policies.group;
  }
  const disabled = edit.disabled ?? row.state === 'disabled';
  // What kept it from being computed may be mended.
  const isTriedAgain = row.state === 'parked' && job.trigger !== UNREADABLE_TRIGGER;
  if (edit.trigger === undefined && disabled === (row.state === 'disabled') && !isTriedAgain) {
    if (edit.policies !== undefined) followMaxRuns(turn, hadRunsLeft);
    return;
  }

  // What is due already belongs to the rule that made it due.
  if (!edit.startsAnew) recordOverdue(turn, 'skipped', 'edited');
  if (edit.trigger !== undefined) {
    job.trigger = edit.trigger;
    row.trigger_json = JSON.stringify(edit.trigger);
    row.generation = Math.max(newGeneration(now), row.generation + 1);
    row.last_tick_at = null;
    row.span_id = null;
    row.runs_started = 0;
  }
  row.awaits_run = 0;
  if (disabled) {
    row.state = 'disabled';
    clearPause(turn);
    turn.unschedule();
  } else if (row.state === 'orphaned') {
    turn.unschedule();
  } else if (row.pause_at !== null && !endsPause) {
    row.pause_first_tick = job.trigger.firstAt(now);
  } else {
    activate(turn);
  }
}

export function pauseJob(turn: JobTurn, { note, by, until }: PauseRequest, now = turn.context.now): void {
  const { row } = turn;
  if (row.state !== 'active' && row.state !== 'paused') return;
  touchVersion(turn);
  row.pause_first_tick = row.pause_at !== null ? row.pause_first_tick : row.tick_at;
  row.pause_note = note;
  row.pause_by = by;
  row.pause_until = until;
  row.pause_at = now;
  row.state = 'paused';
  turn.unschedule();
  row.due_at = until;
}

/** Goes on with the first tick after `endedAt`; those inside the pause are one skipped span (O5). */
export function resumeJob(turn: JobTurn, endedAt: number): void {
  const { row, job } = turn;
  const firstTickAt = row.pause_first_tick;
  touchVersion(turn);
  clearPause(turn);
  row.state = 'active';
  turn.unschedule();
  if (job.unreadable !== null) return parkJob(turn, job.unreadable);
  if (row.awaits_run === 1) return;
  const lastTickAt = turn.recordFrom(firstTickAt, 'skipped', 'paused', endedAt);
  if (lastTickAt === null) turn.schedule(firstTickAt);
  else turn.schedule(job.trigger.nextAt(job.trigger.waitsForRun ? endedAt : lastTickAt));
}

/** What is under way ends without its job, and a later job of the id does not count it. */
export function removeJob(turn: JobTurn): void {
  recordOverdue(turn, 'cancelled', 'removed');
  const { now } = turn.context;
  for (const run of [...turn.runs]) {
    if (run.state === 'queued' || run.state === 'waiting')
      turn.endUnstarted(run, 'cancelled', 'removed', now);
  }
  for (const run of turn.runs) {
    run.generation = -Math.abs(run.generation);
    run.followed = 1;
    turn.touch(run);
  }
  turn.removed = true;
}

/** Cannot be read or computed: it must not stop the others (D5). The tick that showed it has its outcome. */
export function parkJob(turn: JobTurn, error: unknown): void {
  const { row, context } = turn;
  if (row.state === 'active' && row.tick_at !== null && row.tick_at <= context.now)
    turn.recordSpan(oneTick('missed', 'parked', row.tick_at), null, context.now);
  turn.edited = true;
  row.state = 'parked';
  row.parked_because = toErrorRecord(error).message;
  row.awaits_run = 0;
  turn.unschedule();
  // Nothing can be made of a row that cannot be read.
  if (turn.job.unreadable !== null) {
    for (const run of [...turn.runs]) {
      if (run.state === 'queued' || run.state === 'waiting')
        turn.endUnstarted(run, 'missed', 'parked', context.now);
    }
  }
  turn.effects.changed.push({ kind: 'parked', jobId: row.id, error });
}

/** The code of no live replica declares it any more (D2). A pause stays, should it be declared again. */
export function orphanJob(turn: JobTurn): void {
  const { row } = turn;
  if (row.state !== 'active' && row.state !== 'paused') return;
  recordOverdue(turn, 'cancelled', 'removed');
  turn.edited = true;
  row.state = 'orphaned';
  row.awaits_run = 0;
  row.pause_first_tick = null;
  row.updated_at = turn.context.now;
  turn.unschedule();
  turn.effects.changed.push({ kind: 'orphaned', jobId: row.id });
}

/** It is declared again: goes on from now. */
export function adoptJob(turn: JobTurn): void {
  const { row, context } = turn;
  if (row.state !== 'orphaned') return;
  if (row.pause_at === null) {
    activate(turn);
  } else {
    row.state = 'paused';
    row.due_at = row.pause_until;
    row.pause_first_tick = nextTick(turn);
  }
  turn.edited = true;
  row.updated_at = context.now;
  row.tzdata = context.tzdata;
  turn.effects.changed.push({ kind: 'added', jobId: row.id });
}

/** Z5: instants that were computed with other time zone data are computed anew. */
export function followZoneData(turn: JobTurn): void {
  const { row, job, context } = turn;
  if (row.tzdata === context.tzdata) return;
  row.tzdata = context.tzdata;
  turn.edited = true;
  if (job.unreadable !== null || job.trigger.waitsForRun) return;
  const afterAt = Math.max(row.last_tick_at ?? 0, row.updated_at);
  const moved = (tickAt: number | null) =>
    tickAt !== null && tickAt > afterAt ? (job.trigger.nextAt(afterAt) ?? tickAt) : tickAt;
  if (row.state === 'paused') row.pause_first_tick = moved(row.pause_first_tick);
  if (row.state !== 'active') return;
  const tickAt = moved(row.tick_at);
  if (tickAt !== row.tick_at) turn.schedule(tickAt);
}

/** Ticks that fell due and were not claimed yet get this outcome; those inside a pause were skipped by it. */
function recordOverdue(turn: JobTurn, outcome: TickSpan['outcome'], reason: OutcomeReason): void {
  const { row, context } = turn;
  if (row.state === 'active') turn.recordFrom(row.tick_at, outcome, reason, context.now);
  if (row.state === 'paused') turn.recordFrom(row.pause_first_tick, 'skipped', 'paused', context.now);
}

/** A job ends when `maxRuns` is lowered to what it has run, and goes on when it is raised again. */
function followMaxRuns(turn: JobTurn, hadRunsLeft: boolean): void {
  const { row, job, context } = turn;
  const hasRunsLeft = turn.runsLeft !== 0;
  if (hasRunsLeft === hadRunsLeft) return;
  if (row.state === 'active' && !hasRunsLeft) {
    recordOverdue(turn, 'skipped', 'edited');
    turn.schedule(null);
  } else if (row.state === 'finished' && hasRunsLeft) {
    const nextAt = job.trigger.nextAt(context.now);
    if (nextAt === null) return;
    row.state = 'active';
    turn.schedule(nextAt);
  }
}

function activate(turn: JobTurn): void {
  const { row } = turn;
  row.state = 'active';
  row.parked_because = null;
  clearPause(turn);
  if (turn.job.trigger === UNREADABLE_TRIGGER) parkJob(turn, turn.job.unreadable);
  else turn.schedule(nextTick(turn));
}

/** What a trigger has had is not had again, as by a job that was disabled in between. */
function nextTick({ row, job, context: { now } }: JobTurn): number | null {
  return row.last_tick_at === null
    ? job.trigger.firstAt(now)
    : job.trigger.nextAt(Math.max(now, row.last_tick_at));
}

function clearPause({ row }: JobTurn): void {
  row.pause_note = null;
  row.pause_by = null;
  row.pause_at = null;
  row.pause_until = null;
  row.pause_first_tick = null;
}

function touchVersion(turn: JobTurn): void {
  turn.edited = true;
  turn.row.version++;
  turn.row.updated_at = turn.context.now;
}
