import type {
  HistoryTable,
  JobTable,
  LiveRunTable,
  ScheduleTable,
} from '../../../libs/scheduler-sql/src/schema/tables.js';

export const NOW = 1_893_456_000_000;
const GENERATION = NOW * 1000 + 7;

export function jobRow(changes: Partial<JobTable> & { id: string }): JobTable {
  return {
    origin: 'added',
    declaration: null,
    handler: 'send',
    payload: null,
    trigger_json: '{}',
    policies: '{}',
    parked_because: null,
    pause_note: null,
    pause_by: null,
    pause_at: null,
    pause_until: null,
    pause_first_tick: null,
    version: 1,
    added_at: NOW,
    updated_at: NOW,
    ...changes,
  };
}

export function scheduleRow(changes: Partial<ScheduleTable> & { id: string }): ScheduleTable {
  return {
    generation: GENERATION,
    revision: 1,
    handler: 'send',
    group_name: null,
    state: 'active',
    due_at: NOW,
    next_tick_at: NOW,
    last_tick_at: null,
    awaits_run: 0,
    runs_started: 0,
    failures_in_row: 0,
    span_id: null,
    live_from: null,
    tzdata: '2025c',
    ...changes,
  };
}

export function runRow(changes: Partial<LiveRunTable> & { id: string }): LiveRunTable {
  return {
    ...COMMON,
    state: 'waiting',
    lost_attempts: 0,
    completes_with_job: 0,
    catches_up: 0,
    replaced: 0,
    holds_slot: 0,
    group_name: null,
    holder: null,
    lease_until: null,
    ...changes,
  };
}

export function historyRow(changes: Partial<HistoryTable> & { id: string }): HistoryTable {
  return { ...COMMON, outcome: 'succeeded', scheduled_until: null, count: 1, ...changes };
}

const COMMON = {
  job_id: 'job',
  generation: GENERATION,
  scheduled_at: NOW,
  stands_for: null,
  count_at_least: 0,
  coalesced: 0,
  outcome: null,
  reason: null,
  attempt: 0,
  token: 0,
  due_at: NOW,
  payload: null,
  instant: NOW,
  started_at: null,
  ended_at: null,
  lateness_ms: null,
  error: null,
  result: null,
  progress: null,
  log: null,
  attempts: null,
};
