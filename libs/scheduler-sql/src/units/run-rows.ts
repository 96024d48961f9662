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
import type { HistoryTable, LiveRunTable, RunRow } from '../schema/tables.js';
import { readJsonOr } from './json.js';

/** A run that was loaded: its handler's notes are not the rules' concern, and come along. */
export interface LoadedRun extends RunRecord {
  readonly notes: Pick<RunRow, 'progress' | 'log'>;
}

/** It is in the history, or goes there. */
export function hasEnded({ state, holdsSlot }: RunRecord): boolean {
  return state === 'ended' && !holdsSlot;
}

export function toRunRecord(row: RunRow): LoadedRun {
  const live = 'state' in row ? row : null;
  const past = 'count' in row ? row : null;
  return {
    id: row.id,
    jobId: row.job_id,
    generation: Math.abs(row.generation),
    scheduledAt: row.scheduled_at,
    scheduledUntil: past?.scheduled_until ?? null,
    standsForAt: row.stands_for,
    count: past?.count ?? 1,
    countIsAtLeast: row.count_at_least === 1,
    coalesced: row.coalesced,
    state: live?.state ?? 'ended',
    outcome: row.outcome as Outcome | null,
    reason: row.reason as OutcomeReason | null,
    attempt: row.attempt,
    lostAttempts: live?.lost_attempts ?? 0,
    token: row.token,
    dueAt: row.due_at,
    catchesUp: live?.catches_up === 1,
    isReplaced: live?.replaced === 1,
    holdsSlot: live?.holds_slot === 1,
    group: live?.group_name ?? null,
    holder: live?.holder ?? null,
    leaseUntil: live?.lease_until ?? null,
    jobIsGone: row.generation < 0,
    completesWithJob: live?.completes_with_job === 1,
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

/** Columns that a run takes to the history otherwise than its live row may have them. */
const ENDED_CHANGES = [
  'generation',
  'count_at_least',
  'coalesced',
  'outcome',
  'reason',
  'attempt',
  'token',
  'due_at',
  'started_at',
  'ended_at',
  'lateness_ms',
  'error',
  'result',
  'attempts',
] as const satisfies readonly (keyof HistoryTable)[];

/** Columns of a live run that rules may change. */
const LIVE_CHANGES = [
  ...ENDED_CHANGES,
  'state',
  'lost_attempts',
  'completes_with_job',
  'catches_up',
  'replaced',
  'holds_slot',
  'group_name',
  'holder',
  'lease_until',
] as const satisfies readonly (keyof LiveRunTable)[];

export function toLiveChange(run: RunRecord): Pick<LiveRunTable, (typeof LIVE_CHANGES)[number]> {
  return pick(toLiveRow(run), LIVE_CHANGES);
}

export function toEndedChange(run: RunRecord): Pick<HistoryTable, (typeof ENDED_CHANGES)[number]> {
  return pick(toHistoryRow(run), ENDED_CHANGES);
}

/** The row of a run that is made now. Written out, as the next: spreads cost more than all the rest. */
export function toLiveRow(run: RunRecord): LiveRunTable {
  return {
    id: run.id,
    job_id: run.jobId,
    generation: run.jobIsGone ? -run.generation : run.generation,
    scheduled_at: run.scheduledAt,
    stands_for: run.standsForAt,
    count_at_least: run.countIsAtLeast ? 1 : 0,
    coalesced: run.coalesced,
    state: run.state,
    outcome: run.outcome,
    reason: run.reason,
    attempt: run.attempt,
    lost_attempts: run.lostAttempts,
    token: run.token,
    completes_with_job: run.completesWithJob ? 1 : 0,
    due_at: run.dueAt,
    catches_up: run.catchesUp ? 1 : 0,
    replaced: run.isReplaced ? 1 : 0,
    holds_slot: run.holdsSlot ? 1 : 0,
    group_name: run.group,
    holder: run.holder,
    lease_until: run.leaseUntil,
    payload: (run.payload as string | null | undefined) ?? null,
    instant: instantOf(run),
    started_at: run.startedAt,
    ended_at: run.endedAt,
    lateness_ms: run.latenessMs,
    error: run.error && JSON.stringify(run.error),
    result: run.result && JSON.stringify(run.result),
    progress: null,
    log: null,
    attempts: run.attempts && JSON.stringify(run.attempts),
  };
}

/** The row of ticks that do not run, recorded now. */
export function toHistoryRow(run: RunRecord): HistoryTable {
  return {
    id: run.id,
    job_id: run.jobId,
    generation: run.generation,
    scheduled_at: run.scheduledAt,
    scheduled_until: run.scheduledUntil,
    stands_for: run.standsForAt,
    count: run.count,
    count_at_least: run.countIsAtLeast ? 1 : 0,
    coalesced: run.coalesced,
    outcome: run.outcome!,
    reason: run.reason,
    attempt: run.attempt,
    token: run.token,
    due_at: run.dueAt,
    payload: (run.payload as string | null | undefined) ?? null,
    instant: instantOf(run),
    started_at: run.startedAt,
    ended_at: run.endedAt,
    lateness_ms: run.latenessMs,
    error: run.error && JSON.stringify(run.error),
    result: run.result && JSON.stringify(run.result),
    progress: null,
    log: null,
    attempts: run.attempts && JSON.stringify(run.attempts),
  };
}

/** The row as queries will find it. */
export function toRunRow(run: RunRecord): RunRow {
  return hasEnded(run) ? toHistoryRow(run) : toLiveRow(run);
}

function instantOf({ scheduledAt, standsForAt, dueAt }: RunRecord): number {
  return scheduledAt ?? standsForAt ?? dueAt;
}

function pick<T, K extends keyof T>(row: T, columns: readonly K[]): Pick<T, K> {
  const picked = {} as Pick<T, K>;
  for (const column of columns) picked[column] = row[column];
  return picked;
}

export function viewStoredRun(row: RunRow): Run {
  const { progress, log } = readNotes(row);
  return viewRun(toRunRecord(row), progress, log ?? []);
}

/** The notes of the attempts before. A run that is made now has none. */
export function notesOf(run: RunRecord): Notes {
  const { notes } = run as Partial<LoadedRun>;
  return notes === undefined ? NO_NOTES : readNotes(notes);
}

export function toNoteColumns({ progress, log }: Notes): Pick<RunRow, 'progress' | 'log'> {
  return { progress: progress && JSON.stringify(progress), log: log && JSON.stringify(log) };
}

const NO_NOTES: Notes = { progress: null, log: null };

function readNotes({ progress, log }: Pick<RunRow, 'progress' | 'log'>): Notes {
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
