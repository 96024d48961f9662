import type { IfTaken, JobSpec, PutResult, StoreSession } from '@carillon/scheduler/store';
import { type Kysely, sql, type SqlBool } from 'kysely';
import type { Database } from '../driver/database.js';
import type { JobTable, Tables } from '../schema/tables.js';
import { adoptJob, beginJob, orphanJob, replaceJob } from '../turn/change-job.js';
import { Effects } from '../turn/effects.js';
import { declarationHash, newJobRow } from '../turn/job-row.js';
import type { JobTurn } from '../turn/job-turn.js';
import { readOr } from '../turn/json-text.js';
import { toJob } from '../turn/stored-job.js';
import type { KnownPolicies } from './known-policies.js';
import type { TurnStore } from './turn-store.js';

/** A replica that has not beaten for so many leases is forgotten. */
const DEAD_LEASES = 10;

type Declares = Record<string, string>;

/** Puts jobs, and keeps what is stored in step with what the code of all live replicas declares (D2, D3). */
export class Declarations {
  /** The hash of each declaration of this process's code, by job id. */
  private readonly declares: Declares = {};
  /** Held back by a replica that lives and declares the job otherwise. */
  private readonly pending = new Map<string, JobSpec>();
  private startedAt: number | null = null;

  constructor(
    private readonly db: Database,
    private readonly turns: TurnStore,
    private readonly policies: KnownPolicies,
    private readonly session: StoreSession,
    private readonly leaseMs: number,
    private readonly tzdata: string,
  ) {}

  /** @param trx a transaction */
  async put(trx: Kysely<Tables>, spec: JobSpec, ifTaken: IfTaken, now: number): Promise<PutResult> {
    const isDeclared = spec.origin === 'declared';
    const hash = isDeclared ? declarationHash(spec) : null;
    if (hash !== null) {
      this.policies.remember(spec, hash);
      this.declares[spec.id] = hash;
      await this.beat(trx, now);
    }
    for (;;) {
      const effects = new Effects();
      const [row] = await this.turns.lockJobs(trx, [spec.id]);
      if (!row) {
        const turn = await this.add(trx, newJobRow(spec, hash, now, this.tzdata), effects, now);
        if (turn !== null) return result('created', turn, spec, effects);
        continue;
      }
      const [turn] = await this.turns.turns(trx, [row], effects, now);
      const change =
        hash !== null ? await this.declare(trx, turn!, spec, hash, now) : replace(turn!, spec, ifTaken);
      await this.turns.write(trx, [turn!], effects);
      return result(change, turn!, change === 'changed' ? spec : null, effects);
    }
  }

  /** Says that this replica lives, and what its code declares. */
  async beat(trx: Kysely<Tables>, now: number): Promise<void> {
    const id = this.session.replica;
    this.startedAt ??= now;
    const beat = { beat_at: now, declares: JSON.stringify(this.declares) };
    const insert = trx.insertInto('replicas').values({ id, started_at: this.startedAt, ...beat });
    await (
      this.db.dialect.name === 'mysql'
        ? insert.onDuplicateKeyUpdate(beat)
        : insert.onConflict((conflict) => conflict.column('id').doUpdateSet(beat))
    ).execute();
  }

  /** Those of this process whose turn has come by now, and jobs that nobody's code declares any more. */
  async reconcile(trx: Kysely<Tables>, effects: Effects, now: number): Promise<void> {
    await trx
      .deleteFrom('replicas')
      .where('beat_at', '<', now - DEAD_LEASES * this.leaseMs)
      .execute();
    const live = await this.liveReplicas(trx, now);
    const declared = new Set(live.flatMap(({ declares }) => Object.keys(declares)));
    const stored = await trx
      .selectFrom('jobs')
      .select('id')
      .where('origin', '=', 'declared')
      .where('state', 'in', ['active', 'paused'])
      .execute();
    const lost = stored.map(({ id }) => id).filter((id) => !declared.has(id));
    const rows = await this.turns.lockJobs(trx, [...new Set([...lost, ...this.pending.keys()])]);
    const turns = await this.turns.turns(trx, rows, effects, now);
    for (const turn of turns) {
      const spec = this.pending.get(turn.row.id);
      if (spec === undefined) orphanJob(turn);
      else if (!isDeclaredBy(live, turn.row)) {
        this.replaceDeclared(turn, spec, this.declares[spec.id]!);
        effects.changed.push({ kind: 'edited', jobId: spec.id });
      }
    }
    await this.turns.write(trx, turns, effects);
  }

