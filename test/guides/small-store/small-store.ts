// #region store
import * as carillon from '@carillon/scheduler/store';
import { Document, type KeptRun, putOf, viewOf } from './document.js';

/** A place for bytes with a conditional write, as object stores and key-value stores have it. */
export interface Cell {
  read(): Promise<{ bytes: Buffer | null; revision: number }>;
  /** Returns false, and writes nothing, once `revision` is not the newest. */
  write(bytes: Buffer, revision: number): Promise<boolean>;
  /** Its own time, UTC ms. */
  time(): Promise<number>;
}

const FULL_MS = 250;
const WEEK_MS = 7 * 86_400_000;

/** Jobs and runs in one cell, which any number of replicas share. */
export class SmallStore implements carillon.LeasedStore {
  readonly durable = true;
  readonly clustered = true;
  private session!: carillon.StoreSession;
  private readonly knownPolicies = new carillon.KnownPolicies();
  /** Declarations of the code of this process, and their hashes. */
  private readonly specs = new Map<string, carillon.JobSpec>();
  private readonly declares: carillon.Declares = {};
  /** Claims of this process, until their slots are given back. */
  private readonly held = new Map<string, carillon.Claim>();
  private readonly cancelled = new WeakSet<carillon.Claim>();
  private readonly reported = new Set<string>();

  constructor(
    private readonly cell: Cell,
    readonly leaseMs: number,
    readonly pollMs: number,
  ) {}

  /** One atomic step: reads, decides, and writes. Decides anew when another replica was faster. */
  private async transact<T>(now: number, decide: (document: Document) => T): Promise<T> {
    for (;;) {
      const { bytes, revision } = await this.cell.read();
      const document = new Document(bytes, now, this.knownPolicies);
      const decided = decide(document);
      if (await this.cell.write(document.toBytes(), revision)) return decided;
    }
  }

  /** One step on the run of a claim, unless another holds it by now. `unit` is null when its job was removed. */
  private decideHeld<T>(
    { runId, jobId, token }: carillon.Claim,
    { now, state }: { now: number; state?: carillon.RunState },
    rule: (run: KeptRun, unit: carillon.StoredUnit | null) => T,
  ): Promise<T | 'refused'> {
    return this.transact(now, (document) => {
      const run = document.runs.get(runId);
      if (!run?.holdsSlot || run.token !== token || run.holder !== this.session.replica) return 'refused';
      if (run.state !== (state ?? run.state)) return 'refused';
      return rule(run, run.jobIsGone ? null : document.unit(jobId));
    });
  }

  private async read<T>(view: (document: Document) => T): Promise<T> {
    return view(new Document((await this.cell.read()).bytes, 0, this.knownPolicies));
  }

  async open(session: carillon.StoreSession): Promise<void> {
    this.session = session;
  }

  async close(now: number): Promise<[]> {
    await this.transact(now, ({ replicas }) => replicas.delete(this.session.replica));
    return [];
  }

  putJob(spec: carillon.JobSpec, ifTaken: carillon.IfTaken, now: number): Promise<carillon.PutResult> {
    const hash = spec.origin === 'declared' ? carillon.declarationHash(spec) : null;
    if (hash !== null) {
      this.knownPolicies.remember(spec, hash);
      this.specs.set(spec.id, spec);
      this.declares[spec.id] = hash;
    }
    return this.transact(now, (document) => {
      const live = document.beat(this.session.replica, this.declares, this.leaseMs);
      const others = live.filter(({ id }) => id !== this.session.replica);
      return { ...document.put({ spec, ifTaken }, hash, others), ...document.facts.effects };
    });
  }

  putJobs(puts: readonly carillon.JobPut[], now: number): Promise<carillon.BulkPutResult> {
    return this.transact(now, (document) => {
      const taken = carillon.takenIds(puts, (id) => document.jobs.has(id));
      if (taken.length > 0) return carillon.refusedPuts(taken);
      return { taken, puts: puts.map((put) => document.put(put, null, [])), ...document.facts.effects };
    });
  }

  changeJob(id: string, change: carillon.JobChange, now: number): Promise<carillon.ChangeResult | null> {
    return this.transact(now, (document) => {
      const unit = document.unit(id);
      if (unit === null) return null;
      carillon.changeJob(unit, change, ({ payload }) => payload);
      return { job: viewOf(unit), ...unit.facts.effects };
    });
  }

  requestRun({ jobId, payload, now }: carillon.RunRequest): Promise<carillon.RequestedRun | null> {
    return this.transact(now, (document) => {
      const unit = document.unit(jobId);
      if (unit === null) return null;
      const run = carillon.requestRun(unit, payload === undefined ? unit.job.payload : payload);
      const view = carillon.viewRun(run, null, []);
      const cancelled = unit.facts.replaced.flatMap(({ id }) => this.held.get(id) ?? []);
      return { view: () => view, recorded: unit.facts.recorded, cancelled };
    });
  }

  backfill(request: carillon.BackfillRequest): Promise<carillon.BackfillResult | null> {
    return this.transact(request.now, (document) => {
      const unit = document.unit(request.jobId);
      return unit && carillon.backfillRuns(unit, request, document.startedInstants(request.jobId));
    });
  }

  async claimDue({ now, limit }: carillon.ClaimRequest): Promise<carillon.ClaimBatch> {
    const { replica, handlers } = this.session;
    const { facts, ...batch } = await this.transact(now, (document) => {
      const units = [...document.jobs.keys()].map((id) => document.unit(id)!);
      document.recoverLapsed(units);
      const slots = carillon.BatchSlots.among(document.runs.values(), this.session);
      const claimer = { replica, leaseUntil: now + this.leaseMs, slots };
      const knows = ({ job }: carillon.Unit) => handlers().includes(job.handler as string);
      const { more, left } = carillon.takeDue(units, claimer, knows, limit);
      return { facts: document.facts, more, lookAgainAt: left ? now + FULL_MS : null };
    });
    const { claims, recorded, changed, recovered, replaced } = facts;
    for (const claim of claims) this.held.set(claim.runId, claim);
    const cancelled = replaced.flatMap(({ id }) => this.held.get(id) ?? []);
    return { ...batch, claims, recorded, changed, recovered, cancelled };
  }

