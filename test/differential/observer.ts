import type { Claim, Job, Store } from '@carillon/scheduler/store';
import { byJob, earliestDueAt, type Setting } from './legal-differences.js';

/** All that a store shows after one move, as plain data without ids. */
export interface Observation {
  readonly step: string;
  readonly at: string;
  readonly result: unknown;
  readonly dueAt: string | null;
  readonly jobs: unknown;
  readonly rows: unknown;
}

interface Seen {
  step: string;
  at: number;
  result: unknown;
}

/** Reads everything from a store. A row's id gives way to the name of its job and a number, in the order of appearance. */
export class Observer {
  private readonly names = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  constructor(private readonly setting: Setting) {}

  async observe(store: Store, { step, at, result }: Seen): Promise<Observation> {
    const runs = (await store.listRuns({ limit: 1_000 })).toReversed();
    for (const { id, jobId } of runs) if (!this.names.has(id)) this.names.set(id, this.nextName(jobId));
    const jobs = byJob(await store.listJobs({}), ({ id }) => id);
    const dueAt = await earliestDueAt(store, this.setting);
    return {
      step,
      at: time(at),
      result: this.plain(result),
      dueAt: dueAt === null ? null : time(dueAt),
      jobs: Object.fromEntries(jobs.map((job) => [job.id, this.plain(job)])),
      rows: Object.fromEntries(
        byJob(runs, ({ jobId }) => jobId).map((run) => [this.names.get(run.id), this.plain(run)]),
      ),
    };
  }

  private nextName(jobId: string): string {
    const count = (this.counts.get(jobId) ?? 0) + 1;
    this.counts.set(jobId, count);
    return `${jobId} row ${count}`;
  }

  private plain(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value === undefined ? null : value;
    if (value instanceof Date) return time(value.getTime());
    if (isClaim(value)) return this.claim(value);
    if (isTrigger(value)) return value.toJSON();
    if (Array.isArray(value)) {
      const items = value.every(hasJob) ? byJob(value, ({ jobId }) => jobId) : value;
      return items.map((item) => this.plain(item));
    }
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return Object.fromEntries(fields.map(([name, field]) => [name, this.field(name, field)]));
  }

  private field(name: string, field: unknown): unknown {
    if (typeof field === 'string' && IDS.has(name)) return this.names.get(field) ?? field;
    if (typeof field === 'number' && (name.endsWith('At') || name === 'scheduledUntil')) return time(field);
    return this.plain(field);
  }

  /** Field by field: a store's own claim may carry more than the port says, and be a live record. */
  private claim(claim: Claim): unknown {
    const { runId, jobId, handler, payload, policies, scheduledAt, standsForAt, dueAt, attempt } = claim;
    return this.plain({
      runId,
      jobId,
      handler,
      payload,
      policies: { ...policies },
      scheduledAt,
      standsForAt,
      dueAt,
      attempt,
    });
  }
}

const IDS: ReadonlySet<string> = new Set(['id', 'runId', 'into']);

function hasJob(item: unknown): item is { jobId: string } {
  return typeof item === 'object' && item !== null && 'jobId' in item;
}

function isClaim(value: object): value is Claim {
  return 'token' in value && 'policies' in value;
}

function isTrigger(value: object): value is Job['trigger'] {
  return 'nextAt' in value;
}

/** `12:00:05`, with milliseconds where there are some. */
function time(at: number): string {
  return new Date(at).toISOString().slice(11, 23).replace('.000', '');
}
