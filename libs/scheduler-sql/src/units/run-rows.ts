import {
  type AttemptRecord,
  type ErrorRecord,
  type KeptLogLine,
  type KeptResult,
  type Notes,
  type Outcome,
  type OutcomeReason,
  type Run,
  type RunProgress,
  type RunRecord,
  viewRun,
} from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import { readJsonOr } from './json.js';

/** A run that was loaded: its handler's notes are not the rules' concern, and come along. */
export interface LoadedRun extends RunRecord {
  readonly notes: Pick<RunTable, 'progress' | 'log'>;
}

/** Columns of a run that rules may change. */
type ChangingColumn = Exclude<
  keyof RunTable,
  'id' | 'job_id' | 'scheduled_at' | 'stands_for' | 'instant' | 'payload' | 'progress' | 'log'
>;

export function toRunRecord(row: RunTable): LoadedRun {
  return {
    id: row.id,
    jobId: row.job_id,
    generation: Math.abs(row.generation),
    scheduledAt: row.scheduled_at,
    scheduledUntil: row.scheduled_until,
    standsForAt: row.stands_for,
    count: row.count,
    countIsAtLeast: row.count_at_least === 1,
    coalesced: row.coalesced,
    state: row.state,
    outcome: row.outcome as Outcome | null,
    reason: row.reason as OutcomeReason | null,
    attempt: row.attempt,
    lostAttempts: row.lost_attempts,
    token: row.token,
    dueAt: row.due_at,
    catchesUp: row.catches_up === 1,
    isReplaced: row.replaced === 1,
    holdsSlot: row.holds_slot === 1,
    group: row.group_name,
    holder: row.holder,
    leaseUntil: row.lease_until,
    jobIsGone: row.generation < 0,
    completesWithJob: row.completes_with_job === 1,
    payload: row.payload,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    latenessMs: row.lateness_ms,
    error: readJsonOr<ErrorRecord | null>(row.error, null),
    result: readJsonOr<KeptResult | null>(row.result, null),
    attempts: readAttempts(row.attempts),
    notes: { progress: row.progress, log: row.log },
  };
}

/** The columns that rules may change. */
export function toRunChange(run: RunRecord): Pick<RunTable, ChangingColumn> {
  return {
    generation: run.jobIsGone ? -run.generation : run.generation,
    scheduled_until: run.scheduledUntil,
    count: run.count,
    count_at_least: run.countIsAtLeast ? 1 : 0,
    coalesced: run.coalesced,
    state: run.state,
    outcome: run.outcome,
    reason: run.reason,
    attempt: run.attempt,
    lost_attempts: run.lostAttempts,
    token: run.token,
    live: run.state === 'ended' && !run.holdsSlot ? 0 : 1,
    completes_with_job: run.completesWithJob ? 1 : 0,
    due_at: run.dueAt,
    catches_up: run.catchesUp ? 1 : 0,
    replaced: run.isReplaced ? 1 : 0,
    holds_slot: run.holdsSlot ? 1 : 0,
    group_name: run.group,
    holder: run.holder,
    lease_until: run.leaseUntil,
    started_at: run.startedAt,
    ended_at: run.endedAt,
    lateness_ms: run.latenessMs,
    error: run.error && JSON.stringify(run.error),
    result: run.result && JSON.stringify(run.result),
    attempts: run.attempts && JSON.stringify(run.attempts),
  };
}

/** The whole row of a run that is made now. */
export function toRunRow(run: RunRecord): RunTable {
  return {
    id: run.id,
    job_id: run.jobId,
    scheduled_at: run.scheduledAt,
    stands_for: run.standsForAt,
    payload: (run.payload as string | null | undefined) ?? null,
    instant: run.scheduledAt ?? run.standsForAt ?? run.dueAt,
    progress: null,
    log: null,
    ...toRunChange(run),
  };
}

export function viewStoredRun(row: RunTable): Run {
  const { progress, log } = readNotes(row);
  return viewRun(toRunRecord(row), progress, log ?? []);
}

/** The notes of the attempts before. A run that is made now has none. */
export function notesOf(run: RunRecord): Notes {
  const { notes } = run as Partial<LoadedRun>;
  return notes === undefined ? NO_NOTES : readNotes(notes);
}

export function toNoteColumns({ progress, log }: Notes): Pick<RunTable, 'progress' | 'log'> {
  return { progress: progress && JSON.stringify(progress), log: log && JSON.stringify(log) };
}

const NO_NOTES: Notes = { progress: null, log: null };

function readNotes({ progress, log }: Pick<RunTable, 'progress' | 'log'>): Notes {
  if (progress === null && log === null) return NO_NOTES;
  const readProgress = readJsonOr<RunProgress | null>(progress, null);
  const lines = readJsonOr<unknown>(log, null);
  return {
    progress: readProgress && { ...readProgress, at: new Date(readProgress.at) },
    log: Array.isArray(lines)
      ? (lines as KeptLogLine[]).map((line) => ({ ...line, at: new Date(line.at) }))
      : null,
  };
}

function readAttempts(text: string | null): AttemptRecord[] | null {
  const records = readJsonOr<unknown>(text, null);
  if (!Array.isArray(records)) return null;
  return (records as AttemptRecord[]).map((record) => ({
    ...record,
    startedAt: new Date(record.startedAt),
    endedAt: new Date(record.endedAt),
  }));
}
