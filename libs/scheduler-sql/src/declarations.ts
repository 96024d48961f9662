import {
  declarationHash,
  type Declares,
  declareJob,
  type IfTaken,
  isDeclaredOtherwise,
  type JobSpec,
  type LiveReplica,
  type PutJob,
  type PutResult,
  putTakenJob,
  reconcileJob,
  type UnitContext,
} from '@carillon/scheduler/store';
import { beginJob } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Tables } from './schema/tables.js';
import {
  deleteReplica,
  deleteReplicasOlderThan,
  selectDeclaredJobs,
  selectLiveReplicas,
  upsertReplica,
} from './statements/replicas.js';
import { payloadOf, viewStoredJob } from './units/job-rows.js';
import { toJsonString } from './units/json.js';
import type { SqlUnit } from './units/sql-unit.js';
import type { StoreContext } from './units/store-context.js';

/** A replica that has not beaten for so many leases is forgotten. */
const DEAD_LEASES = 10;

/** Puts jobs, and keeps the stored ones in step with the code of all live replicas (D2, D3). */
export class Declarations {
  private readonly declares: Declares = {};
  /** Declarations that wait for the end of a live replica that declares the job otherwise. */
  private readonly pending = new Map<string, JobSpec>();
  private startedAt: number | null = null;

  constructor(private readonly store: StoreContext) {}

  /** @param trx a transaction */
  async put(trx: Kysely<Tables>, spec: JobSpec, ifTaken: IfTaken, now: number): Promise<PutResult> {
    const { units } = this.store;
    const hash = spec.origin === 'declared' ? declarationHash(spec) : null;
    if (hash !== null) {
      units.knownPolicies.remember(spec, hash);
      this.declares[spec.id] = hash;
      await this.beat(trx, now);
    }
    for (;;) {
      const context = units.context(now);
      const [taken] = await units.lock(trx, [spec.id], context);
      if (taken) {
        const change = await this.putTaken(trx, taken, { spec, hash, ifTaken });
        await units.write(trx, [taken], context);
        return putResult(change, taken, change === 'changed' ? spec : null);
      }
      const unit = units.make(spec, hash, context);
      beginJob(unit);
      if (await units.insert(trx, unit)) return putResult('created', unit, spec);
      // Another transaction has stored the id in the meantime.
    }
  }

  /** Says that this replica lives, and what its code declares. */
  async beat(trx: Kysely<Tables>, now: number): Promise<void> {
    const { db, session } = this.store;
    this.startedAt ??= now;
    await upsertReplica(db, trx, {
      id: session.replica,
      started_at: this.startedAt,
      beat_at: now,
      declares: JSON.stringify(this.declares),
    });
  }

  /** Replaces declarations that waited, where they may be replaced by now, and orphans jobs that no live replica declares. */
  async reconcile(trx: Kysely<Tables>, context: UnitContext): Promise<void> {
    const { units, leaseMs } = this.store;
    const { now } = context;
    await deleteReplicasOlderThan(trx, now - DEAD_LEASES * leaseMs);
    const live = await this.liveReplicas(trx, now);
    const declared = new Set(live.flatMap(({ declares }) => Object.keys(declares)));
    const lost = (await selectDeclaredJobs(trx)).filter((id) => !declared.has(id));
    const loaded = await units.lock(trx, [...new Set([...lost, ...this.pending.keys()])], context);
    for (const unit of loaded) {
      const spec = this.pending.get(unit.job.id);
      reconcileJob(unit, spec ? this.putJob(unit, spec, this.declares[spec.id]!) : null, live);
    }
    await units.write(trx, loaded, context);
  }

  /** Forgets what waited and is in force. Called once that is committed. */
  reconciled({ facts }: UnitContext): void {
    for (const change of facts.changed) if (change.kind === 'edited') this.pending.delete(change.jobId);
  }

  async leave(kysely: Kysely<Tables>): Promise<void> {
    await deleteReplica(kysely, this.store.session.replica);
  }

  private async putTaken(
    trx: Kysely<Tables>,
    unit: SqlUnit,
    { spec, hash, ifTaken }: { spec: JobSpec; hash: string | null; ifTaken: IfTaken },
  ): Promise<PutResult['change']> {
    const put = this.putJob(unit, spec, hash);
    if (hash === null) return putTakenJob(unit, put, ifTaken);
    const { now } = unit;
    const others = isDeclaredOtherwise(unit.job, hash) ? await this.liveReplicas(trx, now) : [];
    const change = declareJob(
      unit,
      put,
      others.filter(({ id }) => id !== this.store.session.replica),
    );
    if (change === 'kept') this.pending.set(spec.id, spec);
    else this.pending.delete(spec.id);
    return change;
  }

  private putJob({ job }: SqlUnit, spec: JobSpec, hash: string | null): PutJob {
    const { zoneVersion } = this.store.units;
    return { spec, hash, payload: toJsonString(spec.payload), current: payloadOf(job), zoneVersion };
  }

  private liveReplicas(trx: Kysely<Tables>, now: number): Promise<LiveReplica[]> {
    return selectLiveReplicas(trx, now - this.store.leaseMs);
  }
}

/** @param spec of the policies in force; null: the stored ones */
function putResult(change: PutResult['change'], unit: SqlUnit, spec: JobSpec | null): PutResult {
  const { job, runs, facts } = unit;
  const view = viewStoredJob(job, runs.alive);
  return {
    change,
    job: spec === null ? view : { ...view, policies: spec.policies },
    recorded: facts.recorded,
    changed: facts.changed,
  };
}
