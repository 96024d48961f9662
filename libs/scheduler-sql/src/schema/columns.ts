import type { Tables } from './tables.js';

/** `key`: a string of at most 255 characters that is compared byte by byte. `integer`: 64 bits. */
export type ColumnKind = 'key' | 'text' | 'integer';

/** Columns that live runs and the history share. */
const OF_BOTH = {
  payload: 'text',
  instant: 'integer',
  started_at: 'integer',
  ended_at: 'integer',
  lateness_ms: 'integer',
  error: 'text',
  result: 'text',
  progress: 'text',
  log: 'text',
  attempts: 'text',
} as const;

/** The columns as the newest migration leaves them. */
export const COLUMNS: { readonly [T in keyof Tables]: Readonly<Record<keyof Tables[T], ColumnKind>> } = {
  jobs: {
    id: 'key',
    origin: 'key',
    declaration: 'key',
    handler: 'key',
    payload: 'text',
    trigger_json: 'text',
    policies: 'text',
    parked_because: 'text',
    pause_note: 'text',
    pause_by: 'text',
    pause_at: 'integer',
    pause_until: 'integer',
    pause_first_tick: 'integer',
    version: 'integer',
    added_at: 'integer',
    updated_at: 'integer',
  },
  schedules: {
    id: 'key',
    generation: 'integer',
    revision: 'integer',
    handler: 'key',
    group_name: 'key',
    state: 'key',
    due_at: 'integer',
    next_tick_at: 'integer',
    last_tick_at: 'integer',
    awaits_run: 'integer',
    runs_started: 'integer',
    failures_in_row: 'integer',
    span_id: 'key',
    live_from: 'key',
    tzdata: 'key',
  },
  live_runs: {
    id: 'key',
    job_id: 'key',
    generation: 'integer',
    scheduled_at: 'integer',
    stands_for: 'integer',
    count_at_least: 'integer',
    coalesced: 'integer',
    state: 'key',
    outcome: 'key',
    reason: 'key',
    attempt: 'integer',
    lost_attempts: 'integer',
    token: 'integer',
    completes_with_job: 'integer',
    due_at: 'integer',
    catches_up: 'integer',
    replaced: 'integer',
    holds_slot: 'integer',
    group_name: 'key',
    holder: 'key',
    lease_until: 'integer',
    ...OF_BOTH,
  },
  history: {
    id: 'key',
    job_id: 'key',
    generation: 'integer',
    scheduled_at: 'integer',
    scheduled_until: 'integer',
    stands_for: 'integer',
    count: 'integer',
    count_at_least: 'integer',
    coalesced: 'integer',
    outcome: 'key',
    reason: 'key',
    attempt: 'integer',
    token: 'integer',
    due_at: 'integer',
    ...OF_BOTH,
  },
  replicas: { id: 'key', started_at: 'integer', beat_at: 'integer', tzdata: 'key', declares: 'text' },
  groups: { name: 'key' },
};

/** Defaults of columns; those that are not named are null by default. */
export const DEFAULTS: { readonly [T in BulkTable]: Partial<Tables[T]> } = {
  jobs: {},
  schedules: {},
  live_runs: {
    count_at_least: 0,
    coalesced: 0,
    attempt: 0,
    lost_attempts: 0,
    token: 0,
    completes_with_job: 0,
    catches_up: 0,
    replaced: 0,
    holds_slot: 0,
  },
  history: { count: 1, count_at_least: 0, coalesced: 0, attempt: 0, token: 0 },
};

/** Tables that are written many rows at once. */
export type BulkTable = 'jobs' | 'schedules' | 'live_runs' | 'history';
