import {
  at,
  DEFAULT_POLICIES,
  type Job,
  type JsonValue,
  type Policies,
  type Trigger,
  triggerFromJson,
  type TriggerJson,
} from '@carillon/scheduler/store';
import type { JobTable } from '../schema/tables.js';
import { readOr } from './json-text.js';
import { toDate } from './run-row.js';
import { policiesFromText } from './stored-policies.js';
import { TextCache } from './text-cache.js';

/** A job's row, and what its texts mean. */
export interface StoredJob {
  readonly row: JobTable;
  trigger: Trigger;
  policies: Policies;
  /** Why the row cannot be read: trigger and policies are stand-ins, and the job is to be parked (D5). */
  readonly unreadable: Error | null;
}

/** Stands for a trigger that cannot be read: has no tick after any instant that is asked about. */
export const UNREADABLE_TRIGGER: Trigger = at(new Date(0));

const knownTriggers = new TextCache((text) => triggerFromJson(JSON.parse(text) as TriggerJson));
const knownPolicies = new TextCache(policiesFromText);

export function readJob(row: JobTable): StoredJob {
  const trigger = read(() => knownTriggers.get(row.trigger_json), UNREADABLE_TRIGGER);
  const policies = read(() => knownPolicies.get(row.policies), DEFAULT_POLICIES);
  return {
    row,
    trigger: trigger.value,
    policies: policies.value,
    unreadable: trigger.error ?? policies.error,
  };
}

function read<T>(work: () => T, otherwise: T): { value: T; error: Error | null } {
  try {
    return { value: work(), error: null };
  } catch (error) {
    return { value: otherwise, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** @param alive its runs that have not ended, or hold their place */
export function toJob({ row, trigger, policies }: StoredJob, alive: number): Job {
  return {
    id: row.id,
    trigger,
    handler: row.handler,
    payload: readOr<JsonValue | undefined>(row.payload, undefined),
    policies,
    origin: row.origin,
    state: row.state,
    pause:
      row.pause_at === null
        ? null
        : {
            note: row.pause_note,
            by: row.pause_by,
            at: new Date(row.pause_at),
            until: toDate(row.pause_until),
          },
    parkedBecause: row.parked_because,
    nextDueAt: row.state === 'active' ? toDate(row.due_at) : null,
    lastTickAt: toDate(row.last_tick_at),
    failuresInRow: row.failures_in_row,
    runsStarted: row.runs_started,
    alive,
    addedAt: new Date(row.added_at),
    version: row.version,
  };
}
