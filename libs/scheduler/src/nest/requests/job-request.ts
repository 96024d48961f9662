import type { HandlerDefinition, HandlerFunction, IfTaken, PolicyOptions } from '../../model/index.js';
import type { Trigger } from '../../timing/index.js';

/** Properties of every request to add a job, whatever its handler. */
export interface JobRequestBase extends PolicyOptions {
  /** Default: a generated id. */
  id?: string;
  /** Made by `cron()`, `every()`, `at()` or another trigger function. */
  trigger: Trigger;
  /** Keeps the job without ticks. */
  disabled?: boolean;
  /** For an id that exists: `error` (default), `replace`, or `keep` the existing job. */
  ifTaken?: IfTaken;
  /**
   * Your own transaction in the database of the durable store, in a form that the store documents. The
   * job exists exactly if the transaction commits.
   */
  transaction?: unknown;
}

/** A job for a handler that takes a payload of a class. */
export interface DefinedJobRequest<P extends object> extends JobRequestBase {
  handler: HandlerDefinition<P>;
  payload: P;
}

/** A job whose handler is a function: in memory only. */
export interface FunctionJobRequest<P> extends JobRequestBase {
  handler: HandlerFunction<P>;
  payload?: P;
}

/** A job for a handler by name. */
export interface NamedJobRequest extends JobRequestBase {
  handler: string | HandlerDefinition;
  payload?: unknown;
}

export type AnyJobRequest = JobRequestBase & {
  handler: string | HandlerDefinition<unknown> | HandlerFunction<never>;
  payload?: unknown;
};

/** The requests of `addJobs`: the transaction is an option of the call. */
export type Many<R extends JobRequestBase> = readonly Omit<R, 'transaction'>[];

/** Options of one call of `addJobs`, for all of its jobs. */
export interface AddJobsOptions {
  /** As in a request of `addJob`. */
  transaction?: unknown;
}

/** A change of a job. Properties left out stay as they are. */
export interface JobUpdate extends PolicyOptions {
  trigger?: Trigger;
  handler?: string | HandlerDefinition<unknown> | HandlerFunction<never>;
  /** Null for no payload. */
  payload?: unknown;
  disabled?: boolean;
}

export interface RunNowOptions {
  /** Replaces the job's own payload. */
  payload?: unknown;
}

export interface PauseOptions {
  /** The reason, for people who find the job paused. */
  note?: string | null;
  /** The person who pauses it. */
  by?: string | null;
  /** The pause ends by itself at this instant. Default: it lasts until `resumeJob`. */
  until?: Date | null;
}

export interface BackfillOptions {
  /** First and last instant of the range, both inclusive. Neither is in the future. */
  from: Date;
  to: Date;
  /** Reports the effect without making runs. */
  dryRun?: boolean;
  /** Includes instants that already started a run. */
  force?: boolean;
}

export interface BackfillReport {
  /** Runs made, or with `dryRun` that would be made. */
  count: number;
  /** Instants left out because they started a run, as far back as the history goes. */
  leftOut: number;
}
