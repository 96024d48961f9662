import type { Kysely } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { TableNames } from '../driver/table-names.js';
import { createIndexes, type Index } from './create-indexes.js';
import { type Columns, createTable } from './create-table.js';

const JOBS: Columns = {
  id: 'key',
  generation: 'integer',
  origin: 'key',
  declaration: 'key?',
  handler: 'key',
  payload: 'text?',
  trigger_json: 'text',
  policies: 'text',
  group_name: 'key?',
  state: 'key',
  parked_because: 'text?',
  pause_note: 'text?',
  pause_by: 'text?',
  pause_at: 'integer?',
  pause_until: 'integer?',
  pause_first_tick: 'integer?',
  due_at: 'integer?',
  next_tick_at: 'integer?',
  last_tick_at: 'integer?',
  awaits_run: 'integer',
  runs_started: 'integer',
  failures_in_row: 'integer',
  span_id: 'key?',
  live_from: 'key?',
  tzdata: 'key',
  version: 'integer',
  added_at: 'integer',
  updated_at: 'integer',
};

const RUNS: Columns = {
  id: 'key',
  job_id: 'key',
  generation: 'integer',
  scheduled_at: 'integer?',
  scheduled_until: 'integer?',
  stands_for: 'integer?',
  count: 'integer=1',
  count_at_least: 'integer=0',
  coalesced: 'integer=0',
  state: 'key',
  outcome: 'key?',
  reason: 'key?',
  attempt: 'integer=0',
  lost_attempts: 'integer=0',
  token: 'integer=0',
  live: 'integer',
  completes_with_job: 'integer=0',
  due_at: 'integer',
  catches_up: 'integer=0',
  replaced: 'integer=0',
  holds_slot: 'integer=0',
  group_name: 'key?',
  holder: 'key?',
  lease_until: 'integer?',
  payload: 'text?',
  instant: 'integer',
  started_at: 'integer?',
  ended_at: 'integer?',
  lateness_ms: 'integer?',
  error: 'text?',
  result: 'text?',
  progress: 'text?',
  log: 'text?',
  attempts: 'text?',
};

/** Databases without partial indexes put the column of `where` in front. */
const INDEXES: readonly Index[] = [
  { name: 'jobs_due', table: 'jobs', columns: ['due_at'], where: 'due_at is not null' },
  { name: 'runs_tick', table: 'runs', columns: ['job_id', 'generation', 'scheduled_at'], unique: true },
  { name: 'runs_live', table: 'runs', columns: ['job_id', 'id'], where: 'live = 1', lead: 'live' },
  { name: 'runs_waiting', table: 'runs', columns: ['due_at'], where: "state = 'waiting'", lead: 'state' },
  {
    name: 'runs_held',
    table: 'runs',
    columns: ['group_name'],
    where: 'holds_slot = 1',
    lead: 'holds_slot',
  },
  { name: 'runs_by_job', table: 'runs', columns: ['job_id', 'id'] },
  { name: 'runs_by_instant', table: 'runs', columns: ['instant'] },
  { name: 'runs_by_outcome', table: 'runs', columns: ['outcome', 'id'], where: 'outcome is not null' },
];

export async function jobsAndRuns(
  kysely: Kysely<unknown>,
  dialect: Dialect,
  names: TableNames,
): Promise<void> {
  await createTable(kysely, dialect, 'jobs', JOBS);
  await createTable(kysely, dialect, 'runs', RUNS);
  await createTable(kysely, dialect, 'replicas', {
    id: 'key',
    started_at: 'integer',
    beat_at: 'integer',
    tzdata: 'key',
    declares: 'text',
  });
  await createTable(kysely, dialect, 'groups', { name: 'key' });
  await createIndexes(kysely, dialect, names, INDEXES);
}
