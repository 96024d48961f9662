import type { IfTaken, JobSpec } from '../model/index.js';
import type { JobStateChange, PutResult, RecordedOutcome } from './store.js';

/** One of many jobs that are put in one step. */
export interface JobPut {
  readonly spec: JobSpec;
  /** With `error`, an id that is taken refuses the whole call. */
  readonly ifTaken: IfTaken;
}

export interface BulkPutResult {
  /** The ids that are taken, in the order of the call. None: all jobs were put. Otherwise nothing was changed. */
  taken: readonly string[];
  /** A result for each job, in the order of the call. Empty when ids are taken. */
  puts: readonly Pick<PutResult, 'change' | 'job'>[];
  /** As of a PutResult, of all jobs. */
  recorded: RecordedOutcome[];
  changed: JobStateChange[];
}

/** The ids of the call that are stored, and whose jobs may not be put then. */
export function takenIds(puts: readonly JobPut[], isStored: (id: string) => boolean): string[] {
  const taken = puts.filter(({ spec, ifTaken }) => ifTaken === 'error' && isStored(spec.id));
  return taken.map(({ spec }) => spec.id);
}

/** Nothing was put, because these ids are taken. */
export function refusedPuts(taken: readonly string[]): BulkPutResult {
  return { taken, puts: [], recorded: [], changed: [] };
}
