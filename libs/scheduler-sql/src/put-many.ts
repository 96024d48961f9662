import {
  beginJob,
  type BulkPutResult,
  type JobPut,
  putTakenJob,
  refusedPuts,
  StoreUnavailableError,
  takenIds,
  type UnitContext,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { putOf, viewPut } from './declarations.js';
import { undoneIfNull } from './driver/transactions.js';
import type { Tables } from './schema/tables.js';
import { lockableIds } from './statements/schedules.js';
import type { SqlUnit } from './units/sql-unit.js';
import type { StoreContext } from './units/store-context.js';

/** Other transactions may store and remove ids of the call while it runs. */
const TRIES = 5;

/** Puts the jobs of one call, or none of them (D3). */
export class PutMany {
  /** Rows are locked and inserted in the order of ids, so that two calls do not wait for each other. */
  private readonly ordered: readonly JobPut[];
  /** Ids that could not be inserted: they are stored, even if the transaction began before. */
  private readonly met = new Set<string>();

  /** @param trx a transaction */
  constructor(
    private readonly store: StoreContext,
    private readonly trx: Kysely<Tables>,
    private readonly puts: readonly JobPut[],
  ) {
    this.ordered = [...puts].sort(({ spec: one }, { spec: other }) => (one.id < other.id ? -1 : 1));
  }

  async put(now: number): Promise<BulkPutResult> {
    for (let tried = 1; tried <= TRIES; tried++) {
      const result = await this.tryPut(this.store.units.context(now));
      if (result !== null) return result;
    }
    throw new StoreUnavailableError(new Error('jobs of the call are added and removed all the time'));
  }

  /** Null when another transaction has stored an id meanwhile: nothing is put then. */
  private async tryPut(context: UnitContext): Promise<BulkPutResult | null> {
    const { trx, puts } = this;
    const { units } = this.store;
    const stored = await this.lockStored(context);
    const taken = takenIds(puts, (id) => stored.has(id));
    if (taken.length > 0) return refusedPuts(taken);
    const made = await undoneIfNull(trx, () => this.insertOthers(stored, context));
    if (made === null) return null;
    const results = puts.map(({ spec, ifTaken }) => {
      const unit = stored.get(spec.id);
      if (unit === undefined) return { change: 'created' as const, job: viewPut(made.get(spec.id)!, spec) };
      const change = putTakenJob(unit, putOf(unit, spec, null), ifTaken);
      return { change, job: viewPut(unit, change === 'changed' ? spec : null) };
    });
    await units.write(trx, [...stored.values()], context);
    return { taken, puts: results, ...context.facts.effects };
  }

  private async lockStored(context: UnitContext): Promise<Map<string, SqlUnit>> {
    const { store, trx } = this;
    const ids = this.ordered.map(({ spec }) => spec.id);
    const lockable = await lockableIds(store.db, trx, ids);
    const locked = await store.units.lock(trx, [...new Set([...lockable, ...this.met])], context);
    return new Map(locked.map((unit) => [unit.job.id, unit]));
  }

  /** Inserts the jobs that are not stored. Returns null unless all of them are new. */
  private async insertOthers(
    stored: ReadonlyMap<string, SqlUnit>,
    context: UnitContext,
  ): Promise<Map<string, SqlUnit> | null> {
    const { store, trx } = this;
    const made = new Map<string, SqlUnit>();
    for (const { spec } of this.ordered)
      if (!stored.has(spec.id)) made.set(spec.id, store.units.make(spec, null, context));
    for (const unit of made.values()) beginJob(unit);
    const inserted = await store.units.insert(trx, [...made.values()]);
    if (inserted.length === made.size) return made;
    for (const id of inserted) made.delete(id);
    for (const id of made.keys()) this.met.add(id);
    return null;
  }
}
