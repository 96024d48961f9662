import {
  type Definition,
  type Job,
  type JobRecord,
  type JobSpec,
  type JsonValue,
  newJobRecord,
  policiesToText,
  type SpanRecord,
  viewJob,
} from '@carillon/scheduler/store';
import type { JobTable, ScheduleTable } from '../schema/tables.js';
import { readJsonOr, toJsonString } from './json.js';

/** Columns of a schedule that ticks and runs change. */
export const SCHEDULE_COLUMNS = [
  'state',
  'due_at',
  'next_tick_at',
  'last_tick_at',
  'awaits_run',
  'runs_started',
  'failures_in_row',
  'span_id',
  'live_from',
  'tzdata',
] as const satisfies readonly (keyof ScheduleTable)[];

/** Fields of the record that are in `SCHEDULE_COLUMNS`, or never change. */
const SCHEDULE_FIELDS: ReadonlySet<string> = new Set<keyof JobRecord>([
  'state',
  'dueAt',
  'nextTickAt',
  'lastTickAt',
  'awaitsRun',
  'runsStarted',
  'failuresInRow',
  'span',
  'zoneVersion',
]);

/** The rows of a job. */
export interface JobRows {
  readonly job: JobTable;
  readonly schedule: ScheduleTable;
}

/** @param span of the schedule's `span_id` */
export function toJobRecord(
  { job, schedule }: JobRows,
  { trigger, policies }: Definition,
  span: SpanRecord | null,
): JobRecord {
  return {
    id: schedule.id,
    generation: schedule.generation,
    origin: job.origin,
    declaration: job.declaration,
    handler: job.handler,
    payload: job.payload,
    trigger,
    policies,
    state: schedule.state,
    parkedBecause: job.parked_because,
    pause:
      job.pause_at === null
        ? null
        : {
            note: job.pause_note,
            by: job.pause_by,
            at: job.pause_at,
            until: job.pause_until,
            firstTickAt: job.pause_first_tick,
          },
    nextTickAt: schedule.next_tick_at,
    dueAt: schedule.due_at,
    lastTickAt: schedule.last_tick_at,
    awaitsRun: schedule.awaits_run === 1,
    runsStarted: schedule.runs_started,
    failuresInRow: schedule.failures_in_row,
    span,
    zoneVersion: schedule.tzdata,
    version: job.version,
    addedAt: job.added_at,
    updatedAt: job.updated_at,
  };
}

/** The columns that ticks and runs change. */
export function toTickColumns(
  job: JobRecord,
  liveFrom: string | null,
): Pick<ScheduleTable, (typeof SCHEDULE_COLUMNS)[number]> {
  return {
    state: job.state,
    due_at: job.dueAt,
    next_tick_at: job.nextTickAt,
    last_tick_at: job.lastTickAt,
    awaits_run: job.awaitsRun ? 1 : 0,
    runs_started: job.runsStarted,
    failures_in_row: job.failuresInRow,
    span_id: job.span?.id ?? null,
    live_from: liveFrom,
    tzdata: job.zoneVersion,
  };
}

export function toScheduleRow(job: JobRecord, liveFrom: string | null, revision: number): ScheduleTable {
  return {
    id: job.id,
    generation: job.generation,
    revision,
    handler: job.handler as string,
    group_name: job.policies.group,
    ...toTickColumns(job, liveFrom),
  };
}

/** @param texts of the trigger and the policies; null: they are written anew */
export function toJobRow(
  job: JobRecord,
  texts: { trigger: string | null; policies: string | null },
): JobTable {
  const { pause } = job;
  return {
    id: job.id,
    origin: job.origin,
    declaration: job.declaration,
    handler: job.handler as string,
    payload: job.payload as string | null,
    trigger_json: texts.trigger ?? JSON.stringify(job.trigger),
    policies: texts.policies ?? policiesToText(job.policies),
    parked_because: job.parkedBecause,
    pause_note: pause?.note ?? null,
    pause_by: pause?.by ?? null,
    pause_at: pause?.at ?? null,
    pause_until: pause?.until ?? null,
    pause_first_tick: pause?.firstTickAt ?? null,
    version: job.version,
    added_at: job.addedAt,
    updated_at: job.updatedAt,
  };
}

/** Whether more than the schedule differs. */
export function isEdited(job: JobRecord, before: Readonly<JobRecord>): boolean {
  for (const field in job) {
    if (!SCHEDULE_FIELDS.has(field) && job[field as keyof JobRecord] !== before[field as keyof JobRecord])
      return true;
  }
  return false;
}

/** @throws TypeError for a handler that is code */
export function newStoredJob(
  spec: JobSpec,
  { declaration, now, zoneVersion }: { declaration: string | null; now: number; zoneVersion: string },
): JobRecord {
  if (typeof spec.handler !== 'string') throw new TypeError('A function cannot be stored.');
  return newJobRecord(spec, { payload: toJsonString(spec.payload), declaration, now, zoneVersion });
}

/** Reads the payload of a job or a run. @throws when it is no JSON */
export function readPayload(text: unknown): JsonValue | undefined {
  return text === null ? undefined : (JSON.parse(text as string) as JsonValue);
}

/** Undefined for a payload that cannot be read. */
export function payloadOf({ payload }: Pick<JobRecord, 'payload'>): JsonValue | undefined {
  return readJsonOr<JsonValue | undefined>(payload as string | null, undefined);
}

/** @param alive its runs that have not ended, or hold a slot */
export function viewStoredJob(job: JobRecord, alive: number): Job {
  return viewJob(job, payloadOf(job), alive);
}
