import type {
  AttemptRecord,
  ErrorRecord,
  KeptLogLine,
  KeptResult,
  Outcome,
  OutcomeReason,
  RecordedOutcome,
  Run,
  RunProgress,
} from '@carillon/scheduler/store';
import type { RunTable } from '../schema/tables.js';
import { readOr } from './json-text.js';

/** Where a run comes from. */
export interface RunOrigin {
  id: string;
  jobId: string;
  generation: number;
  tickAt: number | null;
  standsFor: number | null;
  dueAt: number;
  payload: string | null;
}

/** A run that has not begun; who makes it says what becomes of it. */
export function newRun({ id, jobId, generation, tickAt, standsFor, dueAt, payload }: RunOrigin): RunTable {
  return {
    id,
    job_id: jobId,
    generation,
    tick_at: tickAt,
    tick_until: null,
    stands_for: standsFor,
    count: 1,
    count_at_least: 0,
    merged: 0,
    state: 'waiting',
    outcome: null,
    reason: null,
    attempt: 0,
    lost: 0,
    token: 0,
    live: 1,
    followed: 0,
    due_at: dueAt,
    catch_up: 0,
    replaced: 0,
    holds_place: 0,
    group_name: null,
    holder: null,
    lease_until: null,
    payload,
    instant: tickAt ?? standsFor ?? dueAt,
    started_at: null,
    ended_at: null,
    lateness_ms: null,
    error: null,
    result: null,
    progress: null,
    log: null,
    attempts: null,
  };
}

/** Nobody carries the run any more, and its place is free. */
export function freeRun(run: RunTable): void {
  run.holds_place = 0;
  run.group_name = null;
  run.holder = null;
  run.lease_until = null;
  run.live = run.state === 'ended' ? 0 : 1;
}

/** @param into for merged ticks the run that they were merged into */
export function toRecorded(run: RunTable, into: RunTable | null): RecordedOutcome {
  return {
    jobId: run.job_id,
    runId: run.id,
    outcome: run.outcome as RecordedOutcome['outcome'],
    reason: run.reason as OutcomeReason,
    scheduledAt: run.tick_at,
    scheduledUntil: run.tick_until ?? run.tick_at,
    count: run.count,
    countIsAtLeast: run.count_at_least === 1 && run.count > 1,
    attempt: run.attempt,
    into: run.outcome === 'coalesced' && into ? into.id : null,
  };
}

export function toRun(row: RunTable): Run {
  return {
    id: row.id,
    jobId: row.job_id,
    scheduledAt: toDate(row.tick_at),
    scheduledUntil: toDate(row.tick_until),
    standsFor: toDate(row.stands_for),
    count: row.count,
    countIsAtLeast: row.count_at_least === 1,
    state: row.state,
    outcome: row.outcome as Outcome | null,
    reason: row.reason as OutcomeReason | null,
    attempt: row.attempt,
    attempts: attemptRecords(row),
    startedAt: toDate(row.started_at),
    endedAt: toDate(row.ended_at),
    retryAt: row.state === 'waiting' && row.attempt > 0 ? new Date(row.due_at) : null,
    latenessMs: row.lateness_ms,
    coalesced: row.merged,
    error: readOr<ErrorRecord | null>(row.error, null),
    result: readOr<KeptResult | null>(row.result, null),
    progress: readProgress(row.progress),
    log: readLines(row.log),
  };
}

interface StoredAttempt extends Omit<AttemptRecord, 'startedAt' | 'endedAt'> {
  startedAt: number;
  endedAt: number;
}

/** The text of the attempts so far, and one more. */
export function withAttempt(attempts: string | null, attempt: StoredAttempt): string {
  return JSON.stringify([...readAttempts(attempts), attempt]);
}

export function lastResult(attempts: string | null): AttemptRecord['result'] | null {
  return readAttempts(attempts).at(-1)?.result ?? null;
}

export function readLines(text: string | null): KeptLogLine[] {
  return list<KeptLogLine>(text).map((line) => ({ ...line, at: new Date(line.at) }));
}

function readProgress(text: string | null): RunProgress | null {
  const progress = readOr<RunProgress | null>(text, null);
  return progress && { ...progress, at: new Date(progress.at) };
}

/** A run that succeeded at once keeps no record of its one attempt: it is what the run says. */
function attemptRecords(row: RunTable): AttemptRecord[] {
  if (row.attempts !== null) {
    return readAttempts(row.attempts).map((record) => ({
      ...record,
      startedAt: new Date(record.startedAt),
      endedAt: new Date(record.endedAt),
    }));
  }
  if (row.attempt !== 1 || row.started_at === null || row.ended_at === null) return [];
  return [
    {
      attempt: 1,
      result: 'succeeded',
      startedAt: new Date(row.started_at),
      endedAt: new Date(row.ended_at),
      error: null,
    },
  ];
}

function readAttempts(text: string | null): StoredAttempt[] {
  return list<StoredAttempt>(text);
}

function list<T>(text: string | null): T[] {
  const read = readOr<unknown>(text, []);
  return Array.isArray(read) ? (read as T[]) : [];
}

export function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
