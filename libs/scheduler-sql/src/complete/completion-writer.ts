import {
  applyResult,
  type Claim,
  completeGone,
  completeRun,
  type Completion,
  type CompletionEffect,
  freeRun,
  giveBackRun,
  type HeldClaim,
  releaseSlot,
  type RunRecord,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { type BulkChange, byId, type RunMove } from '../driver/bulk.js';
import { inParallel } from '../driver/in-parallel.js';
import type { HistoryTable, LiveRunTable, Tables } from '../schema/tables.js';
import { type ClaimKey, updateHeld } from '../statements/leases.js';
import { lockRun } from '../statements/live-runs.js';
import { toEndedChange, toLiveChange, toNoteColumns, toRunRecord } from '../units/run-rows.js';
import type { SqlUnit } from '../units/sql-unit.js';
import type { StoreContext } from '../units/store-context.js';

/** Under its token: still claimed, and completing it changes no job. */
const CLAIMED_ALONE = { state: 'running', completes_with_job: 0, replaced: 0 } as const;
const SUCCEEDED = { outcome: 'succeeded' } as const;
const WAITING = {
  state: 'waiting',
  holds_slot: 0,
  group_name: null,
  holder: null,
  lease_until: null,
} as const;

/** How a claim ended, to be written. */
export interface PendingCompletion {
  readonly claim: Claim;
  /** Null: its result is recorded already, and its slot is given back. */
  readonly completion: Completion | null;
  readonly slotHeld: boolean;
  readonly now: number;
}

/** Writes completions, each under its token, many at once. */
export class CompletionWriter {
  constructor(private readonly context: StoreContext) {}

  /** Whether it changes nothing but its run, as far as this process knows. */
  isAlone({ claim, completion, slotHeld }: PendingCompletion): boolean {
    if (completion === null || slotHeld) return false;
    const { kind } = completion.result;
    if (kind === 'abandoned') return false;
    if ((kind === 'failed' || kind === 'timedOut') && completion.retryAt === null) return false;
    return this.context.held.get(claim)?.run.completesWithJob === false;
  }

  /** Writes completions that change nothing but their run, and locks nothing else. Returns those that it has written. */
  async writeAlone(
    kysely: Kysely<Tables>,
    pending: readonly PendingCompletion[],
  ): Promise<Set<PendingCompletion>> {
    const byRun = new Map<string, PendingCompletion>();
    const succeeded: RunMove[] = [];
    const ended: RunMove[] = [];
    const retried: BulkChange<'live_runs'>[] = [];
    for (const one of pending) {
      const { claim, completion } = one;
      const held = this.context.held.get(claim);
      if (held === null || completion === null) continue;
      byRun.set(claim.runId, one);
      const run = { ...held.run };
      applyResult(run, completion, completion.retryAt);
      const where = { id: claim.runId, token: claim.token };
      if (run.state !== 'ended') retried.push({ where, set: retryColumns(run, held) });
      else if (run.outcome === 'succeeded' && run.attempts === null && !held.hasNotes)
        succeeded.push({
          where,
          set: { ended_at: run.endedAt, result: run.result && JSON.stringify(run.result) },
        });
      else ended.push({ where, set: endedColumns(run, held) });
    }
    const { dialect } = this.context.db;
    const where = CLAIMED_ALONE;
    const ids = await inParallel([
      dialect.moveMany(kysely, { rows: succeeded.sort(byId), alike: { where, set: SUCCEEDED } }),
      dialect.moveMany(kysely, { rows: ended.sort(byId), alike: { where } }),
      dialect.updateMany(kysely, {
        table: 'live_runs',
        rows: retried.sort(byId),
        alike: { where, set: WAITING },
      }),
    ]);
    return new Set(ids.flat().map((id) => byRun.get(id)!));
  }

  /** Writes completions that may change their jobs: these are locked first, and in one order. */
  async writeWithJobs(
    trx: Kysely<Tables>,
    pending: readonly PendingCompletion[],
  ): Promise<Map<PendingCompletion, CompletionEffect>> {
    const effects = new Map<PendingCompletion, CompletionEffect>();
    if (pending.length === 0) return effects;
    const { units } = this.context;
    const context = units.context(Math.max(...pending.map(({ now }) => now)));
    const claims = pending.map(({ claim }) => claim);
    const loaded = await units.lockOf(trx, claims, context);
    for (const one of pending) {
      const unit = loaded.get(one.claim.jobId);
      const run = unit?.runs.list.find(({ id }) => id === one.claim.runId);
      effects.set(one, unit && run ? this.completeLive(unit, run, one) : await this.completeOther(trx, one));
    }
    // The handler's last notes may still be on their way, and would find the claim over.
    await this.writeNotes(
      trx,
      pending.filter((one) => effects.get(one) !== 'refused'),
    );
    await units.write(trx, [...loaded.values()], context);
    return effects;
  }

  /** Gives back claims whose handlers were not called: their runs wait again. */
  async giveBack(trx: Kysely<Tables>, claims: readonly ClaimKey[], now: number): Promise<void> {
    const { units } = this.context;
    const context = units.context(now);
    const loaded = await units.lockOf(trx, claims, context);
    for (const claim of claims) {
      const unit = loaded.get(claim.jobId);
      const run = unit?.runs.list.find(({ id }) => id === claim.runId);
      if (unit && run && run.state === 'running' && this.isHeld(run, claim)) giveBackRun(unit, run);
    }
    await units.write(trx, [...loaded.values()], context);
  }

  private async writeNotes(trx: Kysely<Tables>, pending: readonly PendingCompletion[]): Promise<void> {
    const rows = pending.flatMap(({ claim }): BulkChange<'live_runs'>[] => {
      const held = this.context.held.get(claim);
      if (!held?.hasNotes) return [];
      return [{ where: { id: claim.runId, token: claim.token }, set: toNoteColumns(held.notes()) }];
    });
    rows.sort(byId);
    await this.context.db.dialect.updateMany(trx, { table: 'live_runs', rows });
  }

  private completeLive(
    unit: SqlUnit,
    run: RunRecord,
    { claim, completion, slotHeld, now }: PendingCompletion,
  ): CompletionEffect {
    if (!this.isHeld(run, claim))
      return completion !== null && isWritten(run, completion) ? 'recorded' : 'refused';
    if (completion === null) return run.state === 'ended' ? releaseSlot(unit, run, now) : 'refused';
    if (run.state !== 'running') return isWritten(run, completion) ? 'recorded' : 'refused';
    return completeRun(unit, run, completion, slotHeld);
  }

  /** Completes a run that has ended, or whose job was removed. */
  private async completeOther(
    trx: Kysely<Tables>,
    { claim, completion, slotHeld }: PendingCompletion,
  ): Promise<CompletionEffect> {
    const { db, units } = this.context;
    const row = await lockRun(db, trx, claim.runId);
    if (!row) return 'refused';
    const run = toRunRecord(row);
    if (completion !== null && isWritten(run, completion)) return 'recorded';
    if (!run.jobIsGone || !this.isHeld(run, claim)) return 'refused';
    if ((completion === null) !== (run.state === 'ended')) return 'refused';
    const context = units.context(0);
    const effect = completion === null ? 'recorded' : completeGone(run, completion, slotHeld);
    if (completion === null) freeRun(run);
    context.changes.touched.add(run);
    await units.write(trx, [], context);
    return effect;
  }

  private isHeld(run: RunRecord, { token }: Pick<ClaimKey, 'token'>): boolean {
    return run.token === token && run.holder === this.context.session.replica && run.holdsSlot;
  }
}

/** Writes what handlers have noted. Claims that are over are left alone: another replica may hold their runs. */
export async function writeHeldNotes(
  { db, session }: StoreContext,
  trx: Kysely<Tables>,
  noted: ReadonlySet<HeldClaim>,
): Promise<void> {
  const changes = Array.from(noted, (held) => ({ claim: held.claim, set: toNoteColumns(held.notes()) }));
  await updateHeld(db, trx, session.replica, changes);
}

/** Ticks may have been merged into the run since it was claimed: only what the attempt changes is written. */
function endedColumns(run: RunRecord, held: HeldClaim): Partial<HistoryTable> {
  const { outcome, reason, due_at, ended_at, error, result, attempts } = toEndedChange(run);
  return { outcome, reason, due_at, ended_at, error, result, attempts, ...toNoteColumns(held.notes()) };
}

function retryColumns(run: RunRecord, held: HeldClaim): Partial<LiveRunTable> {
  const { due_at, error, attempts } = toLiveChange(run);
  return { due_at, error, attempts, ...toNoteColumns(held.notes()) };
}

/** Whether the same completion was written before, and its response was lost on the way. */
function isWritten(run: RunRecord, { claim, result, endedAt, retryAt }: Completion): boolean {
  if (run.token !== claim.token) return false;
  if (retryAt !== null) return run.state === 'waiting' && run.dueAt === retryAt;
  return run.state === 'ended' && run.outcome === result.kind && run.endedAt === endedAt;
}
