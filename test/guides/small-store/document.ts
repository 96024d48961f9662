// #region document
import { deserialize, serialize } from 'node:v8';
import * as carillon from '@carillon/scheduler/store';

/** A job as rules know it, with strings for the two fields that are objects with methods. */
type KeptJob = Omit<carillon.JobRecord, 'trigger' | 'policies'> & { trigger: string; policies: string };
/** A run as rules know it, with its instant for queries and the notes of its handler. */
export type KeptRun = carillon.RunRecord & carillon.RunNotes & { instant: number };

/** Everything that the store keeps, as one verb reads it, changes it and writes it. */
export class Document {
  readonly facts = new carillon.Facts();
  readonly jobs = new Map<string, KeptJob>();
  readonly runs = new Map<string, KeptRun>();
  readonly replicas = new Map<string, carillon.LiveReplica & { beatAt: number }>();
  private madeRuns = 0;
  private readonly changes = new carillon.UnitChanges();
  private readonly units = new Map<string, carillon.StoredUnit>();

  /** @param bytes null for a store that is new */
  constructor(
    bytes: Buffer | null,
    readonly now: number,
    private readonly knownPolicies: carillon.KnownPolicies,
  ) {
    if (bytes) Object.assign(this, deserialize(bytes));
  }

  /** Loads a job with its live runs; null when there is no such job. */
  unit(id: string): carillon.StoredUnit | null {
    const kept = this.jobs.get(id);
    if (!kept || this.units.has(id)) return this.units.get(id) ?? null;
    const { trigger, policies, unreadable } = carillon.readDefinition(kept.trigger, kept.policies);
    const withFunctions = this.knownPolicies.complete(kept, policies, kept.policies);
    const span = kept.span && this.runs.has(kept.span.id) ? kept.span : null;
    return this.load({ ...kept, trigger, policies: withFunctions, span }, unreadable);
  }

  /** Makes a job. @param declaration hash of the declaration; null for a job that is added */
  add(spec: carillon.JobSpec, declaration: string | null): carillon.StoredUnit {
    const zoneVersion = carillon.zoneinfoVersion();
    const made = { payload: spec.payload, declaration, now: this.now, zoneVersion };
    return this.load(carillon.newJobRecord(spec, made), null);
  }

  /** Puts a job. @param hash of its declaration; null for one that is added @param others live replicas but this one */
  put({ spec, ifTaken }: carillon.JobPut, hash: string | null, others: readonly carillon.LiveReplica[]) {
    const stored = this.unit(spec.id);
    const unit = stored ?? this.add(spec, hash);
    const put = putOf(unit, spec, hash);
    let change: carillon.PutResult['change'] = 'created';
    if (stored === null) carillon.beginJob(unit);
    else if (hash === null) change = carillon.putTakenJob(unit, put, ifTaken);
    else change = carillon.declareJob(unit, put, others);
    return { change, job: viewOf(unit) };
  }

  private load(job: carillon.JobRecord, unreadable: unknown): carillon.StoredUnit {
    const live = new carillon.LiveRuns();
    for (const run of this.runs.values())
      if (run.jobId === job.id && !run.jobIsGone && (run.state !== 'ended' || run.holdsSlot))
        live.list.push(run);
    const { now, facts, changes } = this;
    const runId = () => String(++this.madeRuns).padStart(12, '0');
    const readPayload = (payload: unknown) => payload as carillon.JsonValue | undefined;
    const context = { now, zoneVersion: carillon.zoneinfoVersion(), facts, changes, runId, readPayload };
    const unit = new carillon.StoredUnit(job, live, context, unreadable);
    carillon.followZoneData(unit);
    this.units.set(job.id, unit);
    return unit;
  }