  async complete(completion: carillon.Completion, slotHeld: boolean): Promise<carillon.CompletionEffect> {
    const { claim, endedAt: now } = completion;
    if (!slotHeld) this.held.delete(claim.runId);
    return this.decideHeld(claim, { now, state: 'running' }, (run, unit) => {
      if (unit) return carillon.completeRun(unit, run, completion, slotHeld);
      return carillon.completeGone(run, completion, slotHeld);
    });
  }

  async release(claim: carillon.Claim, now: number): Promise<carillon.CompletionEffect> {
    this.held.delete(claim.runId);
    return this.decideHeld(claim, { now, state: 'ended' }, (run, unit) => {
      if (unit) return carillon.releaseSlot(unit, run, now);
      carillon.freeRun(run);
      return 'recorded';
    });
  }

  async annotate(claim: carillon.Claim, note: carillon.RunNote): Promise<void> {
    await this.decideHeld(claim, { now: 0 }, (run) => {
      if (note.kind === 'progress') run.progress = note.progress;
      else carillon.keepLine(run.log, note.line);
    });
  }

  async giveBack(claims: readonly carillon.Claim[], now: number): Promise<void> {
    for (const claim of claims) {
      this.held.delete(claim.runId);
      const giveBack = (run: KeptRun, unit: carillon.StoredUnit | null) =>
        unit && carillon.giveBackRun(unit, run);
      await this.decideHeld(claim, { now, state: 'running' }, giveBack);
    }
  }

  async renew(claims: readonly carillon.Claim[], now: number): Promise<carillon.Renewal> {
    const lost: carillon.Claim[] = [];
    const cancelled: carillon.Claim[] = [];
    for (const claim of claims) {
      const leaseUntil = now + this.leaseMs;
      const run = await this.decideHeld(claim, { now }, (held) => Object.assign(held, { leaseUntil }));
      if (run === 'refused') lost.push(claim);
      else if (run.isReplaced && !this.cancelled.has(claim)) cancelled.push(claim);
    }
    for (const claim of cancelled) this.cancelled.add(claim);
    for (const { runId } of lost) this.held.delete(runId);
    return { lost, cancelled };
  }

  async beat(now: number): Promise<carillon.BeatResult> {
    const found = await this.transact(now, (document) => {
      const live = document.beat(this.session.replica, this.declares, this.leaseMs);
      const stored = [...document.jobs.values()].filter(({ origin }) => origin === 'declared');
      for (const id of carillon.toReconcile(stored, this.declares, live)) {
        const [unit, spec, hash] = [document.unit(id), this.specs.get(id), this.declares[id] ?? null];
        if (unit) carillon.reconcileJob(unit, spec ? putOf(unit, spec, hash) : null, live);
        else {
          carillon.beginJob(document.add(spec!, hash));
          document.facts.change({ kind: 'added', jobId: id });
        }
      }
      document.forgetEndedBefore(now - WEEK_MS);
      return { facts: document.facts, unhandled: document.unhandled(this.session.handlers()) };
    });
    const unhandled = found.unhandled.filter(({ jobId }) => !this.reported.has(jobId));
    for (const { jobId } of unhandled) this.reported.add(jobId);
    return { ...found.facts.effects, unhandled };
  }

  time(): Promise<number> {
    return this.cell.time();
  }

  async otherReplicas(): Promise<string[]> {
    const now = await this.time();
    const live = await this.read((document) => document.live(now - this.leaseMs));
    return live.map(({ id }) => id).filter((id) => id !== this.session.replica);
  }

  /** Replicas share the cell's time: nothing follows. */
  async clockSetBack(): Promise<{ recorded: []; changed: [] }> {
    return { recorded: [], changed: [] };
  }

  getJob(id: string): Promise<carillon.Job | null> {
    return this.read((document) => (document.jobs.has(id) ? viewOf(document.unit(id)!) : null));
  }

  listJobs({ state, origin, handler }: carillon.JobFilter): Promise<carillon.Job[]> {
    return this.read((document) =>
      [...document.jobs.values()]
        .filter((job) => (state ?? job.state) === job.state && (origin ?? job.origin) === job.origin)
        .filter((job) => (handler ?? job.handler) === job.handler)
        .map(({ id }) => viewOf(document.unit(id)!)),
    );
  }

  listRuns({ jobId, outcome, state, limit = 100, ...filter }: carillon.RunFilter): Promise<carillon.Run[]> {
    const outcomes: readonly unknown[] | null = outcome === undefined ? null : [outcome].flat();
    const { from, to, after = '~' } = filter;
    return this.read(({ runs }) =>
      [...runs.values()]
        .filter((run) => (jobId ?? run.jobId) === run.jobId && (state ?? run.state) === run.state)
        .filter((run) => run.id < after && (outcomes === null || outcomes.includes(run.outcome)))
        .filter(({ instant }) => instant >= Number(from ?? -Infinity) && instant <= Number(to ?? Infinity))
        .slice(-limit)
        .reverse()
        .map((run) => carillon.viewRun(run, run.progress, run.log)),
    );
  }

  earliestDueAt(): Promise<number | null> {
    return this.read((document) => document.earliestDueAt(this.session.handlers()));
  }
}
// #endregion
