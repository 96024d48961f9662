import type { Trigger } from '../timing/index.js';
import type { HandlerFunction } from './run-context.js';
import type { JsonValue } from './json.js';
import type { Policies, PolicyEdit } from './policies.js';

/**
 * - `active`: its next tick is known.
 * - `paused`: by a person or a policy; ticks are skipped.
 * - `disabled`: declared so; ticks are not made.
 * - `finished`: its trigger has ended.
 * - `orphaned`: the code of no live replica declares it any more; ticks are not made.
 * - `parked`: it could not be read or computed; see `parkedBecause`.
 */
export type JobState = 'active' | 'paused' | 'disabled' | 'finished' | 'orphaned' | 'parked';

/** Who asked for the job: a decorator or a caller of `addJob`. */
export type JobOrigin = 'declared' | 'added';

export interface Pause {
  note: string | null;
  by: string | null;
  at: Date;
  /** Ends by itself then. */
  until: Date | null;
}

/** A job as `getJob` shows it; a copy, changing it changes nothing. */
export interface Job {
  id: string;
  trigger: Trigger;
  /** The handler's name; `(function)` for one given as code. */
  handler: string;
  payload: JsonValue | undefined;
  policies: Policies;
  origin: JobOrigin;
  state: JobState;
  pause: Pause | null;
  parkedBecause: string | null;
  /** The next due instant; null unless active. */
  nextDueAt: Date | null;
  /** The last tick of the trigger in force that was given an outcome or a run. */
  lastTickAt: Date | null;
  /** Runs that failed or timed out since the last that succeeded. */
  failuresInRow: number;
  /** Runs started by ticks. */
  runsStarted: number;
  /** Runs alive now: running, waiting for a retry, or queued. */
  alive: number;
  addedAt: Date;
  /** Rises with each edit. */
  version: number;
}

export interface JobFilter {
  state?: JobState;
  origin?: JobOrigin;
  handler?: string;
}

/** What carries a job's work: a name in the handler registry, or (memory only) the function itself. */
export type HandlerReference = string | HandlerFunction<never>;

/** A checked declaration, as the engine is handed it. Its trigger is bound. */
export interface JobSpec {
  readonly id: string;
  readonly trigger: Trigger;
  readonly handler: HandlerReference;
  readonly payload: JsonValue | undefined;
  readonly policies: Policies;
  readonly origin: JobOrigin;
  readonly disabled: boolean;
}

/** What `updateJob` may change; checked, the trigger bound. */
export interface JobEdit {
  readonly trigger?: Trigger;
  readonly handler?: HandlerReference;
  readonly payload?: JsonValue | undefined;
  /** Just what changes: of two edits at once neither undoes the other. */
  readonly policies?: PolicyEdit;
  readonly disabled?: boolean;
  /** The ticks of the trigger before were none: those that are overdue get no outcome. */
  readonly startsAnew?: boolean;
}

/** What to do when the id is taken. */
export const IF_TAKEN = ['error', 'replace', 'keep'] as const;
export type IfTaken = (typeof IF_TAKEN)[number];