  /** The bytes with all that rules changed. Loaded runs are the document's own objects, and are changed already. */
  toBytes(): Buffer {
    const { jobs, runs, replicas, madeRuns } = this;
    for (const run of this.changes.made) {
      const instant = run.scheduledAt ?? run.standsForAt ?? run.dueAt;
      runs.set(run.id, Object.assign(run, { instant, progress: null, log: [] }));
    }
    for (const { job, before, removed } of this.units.values()) {
      const kept = jobs.get(job.id);
      // Strings that cannot be read stay until an edit replaces them.
      const keeps = (field: 'trigger' | 'policies') => kept !== undefined && job[field] === before[field];
      const trigger = keeps('trigger') ? kept!.trigger : JSON.stringify(job.trigger);
      const policies = keeps('policies') ? kept!.policies : carillon.policiesToText(job.policies);
      if (removed) jobs.delete(job.id);
      else jobs.set(job.id, { ...job, trigger, policies });
    }
    return serialize({ jobs, runs, replicas, madeRuns });
  }

  /** Says that a replica lives, and what its code declares. Returns the live replicas. */
  beat(id: string, declares: carillon.Declares, leaseMs: number): carillon.LiveReplica[] {
    this.replicas.set(id, { id, zoneVersion: carillon.zoneinfoVersion(), declares, beatAt: this.now });
    return this.live(this.now - leaseMs);
  }

  live(sinceAt: number): carillon.LiveReplica[] {
    return [...this.replicas.values()].filter(({ beatAt }) => beatAt >= sinceAt);
  }

  /** Due jobs that none of these handlers fits. */
  unhandled(handlers: readonly string[]): { jobId: string; handler: string }[] {
    return [...this.jobs.values()]
      .filter(({ state, dueAt }) => state === 'active' && dueAt !== null && dueAt <= this.now)
      .map(({ id, handler }) => ({ jobId: id, handler: handler as string }))
      .filter(({ handler }) => !handlers.includes(handler));
  }

  earliestDueAt(handlers: readonly string[]): number | null {
    const known = new Set<unknown>(handlers);
    const ofJobs = [...this.jobs.values()].filter((job) => known.has(job.handler) || job.state === 'paused');
    const waiting = [...this.runs.values()].filter(({ state }) => state === 'waiting');
    const ofRuns = waiting.filter(({ jobId }) => known.has(this.jobs.get(jobId)?.handler));
    const at = Math.min(...[...ofJobs, ...ofRuns].map(({ dueAt }) => dueAt ?? Infinity));
    return at === Infinity ? null : at;
  }

  startedInstants(job: string): Set<number> {
    const rows = [...this.runs.values()].filter(({ jobId }) => jobId === job);
    const started = rows.filter(({ state, attempt }) => state !== 'ended' || attempt > 0);
    return new Set(started.flatMap(({ scheduledAt, standsForAt }) => scheduledAt ?? standsForAt ?? []));
  }

  /** Ends the attempts of holders that did not renew (L4). */
  recoverLapsed(units: readonly carillon.StoredUnit[]): void {
    const isLapsed = ({ holdsSlot, leaseUntil }: carillon.RunRecord) => holdsSlot && leaseUntil! < this.now;
    for (const unit of units)
      for (const run of unit.runs.list.filter(isLapsed)) carillon.recoverRun(unit, run);
    for (const run of this.runs.values()) {
      const outcome = run.jobIsGone && isLapsed(run) ? carillon.recoverGone(run, this.now) : null;
      if (outcome !== null) this.facts.record(outcome);
    }
  }

  forgetEndedBefore(at: number): void {
    for (const { id, endedAt, holdsSlot } of this.runs.values())
      if (endedAt !== null && endedAt < at && !holdsSlot) this.runs.delete(id);
  }
}

export function putOf({ job }: carillon.StoredUnit, spec: carillon.JobSpec, hash: string | null) {
  return { spec, hash, payload: spec.payload, current: job.payload as carillon.JsonValue | undefined };
}

export function viewOf({ job, runs }: carillon.StoredUnit): carillon.Job {
  return carillon.viewJob(job, job.payload as carillon.JsonValue | undefined, runs.alive);
}
// #endregion
