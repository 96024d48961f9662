import type { Claim, JsonValue } from '../model/index.js';
import type { Facts } from './facts.js';
import type { LiveRuns } from './live-runs.js';
import { type JobRecord, newRunRecord, type RunRecord, type SpanRecord } from './records.js';
import { Unit } from './unit.js';

/** Records that rules made or changed, to be written. One object for all units of a transaction. */
export class UnitChanges {
  readonly made = new Set<RunRecord>();
  readonly touched = new Set<RunRecord>();
  /** The runs of the claims in `facts`, in the same order. */
  readonly claimed: RunRecord[] = [];
  /** Spans made earlier that further ticks have joined: `count`, `countIsAtLeast`, `scheduledUntil`, `endedAt`. */
  readonly lengthened = new Set<SpanRecord>();
}

/** All that units of one transaction share. */
export interface UnitContext {
  /** Time of the store, UTC ms. */
  readonly now: number;
  /** Version of the time zone data of this process. */
  readonly zoneVersion: string;
  readonly facts: Facts;
  readonly changes: UnitChanges;
  /** Makes a run's id, which sorts behind those made before. */
  readonly runId: (now: number) => string;
  /** @throws when the payload, in the store's form, cannot be read */
  readonly readPayload: (payload: unknown) => JsonValue | undefined;
}

/**
 * A unit of plain records that a store has loaded, under its lock or with a revision, and writes afterwards: the
 * job if it differs from `before`, or deletes it if `removed`; and the runs in `context.changes`.
 */
export class StoredUnit extends Unit {
  /** The job's record as it was loaded. */
  readonly before: Readonly<JobRecord>;
  override readonly isDurable = true;

  constructor(
    override readonly job: JobRecord,
    override readonly runs: LiveRuns,
    readonly context: UnitContext,
    override readonly unreadable: unknown = null,
  ) {
    super();
    this.before = { ...job };
  }

  override get now(): number {
    return this.context.now;
  }
  override get zoneVersion(): string {
    return this.context.zoneVersion;
  }
  override get facts(): Facts {
    return this.context.facts;
  }

  override keepRun(
    scheduledAt: number | null,
    dueAt: number,
    payload: unknown,
    standsForAt: number | null,
  ): RunRecord {
    const { context, job, now } = this;
    const origin = { scheduledAt, standsForAt, dueAt, payload };
    const run = newRunRecord(context.runId(now), job, origin);
    context.changes.made.add(run);
    return run;
  }

  override touch(run: RunRecord): void {
    const { made, touched } = this.context.changes;
    if (!made.has(run)) touched.add(run);
  }

  override lengthen(span: SpanRecord): void {
    const { made, lengthened } = this.context.changes;
    if (!made.has(span as RunRecord)) lengthened.add(span);
  }

  override claimOf(run: RunRecord): Claim {
    const payload = this.context.readPayload(run.payload);
    const { id: jobId, handler, policies } = this.job;
    this.context.changes.claimed.push(run);
    return {
      runId: run.id,
      jobId,
      handler,
      payload,
      policies,
      scheduledAt: run.scheduledAt,
      standsForAt: run.standsForAt,
      dueAt: run.dueAt,
      attempt: run.attempt + 1,
      token: run.token + 1,
    };
  }
}