  /** What was held back and has been written is so no longer; called once that is committed. */
  settled(effects: Effects): void {
    for (const change of effects.changed) if (change.kind === 'edited') this.pending.delete(change.jobId);
  }

  async leave(kysely: Kysely<Tables>): Promise<void> {
    await kysely.deleteFrom('replicas').where('id', '=', this.session.replica).execute();
  }

  /** Null when another has added it in the meantime. */
  private async add(
    trx: Kysely<Tables>,
    row: JobTable,
    effects: Effects,
    now: number,
  ): Promise<JobTurn | null> {
    const turn = this.turns.newTurn(row, effects, now);
    beginJob(turn);
    const stored = await this.db.dialect.insertMany(trx, { table: 'jobs', rows: [row] });
    return stored.length > 0 ? turn : null;
  }

  private async declare(
    trx: Kysely<Tables>,
    turn: JobTurn,
    spec: JobSpec,
    hash: string,
    now: number,
  ): Promise<PutResult['change']> {
    const { row, job } = turn;
    this.pending.delete(row.id);
    if (row.declaration === hash && row.origin === 'declared' && job.unreadable === null) {
      adoptJob(turn);
      return 'same';
    }
    if (row.declaration !== null && row.declaration !== hash) {
      const others = (await this.liveReplicas(trx, now)).filter(({ id }) => id !== this.session.replica);
      if (isDeclaredBy(others, row)) {
        this.pending.set(row.id, spec);
        return 'kept';
      }
    }
    return this.replaceDeclared(turn, spec, hash) ? 'changed' : 'same';
  }

  private replaceDeclared(turn: JobTurn, spec: JobSpec, hash: string): boolean {
    adoptJob(turn);
    const changed = replaceJob(turn, spec);
    turn.row.declaration = hash;
    turn.row.origin = 'declared';
    turn.edited = true;
    return changed;
  }

  private async liveReplicas(
    trx: Kysely<Tables>,
    now: number,
  ): Promise<{ id: string; declares: Declares }[]> {
    const rows = await trx
      .selectFrom('replicas')
      .select(['id', 'declares'])
      .where('beat_at', '>=', now - this.leaseMs)
      .execute();
    return rows.map(({ id, declares }) => ({ id, declares: readOr<Declares>(declares, {}) }));
  }
}

function replace(turn: JobTurn, spec: JobSpec, ifTaken: IfTaken): PutResult['change'] {
  if (ifTaken !== 'replace') return ifTaken === 'keep' ? 'kept' : 'taken';
  if (!replaceJob(turn, spec)) return 'same';
  turn.row.declaration = null;
  return 'changed';
}

function isDeclaredBy(replicas: readonly { declares: Declares }[], { id, declaration }: JobTable): boolean {
  return replicas.some(({ declares }) => declares[id] === declaration);
}

function result(
  change: PutResult['change'],
  turn: JobTurn,
  spec: JobSpec | null,
  { recorded, changed }: Effects,
): PutResult {
  const job = toJob(turn.job, turn.alive);
  return { change, job: spec === null ? job : { ...job, policies: spec.policies }, recorded, changed };
}

/** The jobs that are due and wait for a replica that knows their handler (D5). */
export async function dueWithoutHandler(
  { kysely, dialect }: Database,
  known: readonly string[],
  now: number,
): Promise<{ jobId: string; handler: string }[]> {
  const rows = await kysely
    .selectFrom('jobs')
    .select(['id', 'handler'])
    .where('due_at', '<=', now)
    .where('state', '=', 'active')
    .where(sql<SqlBool>`not (${dialect.isOneOf('handler', known)})`)
    .limit(100)
    .execute();
  return rows.map(({ id, handler }) => ({ jobId: id, handler }));
}
