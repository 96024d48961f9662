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
  readonly zoneVersion: string;
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
    adoptJob(unit, put.zoneVersion);
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

/**
 * Brings a stored declared job in step with the code of the live replicas (D2).
 *
 * @param pending this process's declaration, if it waits for the end of the stored one
 * @returns true when the pending declaration is in force now
 */
export function reconcileJob(unit: Unit, pending: PutJob | null, live: readonly LiveReplica[]): boolean {
  if (pending === null) {
    orphanJob(unit);
    return false;
  }
  if (isDeclaredBy(live, unit.job)) return false;
  replaceDeclared(unit, pending);
  unit.facts.change({ kind: 'edited', jobId: unit.job.id });
  return true;
}

function replaceDeclared(unit: Unit, put: PutJob): boolean {
  adoptJob(unit, put.zoneVersion);
  const changed = replaceJob(unit, put.spec, put);
  unit.job.declaration = put.hash;
  unit.job.origin = 'declared';
  return changed;
}

function isDeclaredBy(replicas: readonly LiveReplica[], { id, declaration }: JobRecord): boolean {
  return replicas.some(({ declares }) => declares[id] === declaration);
}
