import type { Completion, Claim, CompletionEffect } from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import { type BulkChange, byId } from '../driver/bulk.js';
import type { Database } from '../driver/database.js';
import type { RunTable, Tables } from '../schema/tables.js';
import { Effects } from '../turn/effects.js';
import type { JobTurn } from '../turn/job-turn.js';
import { endOfRun, giveBackRun, releaseRun, settleGone, settleRun } from '../turn/settle-run.js';
import { freeRun } from '../turn/run-row.js';
import type { HeldClaims } from './held-claims.js';
import type { TurnStore } from './turn-store.js';

/** Under its token: still carried, and nothing of its job's hangs on its end. */
const CARRIED_ALONE = { state: 'running', followed: 0, replaced: 0 } as const;
const FREE = { holds_place: 0, group_name: null, holder: null, lease_until: null } as const;
const SUCCEEDED = { state: 'ended', outcome: 'succeeded', live: 0, ...FREE } as const;

type ClaimId = Pick<Claim, 'runId' | 'jobId' | 'token'>;

/** What became of a claim, to be written. */
export interface Ending {
  readonly claim: Claim;
  /** Null: the claim's place is given back, its result is recorded already. */
  readonly end: Completion | null;
  readonly slotHeld: boolean;
  readonly now: number;
}

/** Writes how claims ended, each under its token, many at once. */
export class Settlement {
  constructor(
    private readonly db: Database,
    private readonly turns: TurnStore,
    private readonly held: HeldClaims,
    private readonly replica: string,
  ) {}

  /** As far as is known here, it changes nothing but its run. */
  isPlain({ claim, end, slotHeld }: Ending): boolean {
    if (end === null || slotHeld) return false;
    const { kind } = end.result;
    if (kind === 'abandoned') return false;
    if ((kind === 'failed' || kind === 'timedOut') && end.retryAt === null) return false;
    return this.held.get(claim)?.run.followed === 0;
  }

  /** Endings that change nothing but their run lock nothing else. @returns those of them that were written */
  async writePlain(kysely: Kysely<Tables>, endings: readonly Ending[]): Promise<Set<Ending>> {
    const byRun = new Map<string, Ending>();
    const succeeded: BulkChange<'runs'>[] = [];
    const others: BulkChange<'runs'>[] = [];
    for (const ending of endings) {
      const { claim, end } = ending;
      const held = this.held.get(claim);
      if (held === null || end === null) continue;
      byRun.set(claim.runId, ending);
      const { state, outcome, ended_at, result, ...rest } = endOfRun(held.run, end, end.retryAt);
      const where = { id: claim.runId, token: claim.token };
      if (outcome === 'succeeded' && held.run.attempts === null && !held.hasNotes)
        succeeded.push({ where, set: { ended_at, result } });
      else
        others.push({
          where,
          set: { state, outcome, ended_at, result, ...rest, ...held.notes, live: state === 'ended' ? 0 : 1 },
        });
    }
    const written = new Set<Ending>();
    for (const [rows, set] of [
      [succeeded, SUCCEEDED],
      [others, FREE],
    ] as const) {
      rows.sort(byId);
      const alike = { where: CARRIED_ALONE, set };
      const ids = await this.db.dialect.updateMany(kysely, { table: 'runs', rows, alike });
      for (const id of ids) written.add(byRun.get(id)!);
    }
    return written;
  }

  /** Endings that may change their jobs: these are locked first, and in one order. */
  async writeWithJobs(
    trx: Kysely<Tables>,
    endings: readonly Ending[],
  ): Promise<Map<Ending, CompletionEffect>> {
    const settled = new Map<Ending, CompletionEffect>();
    if (endings.length === 0) return settled;
    const effects = new Effects();
    const turns = await this.turnsOf(
      trx,
      endings.map(({ claim }) => claim),
      effects,
      Math.max(...endings.map(({ now }) => now)),
    );
    for (const ending of endings) {
      const turn = turns.get(ending.claim.jobId);
      const run = turn?.runs.find(({ id }) => id === ending.claim.runId);
      settled.set(
        ending,
        turn && run ? this.settleLive(turn, run, ending) : await this.settleOther(trx, ending),
      );
    }
    await this.turns.write(trx, [...turns.values()], effects);
    await this.writeNotes(
      trx,
      endings.filter((ending) => settled.get(ending) !== 'refused'),
    );
    return settled;
  }

