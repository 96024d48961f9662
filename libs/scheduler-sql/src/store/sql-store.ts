import type {
  Completion,
  BackfillRequest,
  BackfillResult,
  BeatResult,
  ChangeResult,
  Claim,
  ClaimBatch,
  ClaimRequest,
  IfTaken,
  Job,
  JobChange,
  JobFilter,
  JobSpec,
  LeasedStore,
  PutResult,
  RecordedOutcome,
  Renewal,
  RequestedRun,
  Run,
  RunFilter,
  RunNote,
  RunRequest,
  CompletionEffect,
  StoreSession,
} from '@carillon/scheduler/store';
import { SchedulerError, StoreUnavailableError } from '@carillon/scheduler/store';
import type { Database } from '../driver/database.js';
import type { Retention } from './retention.js';
import { queryRuns } from './history-query.js';
import { OpenStore } from './open-store.js';

/** Where the store's tables are, and what it goes by. */
export interface StoreSource {
  readonly options: { readonly leaseMs: number; readonly pollMs: number; readonly retention: Retention };
  /** Opens the database, with its tables ready. */
  connect(): Promise<Database>;
}

const NOTHING = { recorded: [], changed: [] };

/** Jobs and runs in the tables of a database, shared by any number of replicas. */
export class SqlStore implements LeasedStore {
  readonly durable = true;
  readonly clustered = true;
  private opened: OpenStore | null = null;

  constructor(private readonly source: StoreSource) {}

  get leaseMs(): number {
    return this.source.options.leaseMs;
  }
  get pollMs(): number {
    return this.source.options.pollMs;
  }

  async open(session: StoreSession): Promise<void> {
    try {
      this.opened = await OpenStore.open(this.source, session);
    } catch (error) {
      // The driver's words alone would not say that it is the store.
      throw error instanceof SchedulerError ? error : new StoreUnavailableError(error);
    }
  }

  async close(): Promise<RecordedOutcome[]> {
    const { opened } = this;
    this.opened = null;
    await opened?.close();
    return [];
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, now: number, transaction?: unknown): Promise<PutResult> {
    return this.store.putJob(spec, ifTaken, now, transaction);
  }

  getJob(id: string): Promise<Job | null> {
    return this.store.getJob(id);
  }

  listJobs(filter: JobFilter): Promise<Job[]> {
    return this.store.listJobs(filter);
  }

  changeJob(id: string, change: JobChange, now: number): Promise<ChangeResult | null> {
    return this.store.changeJob(id, change, now);
  }

  requestRun(request: RunRequest): Promise<RequestedRun | null> {
    return this.store.requestRun(request);
  }

  backfill(request: BackfillRequest): Promise<BackfillResult | null> {
    return this.store.backfill(request);
  }

  listRuns(filter: RunFilter): Promise<Run[]> {
    return this.store.asked((database) => queryRuns(database, filter));
  }

  earliestDueAt(): Promise<number | null> {
    return this.store.earliestDueAt();
  }

  claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    return this.store.carrier.claimDue(request);
  }

  complete(end: Completion, slotHeld: boolean): Promise<CompletionEffect> {
    return this.store.carrier.settle(end, slotHeld);
  }

  release(claim: Claim, now: number): Promise<CompletionEffect> {
    return this.store.carrier.release(claim, now);
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    return this.store.carrier.annotate(claim, note);
  }

  renew(claims: readonly Claim[], now: number): Promise<Renewal> {
    return this.store.carrier.renew(claims, now);
  }

  giveBack(claims: readonly Claim[], now: number): Promise<void> {
    return this.store.carrier.giveBack(claims, now);
  }

  time(): Promise<number> {
    return this.store.asked(({ dialect, kysely }) => dialect.now(kysely));
  }

  beat(now: number): Promise<BeatResult> {
    return this.store.beat(now);
  }

  /** Time is shared with other replicas: nothing follows. */
  clockSetBack(): Promise<typeof NOTHING> {
    return Promise.resolve(NOTHING);
  }

  private get store(): OpenStore {
    if (this.opened === null) throw new Error('The store is not open.');
    return this.opened;
  }
}
