import {
  beginJob,
  declarationHash,
  type Declares,
  declareJob,
  type IfTaken,
  isDeclaredOtherwise,
  type Job,
  type JobSpec,
  type LiveReplica,
  type PutJob,
  type PutResult,
  putTakenJob,
  reconcileJob,
  StoreUnavailableError,
  toReconcile,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Tables } from './schema/tables.js';
import {
  deleteReplica,
  deleteReplicasOlderThan,
  selectDeclaredJobs,
  selectLiveReplicas,
  upsertReplica,
} from './statements/replicas.js';
import { mayLockJob } from './statements/schedules.js';
import { payloadOf, viewStoredJob } from './units/job-rows.js';
import { toJsonString } from './units/json.js';
import type { SqlUnit } from './units/sql-unit.js';
import type { StoreContext } from './units/store-context.js';

/** A replica that has not beaten for so many leases is forgotten. */
const DEAD_LEASES = 10;

/** Another transaction may remove the job between an insert and a lock. */
const PUT_TRIES = 5;

/** Puts jobs, and keeps the stored ones in step with the code of all live replicas (D2, D3). */
export class Declarations {
  /** Of the code of this process, by job id. */
  private readonly specs = new Map<string, JobSpec>();
  private readonly declares: Declares = {};
  private startedAt: number | null = null;

  constructor(private readonly store: StoreContext) {}

  /** @param trx a transaction */
  async put(trx: Kysely<Tables>, spec: JobSpec, ifTaken: IfTaken, now: number): Promise<PutResult> {
    const { units } = this.store;
    const hash = spec.origin === 'declared' ? declarationHash(spec) : null;
    if (hash !== null) {
      units.knownPolicies.remember(spec, hash);
      this.specs.set(spec.id, spec);
      this.declares[spec.id] = hash;
      await this.beat(trx, now);
    }
    for (let tried = 1; tried <= PUT_TRIES; tried++) {
      const context = units.context(now);
      // An id that could not be inserted is stored, even if the transaction began before.
      const mayBeStored = tried > 1 || (await mayLockJob(this.store.db, trx, spec.id));
      const [taken] = mayBeStored ? await units.lock(trx, [spec.id], context) : [];
      if (taken) {
        const change = await this.putTaken(trx, taken, { spec, hash, ifTaken });
        await units.write(trx, [taken], context);
        return putResult(change, taken, change === 'changed' ? spec : null);
      }
      const unit = units.make(spec, hash, context);
      beginJob(unit);
      if ((await units.insert(trx, [unit])).length > 0) return putResult('created', unit, spec);
      // Another transaction has stored the id in the meantime.
    }
    throw new StoreUnavailableError(new Error(`the job "${spec.id}" is added and removed all the time`));
  }

  /** Says that this replica lives, and what its code declares. */
  async beat(trx: Kysely<Tables>, now: number): Promise<void> {
    const { db, session, units } = this.store;
    this.startedAt ??= now;
    await upsertReplica(db, trx, {
      id: session.replica,
      started_at: this.startedAt,
      beat_at: now,
      tzdata: units.zoneVersion,
      declares: JSON.stringify(this.declares),
    });
  }

  /**
   * Brings all declared jobs in step with the declarations of the live replicas: also after this replica was taken
   * for dead, and after rows have vanished.
   *
   * @returns the live replicas, this one among them
   */
  async reconcile(trx: Kysely<Tables>, context: UnitContext): Promise<LiveReplica[]> {
    const { units, leaseMs } = this.store;
    const { now } = context;
    await deleteReplicasOlderThan(trx, now - DEAD_LEASES * leaseMs);
    const live = await this.liveReplicas(trx, now);
    const ids = toReconcile(await selectDeclaredJobs(trx), this.declares, live);
    units.forget(ids);
    const loaded = await units.lock(trx, ids, context);
    for (const unit of loaded) {
      const spec = this.specs.get(unit.job.id);
      reconcileJob(unit, spec ? putOf(unit, spec, this.declares[spec.id]!) : null, live);
    }
    const found = new Set(loaded.map(({ job }) => job.id));
    await units.write(trx, loaded, context);
    await this.restore(
      trx,
      ids.filter((id) => !found.has(id)),
      context,
    );
    return live;
  }

  async leave(kysely: Kysely<Tables>): Promise<void> {
    await deleteReplica(kysely, this.store.session.replica);
  }

  private async putTaken(
    trx: Kysely<Tables>,
    unit: SqlUnit,
    { spec, hash, ifTaken }: { spec: JobSpec; hash: string | null; ifTaken: IfTaken },
  ): Promise<PutResult['change']> {
    const put = putOf(unit, spec, hash);
    if (hash === null) return putTakenJob(unit, put, ifTaken);
    const { now } = unit;
    const others = isDeclaredOtherwise(unit.job, hash) ? await this.liveReplicas(trx, now) : [];
    return declareJob(
      unit,
      put,
      others.filter(({ id }) => id !== this.store.session.replica),
    );
  }

  /** Stores declared jobs again whose rows have vanished. */
  private async restore(trx: Kysely<Tables>, ids: readonly string[], context: UnitContext): Promise<void> {
    const { units } = this.store;
    const made = ids.flatMap((id) => {
      const spec = this.specs.get(id);
      return spec ? units.make(spec, this.declares[id]!, context) : [];
    });
    for (const unit of made) beginJob(unit);
    for (const jobId of await units.insert(trx, made)) context.facts.change({ kind: 'added', jobId });
  }

  private liveReplicas(trx: Kysely<Tables>, now: number): Promise<LiveReplica[]> {
    return selectLiveReplicas(trx, now - this.store.leaseMs);
  }
}

/** @param spec of the policies in force; null: the stored ones */
function putResult(change: PutResult['change'], unit: SqlUnit, spec: JobSpec | null): PutResult {
  const { recorded, changed } = unit.facts;
  return { change, job: viewPut(unit, spec), recorded, changed };
}

/** The job of a unit that was put. @param spec of the policies in force; null: the stored ones */
export function viewPut({ job, runs }: SqlUnit, spec: JobSpec | null): Job {
  const view = viewStoredJob(job, runs.alive);
  return spec === null ? view : { ...view, policies: spec.policies };
}

/** The spec in the form in which rules put it in place of the unit's job. @param hash of its declaration; null for an added one */
export function putOf({ job }: SqlUnit, spec: JobSpec, hash: string | null): PutJob {
  return { spec, hash, payload: toJsonString(spec.payload), current: payloadOf(job) };
}
