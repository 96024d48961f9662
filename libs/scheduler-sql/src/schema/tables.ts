/** Instants are UTC ms; JSON is a string; flags are 0 or 1. The names of the tables get the store's prefix. */
export interface Tables {
  jobs: JobTable;
  schedules: ScheduleTable;
  live_runs: LiveRunTable;
  history: HistoryTable;
  replicas: ReplicaTable;
  groups: GroupTable;
}

/** The job as it was added or edited. Written under the lock of its schedule. */
export interface JobTable {
  id: string;
  origin: 'declared' | 'added';
  /** Hash of the declaration that was stored last (D2); null for jobs added at run time. */
  declaration: string | null;
  handler: string;
  /** JSON, or null for none. */
  payload: string | null;
  trigger_json: string;
  policies: string;
  parked_because: string | null;
  pause_note: string | null;
  pause_by: string | null;
  pause_at: number | null;
  pause_until: number | null;
  /** The first tick inside the pause. */
  pause_first_tick: number | null;
  version: number;
  added_at: number;
  updated_at: number;
}

/** The job's due instant, and all that its ticks and runs change. The row is the lock of the job. */
export interface ScheduleTable {
  /** The job's. */
  id: string;
  /** Distinguishes a job from an earlier one of its id, and its ticks from those of an earlier trigger. */
  generation: number;
  /** A random number of the last write of the job's row: a replica that has read that row keeps it. */
  revision: number;
  /** Copied from the job, so that a claim can leave out what this replica does not run, and full groups. */
  handler: string;
  group_name: string | null;
  state: 'active' | 'paused' | 'disabled' | 'finished' | 'orphaned' | 'parked';
  /** A claim reads the job from then on: its next tick with jitter, or the end of its pause; null for never. */
  due_at: number | null;
  /** The oldest tick without an outcome; null when none is scheduled. */
  next_tick_at: number | null;
  last_tick_at: number | null;
  /** The next tick is computed when the run ends (T2). */
  awaits_run: number;
  runs_started: number;
  failures_in_row: number;
  /** The row in the history of its newest span of ticks that did not run, while further ticks may join it (M2). */
  span_id: string | null;
  /** No live run has a lower id; null: the job has none. */
  live_from: string | null;
  /** Version of the time zone data that computed `next_tick_at` (Z5). */
  tzdata: string;
}

export interface LockedSchedule extends ScheduleTable {
  /** The ctid of the locked row on PostgreSQL; absent elsewhere. */
  row_at?: string;
}

/** The columns that live runs and the history share. */
interface RunColumns {
  /** Sorts by the time at which it was made. */
  id: string;
  job_id: string;
  /** The job's generation that made the tick. Of a live run negative once the job is removed. */
  generation: number;
  /** The tick; null for a run by hand or of a backfill. For a span its first tick. */
  scheduled_at: number | null;
  /** The instant that a backfilled run stands for. */
  stands_for: number | null;
  /** The count is a lower bound (M2). */
  count_at_least: number;
  /** Further ticks that were merged into this run. */
  coalesced: number;
  outcome: string | null;
  reason: string | null;
  /** Attempts begun. */
  attempt: number;
  /** Fencing token: rises with each claim of the run. */
  token: number;
  /** Claims take it from then on while it waits; lateness is measured from there. */
  due_at: number;
  /** JSON, or null for none. Copied from the job when the run is made. */
  payload: string | null;
  /** Compared by queries for a range of time: scheduled_at, stands_for, or the instant of the request. */
  instant: number;
  started_at: number | null;
  ended_at: number | null;
  lateness_ms: number | null;
  /** JSON of an ErrorRecord, a KeptResult, a RunProgress, KeptLogLine[], AttemptRecord[]. */
  error: string | null;
  result: string | null;
  progress: string | null;
  log: string | null;
  attempts: string | null;
}

/** A run that has not ended, or whose handler has not settled. Unique by (job_id, generation, scheduled_at). */
export interface LiveRunTable extends RunColumns {
  state: 'queued' | 'waiting' | 'running' | 'ended';
  /** Attempts whose process was lost. */
  lost_attempts: number;
  /** 1 if its completion changes its job, too: the job is locked first. */
  completes_with_job: number;
  /** 1 if it makes up for a past tick: such runs go one at a time, and are no previous run for overlap. */
  catches_up: number;
  /** 1 if a newer run replaces it: its holder aborts it, and no attempt follows. */
  replaced: number;
  /** 1 while running, or ended while its handler has not settled (O2): it counts for overlap and for its group. */
  holds_slot: number;
  /** The group whose slot it holds. */
  group_name: string | null;
  /** The replica that holds the claim, and until when unless it renews. */
  holder: string | null;
  lease_until: number | null;
}

/** A run that has ended, or a span of ticks that share an outcome and did not run. Unique by (job_id, generation, scheduled_at). */
export interface HistoryTable extends RunColumns {
  /** For a span of several ticks the last one, else null. */
  scheduled_until: number | null;
  /** How many ticks the row stands for. */
  count: number;
  outcome: string;
}

/** A row of either table. */
export type RunRow = LiveRunTable | HistoryTable;

/** A process that shares the store and lives as long as it beats. */
export interface ReplicaTable {
  id: string;
  started_at: number;
  beat_at: number;
  /** Version of its time zone data. */
  tzdata: string;
  /** JSON: the hash of each declaration of its code, by job id. */
  declares: string;
}

/** Locked by a claim that counts a group's slots. */
export interface GroupTable {
  name: string;
}
