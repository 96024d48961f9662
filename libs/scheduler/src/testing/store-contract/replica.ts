import assert from 'node:assert/strict';
import {
  type AttemptResult,
  type Claim,
  type Job,
  type JobOrigin,
  type JobSpec,
  type JsonValue,
  type PolicyOptions,
  readPolicies,
  type Run,
  type RunFilter,
} from '../../model/index.js';
import {
  type BackfillRequest,
  type BackfillResult,
  type ChangeResult,
  type ClaimBatch,
  isLeased,
  type JobChange,
  type LeasedStore,
  type PutResult,
  type RequestedRun,
  type CompletionEffect,
  type Store,
} from '../../ports/index.js';
import { every, type Trigger } from '../../timing/index.js';
import { asRow } from './as-text.js';

/** When the cases begin: 2026-06-01T12:00:00Z. */
export const START = Date.UTC(2026, 5, 1, 12);

/** An instant so many seconds after START. */
export function sec(seconds: number): number {
  return START + seconds * 1_000;
}

export interface JobOptions extends PolicyOptions {
  /** Default: every 10 s, first 10 s after START. */
  trigger?: Trigger;
  handler?: string;
  payload?: JsonValue;
  origin?: JobOrigin;
  disabled?: boolean;
  /** Where intervals begin to count, UTC ms. */
  anchorAt?: number;
}

export interface EndOptions {
  retryAt?: number;
  slotHeld?: boolean;
}

/** A store as one process uses it, in fewer words. */
export class Replica {
  readonly hints: string[] = [];
  lastNow = START;

  constructor(readonly store: Store) {}

  get leased(): LeasedStore {
    assert.ok(isLeased(this.store), 'this case wants a leased store');
    return this.store;
  }

  spec(id: string, options: JobOptions = {}): JobSpec {
    const {
      trigger = every('10s'),
      handler = 'work',
      payload,
      origin = 'added',
      disabled = false,
      anchorAt = START,
      ...policies
    } = options;
    return {
      id,
      trigger: trigger.bind({ jobId: id, timezone: 'UTC', anchorAt }),
      handler,
      payload,
      policies: readPolicies(policies),
      origin,
      disabled,
    };
  }

  async put(id: string, options?: JobOptions, now = START): Promise<PutResult> {
    const put = await this.store.putJob(this.spec(id, options), 'error', now);
    assert.equal(put.change, 'created', `put "${id}"`);
    return put;
  }

  async replace(id: string, options: JobOptions, now: number): Promise<PutResult> {
    return this.store.putJob(this.spec(id, options), 'replace', now);
  }

  /** As a decorator does at the start of a process. */
  async declare(id: string, options: JobOptions, now: number): Promise<PutResult> {
    return this.replace(id, { ...options, origin: 'declared' }, now);
  }

  async job(id: string): Promise<Job> {
    const job = await this.store.getJob(id);
    assert.ok(job, `there is no job "${id}"`);
    return job;
  }

  async change(id: string, change: JobChange, now: number): Promise<ChangeResult> {
    const result = await this.store.changeJob(id, change, now);
    assert.ok(result, `there is no job "${id}"`);
    return result;
  }

  async pause(id: string, now: number, until: number | null = null): Promise<ChangeResult> {
    return this.change(id, { kind: 'pause', note: null, by: null, until }, now);
  }

  async resume(id: string, now: number): Promise<ChangeResult> {
    return this.change(id, { kind: 'resume' }, now);
  }

  async remove(id: string, now: number): Promise<ChangeResult> {
    return this.change(id, { kind: 'remove' }, now);
  }

  async request(jobId: string, now: number, payload?: JsonValue): Promise<RequestedRun> {
    const requested = await this.store.requestRun({ jobId, payload, now });
    assert.ok(requested, `there is no job "${jobId}"`);
    return requested;
  }

  async backfill(
    jobId: string,
    fromAt: number,
    toAt: number,
    options: Partial<BackfillRequest> = {},
  ): Promise<BackfillResult> {
    const request = {
      jobId,
      fromAt,
      toAt,
      force: false,
      dryRun: false,
      most: 10_000,
      now: this.lastNow,
      ...options,
    };
    const result = await this.store.backfill(request);
    assert.ok(result, `there is no job "${jobId}"`);
    return result;
  }

  /** All that is due, in one batch. */
  async claim(now: number): Promise<ClaimBatch> {
    this.lastNow = now;
    const all: ClaimBatch = { claims: [], recorded: [], cancelled: [], changed: [], more: false };
    for (let rounds = 0; rounds < 1_000; rounds++) {
      const batch = await this.store.claimDue({ now, limit: 100 });
      all.claims = [...all.claims, ...batch.claims];
      all.recorded = [...all.recorded, ...batch.recorded];
      all.cancelled = [...all.cancelled, ...batch.cancelled];
      all.changed = [...all.changed, ...batch.changed];
      if (batch.recovered) all.recovered = [...(all.recovered ?? []), ...batch.recovered];
      all.lookAgainAt = batch.lookAgainAt ?? null;
      if (!batch.more) return all;
    }
    assert.fail('a store that has nothing due says no longer that there is more');
  }

  /** The only claim that is due. */
  async claimOne(now: number): Promise<Claim> {
    const { claims } = await this.claim(now);
    assert.equal(claims.length, 1, 'claims');
    return claims[0]!;
  }

  async end(
    claim: Claim,
    result: AttemptResult,
    now: number,
    { retryAt, slotHeld = false }: EndOptions = {},
  ): Promise<CompletionEffect> {
    const end = {
      claim,
      result,
      startedAt: now - 1,
      endedAt: now,
      durationMs: 1,
      retryAt: retryAt ?? null,
    };
    return this.store.complete(end, slotHeld);
  }

  async succeed(claim: Claim, now: number, value?: unknown): Promise<CompletionEffect> {
    return this.end(claim, { kind: 'succeeded', value }, now);
  }

  async fail(claim: Claim, now: number, retryAt?: number): Promise<CompletionEffect> {
    return this.end(claim, { kind: 'failed', error: new Error('no') }, now, { retryAt });
  }

  async runs(filter: RunFilter = {}): Promise<Run[]> {
    return this.store.listRuns(filter);
  }

  /** The only row of the job. */
  async run(jobId: string): Promise<Run> {
    const runs = await this.runs({ jobId });
    assert.equal(runs.length, 1, `rows of "${jobId}"`);
    return runs[0]!;
  }

  /** Rows in the order of their instants, as `outcome reason from..to xcount +merged`. */
  async ledger(jobId: string): Promise<string[]> {
    const runs = (await this.runs({ jobId, limit: 1_000 })).toReversed();
    return runs.sort((one, other) => instantOf(one) - instantOf(other)).map(asRow);
  }
}

function instantOf({ scheduledAt, standsFor }: Run): number {
  return (scheduledAt ?? standsFor)?.getTime() ?? Infinity;
}
