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
import type { JobTable } from '../schema/tables.js';
import { readJsonOr, toJsonString } from './json.js';

/** Columns of a job that its ticks and runs change. */
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
] as const satisfies readonly (keyof JobTable)[];

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

/** @param span of the row's `span_id` */
export function toJobRecord(
  row: JobTable,
  { trigger, policies }: Definition,
  span: SpanRecord | null,
): JobRecord {
  return {
    id: row.id,
    generation: row.generation,
    origin: row.origin,
    declaration: row.declaration,
    handler: row.handler,
    payload: row.payload,
    trigger,
    policies,
    state: row.state,
    parkedBecause: row.parked_because,
    pause:
      row.pause_at === null
        ? null
        : {
            note: row.pause_note,
            by: row.pause_by,
            at: row.pause_at,
            until: row.pause_until,
            firstTickAt: row.pause_first_tick,
          },
    nextTickAt: row.next_tick_at,
    dueAt: row.due_at,
    lastTickAt: row.last_tick_at,
    awaitsRun: row.awaits_run === 1,
    runsStarted: row.runs_started,
    failuresInRow: row.failures_in_row,
    span,
    zoneVersion: row.tzdata,
    version: row.version,
    addedAt: row.added_at,
    updatedAt: row.updated_at,
  };
}

export function toScheduleRow(
  job: JobRecord,
  liveFrom: string | null,
): Pick<JobTable, (typeof SCHEDULE_COLUMNS)[number]> {
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

/** The whole row. @param texts of the trigger and the policies; null: they are written anew */
export function toJobRow(
  job: JobRecord,
  liveFrom: string | null,
  texts: { trigger: string | null; policies: string | null },
): JobTable {
  const { pause } = job;
  return {
    id: job.id,
    generation: job.generation,
    origin: job.origin,
    declaration: job.declaration,
    handler: job.handler as string,
    payload: job.payload as string | null,
    trigger_json: texts.trigger ?? JSON.stringify(job.trigger),
    policies: texts.policies ?? policiesToText(job.policies),
    group_name: job.policies.group,
    parked_because: job.parkedBecause,
    pause_note: pause?.note ?? null,
    pause_by: pause?.by ?? null,
    pause_at: pause?.at ?? null,
    pause_until: pause?.until ?? null,
    pause_first_tick: pause?.firstTickAt ?? null,
    version: job.version,
    added_at: job.addedAt,
    updated_at: job.updatedAt,
    ...toScheduleRow(job, liveFrom),
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
