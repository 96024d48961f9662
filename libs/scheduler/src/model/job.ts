import type { Trigger } from '../timing/index.js';
import type { HandlerFunction } from './run-context.js';
import type { JsonValue } from './json.js';
import type { Policies, PolicyEdit } from './policies.js';

/**
 * - `active`: its next tick is known.
 * - `paused`: by a person or a policy; its ticks are skipped.
 * - `disabled`: by its declaration; it makes no ticks.
 * - `finished`: its trigger has ended.
 * - `orphaned`: no live replica declares it any more; it makes no ticks.
 * - `parked`: the scheduler cannot read it or compute its ticks; see `parkedBecause`.
 */
export type JobState = 'active' | 'paused' | 'disabled' | 'finished' | 'orphaned' | 'parked';

/** A decorator declared the job, or a caller of `addJob` added it. */
export type JobOrigin = 'declared' | 'added';

/** A request to pause a job: why, by whom, and the instant at which the pause ends by itself (UTC ms). */
export interface PauseRequest {
  readonly note: string | null;
  readonly by: string | null;
  readonly until: number | null;
}

export interface Pause {
  note: string | null;
  by: string | null;
  at: Date;
  /** The pause ends by itself at this instant. */
  until: Date | null;
}

/** A job as `getJob` returns it: a copy, so changing it has no effect. */
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
  /** The last tick of the trigger in force that has an outcome or a run. */
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

/** A name in the handler registry, or (memory only) the function itself. */
export type HandlerReference = string | HandlerFunction<never>;

/** A checked declaration, ready for the engine. Its trigger is bound. */
export interface JobSpec {
  readonly id: string;
  readonly trigger: Trigger;
  readonly handler: HandlerReference;
  readonly payload: JsonValue | undefined;
  readonly policies: Policies;
  readonly origin: JobOrigin;
  readonly disabled: boolean;
}

/** A checked change of a job. Its trigger is bound. */
export interface JobEdit {
  readonly trigger?: Trigger;
  readonly handler?: HandlerReference;
  readonly payload?: JsonValue | undefined;
  /** Only the policies that change, so that concurrent edits do not undo each other. */
  readonly policies?: PolicyEdit;
  readonly disabled?: boolean;
  /** Discards overdue ticks of the previous trigger without an outcome: they never counted. */
  readonly startsAnew?: boolean;
}

/** The effect of `addJob` on a job that has the id already. */
export const IF_TAKEN = ['error', 'replace', 'keep'] as const;
export type IfTaken = (typeof IF_TAKEN)[number];
