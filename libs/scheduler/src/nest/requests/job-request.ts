import type { HandlerDefinition, HandlerFunction, IfTaken, PolicyOptions } from '../../model/index.js';
import type { Trigger } from '../../timing/index.js';

/** What every job that is added may say, whatever its handler. */
export interface JobRequestBase extends PolicyOptions {
  /** Left out, one is made. */
  id?: string;
  /** Made by `cron()`, `every()` or `at()`. */
  trigger: Trigger;
  /** The job is kept and makes no ticks. */
  disabled?: boolean;
  /** What to do when the id is taken: an error (left out), `replace`, or `keep` the job that is there. */
  ifTaken?: IfTaken;
  /**
   * Your own transaction in the database that the durable store keeps jobs in (what it takes, the store
   * says): the job exists exactly if it commits.
   */
  transaction?: unknown;
}

/** A job for a handler that takes a payload of a class. */
export interface DefinedJobRequest<P extends object> extends JobRequestBase {
  handler: HandlerDefinition<P>;
  payload: P;
}

/** A job whose work is a function: in memory only. */
export interface FunctionJobRequest<P> extends JobRequestBase {
  handler: HandlerFunction<P>;
  payload?: P;
}

/** A job for a handler that is known by its name. */
export interface NamedJobRequest extends JobRequestBase {
  handler: string | HandlerDefinition;
  payload?: unknown;
}

export type AnyJobRequest = JobRequestBase & {
  handler: string | HandlerDefinition<unknown> | HandlerFunction<never>;
  payload?: unknown;
};

/** What `updateJob` changes; what is left out stays. */
export interface JobUpdate extends PolicyOptions {
  trigger?: Trigger;
  handler?: string | HandlerDefinition<unknown> | HandlerFunction<never>;
  /** Null for no payload. */
  payload?: unknown;
  disabled?: boolean;
}

export interface RunNowOptions {
  /** Instead of the job's own. */
  payload?: unknown;
}

export interface PauseOptions {
  /** Why, for whoever finds the job paused. */
  note?: string | null;
  /** Who paused it. */
  by?: string | null;
  /** The pause ends by itself then. Left out, it lasts until `resumeJob`. */
  until?: Date | null;
}

export interface BackfillOptions {
  /** The first instant that may be made up for, and the last; both are included. Neither is in the future. */
  from: Date;
  to: Date;
  /** Answers what would happen, and makes nothing. */
  dryRun?: boolean;
  /** Also instants that a run was started for already. */
  force?: boolean;
}

export interface BackfillReport {
  /** Runs made; with `dryRun` those that would be. */
  count: number;
  /** Instants left out because a run was started for them, as far as the history goes back. */
  leftOut: number;
}