  /** Claims whose handlers were not called: their runs wait again. */
  async giveBack(trx: Kysely<Tables>, claims: readonly ClaimId[], now: number): Promise<void> {
    const effects = new Effects();
    const turns = await this.turnsOf(trx, claims, effects, now);
    for (const claim of claims) {
      const turn = turns.get(claim.jobId);
      const run = turn?.runs.find(({ id }) => id === claim.runId);
      if (turn && run && run.state === 'running' && this.isHeldBy(run, claim)) giveBackRun(turn, run);
    }
    await this.turns.write(trx, [...turns.values()], effects);
  }

  /** What handlers told last may still be on its way, and would find the claim over. */
  private async writeNotes(trx: Kysely<Tables>, endings: readonly Ending[]): Promise<void> {
    const rows = endings.flatMap(({ claim }) => {
      const held = this.held.get(claim);
      if (!held?.hasNotes) return [];
      return { where: { id: claim.runId, token: claim.token }, set: held.notes };
    });
    rows.sort(byId);
    await this.db.dialect.updateMany(trx, { table: 'runs', rows });
  }

  private async turnsOf(
    trx: Kysely<Tables>,
    claims: readonly ClaimId[],
    effects: Effects,
    now: number,
  ): Promise<Map<string, JobTurn>> {
    const rows = await this.turns.lockJobs(trx, [...new Set(claims.map(({ jobId }) => jobId))]);
    const turns = await this.turns.turns(trx, rows, effects, now);
    return new Map(turns.map((turn) => [turn.row.id, turn]));
  }

  private settleLive(turn: JobTurn, run: RunTable, { claim, end, slotHeld, now }: Ending): CompletionEffect {
    if (!this.isHeldBy(run, claim))
      return end !== null && isWritten(run, claim, end) ? 'recorded' : 'refused';
    if (end === null) return run.state === 'ended' ? releaseRun(turn, run, now) : 'refused';
    if (run.state !== 'running') return isWritten(run, claim, end) ? 'recorded' : 'refused';
    return settleRun(turn, run, end, slotHeld);
  }

  /** The run has ended, or its job was removed. */
  private async settleOther(
    trx: Kysely<Tables>,
    { claim, end, slotHeld }: Ending,
  ): Promise<CompletionEffect> {
    const query = trx.selectFrom('runs').selectAll().where('id', '=', claim.runId);
    const run = await (this.db.dialect.skipLocked ? query.forUpdate() : query).executeTakeFirst();
    if (!run) return 'refused';
    if (end !== null && isWritten(run, claim, end)) return 'recorded';
    if (run.generation > 0 || !this.isHeldBy(run, claim)) return 'refused';
    if ((end === null) !== (run.state === 'ended')) return 'refused';
    const settled = end === null ? 'recorded' : settleGone(run, end, slotHeld);
    if (end === null) freeRun(run);
    const effects = new Effects();
    effects.touch(run);
    await this.turns.write(trx, [], effects);
    return settled;
  }

  private isHeldBy(run: RunTable, { token }: ClaimId): boolean {
    return run.token === token && run.holder === this.replica && run.holds_place === 1;
  }
}

/** The same end was written before: the answer to it was lost on the way. */
function isWritten(run: RunTable, { token }: Claim, { result, endedAt, retryAt }: Completion): boolean {
  if (run.token !== token) return false;
  if (retryAt !== null) return run.state === 'waiting' && run.due_at === retryAt;
  return run.state === 'ended' && run.outcome === result.kind && run.ended_at === endedAt;
}
