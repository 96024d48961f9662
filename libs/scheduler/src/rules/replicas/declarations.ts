import { createHash } from 'node:crypto';
import type { IfTaken, JobSpec } from '../../model/index.js';
import type { PutResult } from '../../ports/index.js';
import { adoptJob, orphanJob, replaceJob } from '../jobs.js';
import type { JobRecord } from '../records.js';
import type { Unit } from '../unit.js';

/** The hash of each declaration of a replica's code, by job id. */
export type Declares = Record<string, string>;

export interface LiveReplica {
  readonly id: string;
  /** Of its time zone data (Z5). */
  readonly zoneVersion: string;
  readonly declares: Declares;
}

/** A job that is put, in the forms that rules need. */
export interface PutJob {
  readonly spec: JobSpec;
  /** Of the declaration; null for a job that is added. */
  readonly hash: string | null;
  /** The spec's payload in the store's form. */
  readonly payload: unknown;
  /** The stored payload as a value; undefined when it cannot be read. */
  readonly current: JobSpec['payload'];
}

/** Hashes the declaration, wherever its trigger begins to count; functions by their source text. */
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

/** Whether `declareJob` has to know the live replicas. */
export function isDeclaredOtherwise({ declaration }: Pick<JobRecord, 'declaration'>, hash: string): boolean {
  return declaration !== null && declaration !== hash;
}

/**
 * Declares a job whose id is taken (D2).
 *
 * @param others live replicas but this one; asked for only when the job is declared otherwise
 * @returns `kept`: a live replica declares the stored one, and this declaration waits for its end
 */
export function declareJob(unit: Unit, put: PutJob, others: readonly LiveReplica[]): PutResult['change'] {
  const { job } = unit;
  if (job.declaration === put.hash && job.origin === 'declared' && unit.unreadable === null) {
    adoptJob(unit);
    return 'same';
  }
  if (isDeclaredOtherwise(job, put.hash!) && isDeclaredBy(others, job)) return 'kept';
  return replaceDeclared(unit, put) ? 'changed' : 'same';
}

/** Puts a job whose id is taken, for a caller of `addJob` (D3). */
export function putTakenJob(unit: Unit, put: PutJob, ifTaken: IfTaken): PutResult['change'] {
  if (ifTaken !== 'replace') return ifTaken === 'keep' ? 'kept' : 'taken';
  if (!replaceJob(unit, put.spec, put)) return 'same';
  unit.job.declaration = null;
  return 'changed';
}

/** A stored declared job, as far as a beat compares it with the declarations of live replicas. */
export type DeclaredJob = Pick<JobRecord, 'id' | 'declaration' | 'state'>;

/**
 * Finds what a beat has to reconcile (D2): jobs that no live replica declares, orphans that this one declares, jobs
 * that it declares otherwise than any live replica does, and declarations whose record is missing.
 *
 * @param stored all declared jobs @param own declarations of this replica @param live replicas, this one among them
 * @returns ids of jobs to load
 */
export function toReconcile(
  stored: readonly DeclaredJob[],
  own: Declares,
  live: readonly LiveReplica[],
): string[] {
  const declared = new Set(live.flatMap(({ declares }) => Object.keys(declares)));
  const missing = new Set(Object.keys(own));
  const ids: string[] = [];
  for (const job of stored) {
    const { id, declaration, state } = job;
    const isOwn = missing.delete(id);
    if (isOwn ? state === 'orphaned' || declaration !== own[id] : !declared.has(id) && makesTicks(state))
      ids.push(id);
  }
  return [...ids, ...missing];
}

/**
 * Brings a stored job in step with the declarations of the live replicas.
 *
 * @param own this replica's declaration of the job, if it has one
 */
export function reconcileJob(unit: Unit, own: PutJob | null, live: readonly LiveReplica[]): void {
  const { job, facts } = unit;
  // `addJob` replaced the declared job, which holds until the next start.
  if (job.origin !== 'declared') return;
  if (own === null) orphanJob(unit);
  else if (job.declaration === own.hash) adoptJob(unit);
  else if (!isDeclaredBy(live, job)) {
    replaceDeclared(unit, own);
    facts.change({ kind: 'edited', jobId: job.id });
  }
}

/** Whether a job in this state makes ticks, or would but for a pause. */
function makesTicks(state: JobRecord['state']): boolean {
  return state === 'active' || state === 'paused';
}

function replaceDeclared(unit: Unit, put: PutJob): boolean {
  adoptJob(unit);
  const changed = replaceJob(unit, put.spec, put);
  unit.job.declaration = put.hash;
  unit.job.origin = 'declared';
  return changed;
}

function isDeclaredBy(replicas: readonly LiveReplica[], { id, declaration }: JobRecord): boolean {
  return replicas.some(({ declares }) => declares[id] === declaration);
}
