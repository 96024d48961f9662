import { createHash } from 'node:crypto';
import type { JobSpec, Policies } from '@carillon/scheduler/store';
import type { JobTable } from '../schema/tables.js';
import { toText } from './json-text.js';
import { policiesToText } from './stored-policies.js';

/** A job as it is when it is added: nothing is due yet. */
export function newJobRow(spec: JobSpec, declaration: string | null, now: number, tzdata: string): JobTable {
  return {
    id: spec.id,
    generation: newGeneration(now),
    origin: spec.origin,
    declaration,
    handler: handlerName(spec),
    payload: toText(spec.payload),
    trigger_json: JSON.stringify(spec.trigger),
    policies: policiesToText(spec.policies),
    group_name: spec.policies.group,
    state: spec.disabled ? 'disabled' : 'active',
    parked_because: null,
    pause_note: null,
    pause_by: null,
    pause_at: null,
    pause_until: null,
    pause_first_tick: null,
    due_at: null,
    tick_at: null,
    last_tick_at: null,
    awaits_run: 0,
    runs_started: 0,
    failures_in_row: 0,
    span_id: null,
    live_from: null,
    tzdata,
    version: 1,
    added_at: now,
    updated_at: now,
  };
}

/** Tells the ticks of two triggers of one job id apart. Below 2^53 for the next two centuries. */
export function newGeneration(now: number): number {
  return now * 1_000 + Math.floor(Math.random() * 1_000);
}

export function handlerName({ handler }: Pick<JobSpec, 'handler'>): string {
  if (typeof handler === 'string') return handler;
  throw new TypeError('A function cannot be stored.');
}

/** What the code asks for, wherever its trigger begins to count; functions by their source text. */
export function declarationHash(spec: JobSpec): string {
  const { trigger, handler, payload, policies, disabled } = spec;
  const text = JSON.stringify(
    { trigger: trigger.toJSON(), handler, payload, policies, disabled },
    (key, value: unknown) => {
      if (key === 'anchorAt') return undefined;
      return typeof value === 'function' ? String(value) : value;
    },
  );
  return createHash('sha256').update(text).digest('base64url');
}

/** Functions among the policies, which only the code that declares them has. */
export function hasFunctions({ retry }: Policies): boolean {
  return retry.when !== null || typeof retry.backoff === 'function';
}
