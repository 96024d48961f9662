import type { StartedRun } from './sql-limit.js';

/**
 * The rows that the store writes for a run, by the driver alone, in the store's own tables: what they and their
 * indexes cost before anything is planned, leased, published or run.
 */
const JOB = {
  generation: 1,
  origin: 'added',
  handler: 'noop',
  trigger_json: '{"kind":"at","at":0}',
  policies: '{}',
  state: 'active',
  awaits_run: 0,
  runs_started: 0,
  failures_in_row: 0,
  tzdata: 'none',
  version: 1,
  added_at: 0,
  updated_at: 0,
};
const LEASE_MS = 30_000;

export const jobOf = (number: number, dueAt: number) => ({
  id: `job-${number}`,
  ...JOB,
  due_at: dueAt,
  next_tick_at: dueAt,
});
export type DueJob = Pick<ReturnType<typeof jobOf>, 'id' | 'generation' | 'due_at'>;

export const runOf = (number: number, { id, generation, due_at }: DueJob, now: number) => ({
  id: runId(number),
  job_id: id,
  generation,
  scheduled_at: due_at,
  state: 'running',
  attempt: 1,
  token: 1,
  live: 1,
  due_at,
  holds_slot: 1,
  holder: 'limit',
  lease_until: now + LEASE_MS,
  instant: due_at,
  started_at: now,
  lateness_ms: now - due_at,
});

export const takenJob = ({ id, due_at }: DueJob, run: string) => ({
  id,
  state: 'finished',
  due_at: null,
  next_tick_at: null,
  last_tick_at: due_at,
  runs_started: 1,
  live_from: run,
});

export const completionOf = ({ id }: StartedRun, now: number) => ({
  id: runId(id),
  token: 1,
  ended_at: now,
  result: null,
});

/** Set by the completion of a run that succeeded, as literals; and what must hold for it. */
export const ENDED =
  "state = 'ended', outcome = 'succeeded', live = 0, holds_slot = 0, group_name = null, holder = null, lease_until = null";
export const CLAIMED_ALONE = "state = 'running' and completes_with_job = 0 and replaced = 0";

function runId(number: number): string {
  return String(number).padStart(26, '0');
}
