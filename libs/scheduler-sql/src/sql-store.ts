import type {
  BackfillRequest,
  BackfillResult,
  BeatResult,
  BulkPutResult,
  ChangeResult,
  Claim,
  ClaimBatch,
  ClaimRequest,
  Completion,
  CompletionEffect,
  IfTaken,
  Job,
  JobChange,
  JobFilter,
  JobPut,
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
  StoreSession,
} from '@carillon/scheduler/store';
import {
  SchedulerError,
  SchedulerNotRunningError,
  StoreUnavailableError,
  timezonesIn,
} from '@carillon/scheduler/store';
import { isNoResponse, limitsOf } from './driver/real-time.js';
import type { StoreSource } from './sources.js';
import { selectRuns } from './statements/history.js';
import { selectTriggersInZones } from './statements/jobs.js';
import { selectReplicaIds } from './statements/replicas.js';
import { StoreRuntime } from './store-runtime.js';
import { readJsonOr } from './units/json.js';
import { viewStoredRun } from './units/run-rows.js';

/** How long a start waits for a database that is slow to respond. */
const START_MS = 10_000;

const NOTHING = { recorded: [], changed: [] };

/** Jobs and runs in the tables of a database, shared by any number of replicas. */
export class SqlStore implements LeasedStore {
  readonly durable = true;
  readonly clustered = true;
  private opened: StoreRuntime | null = null;
  /** From the call of `open` to that of `close`. */
  private isInUse = false;

  constructor(private readonly source: StoreSource) {}

  get leaseMs(): number {
    return this.source.options.leaseMs;
  }
  get pollMs(): number {
    return this.source.options.pollMs;
  }

  async open(session: StoreSession): Promise<void> {
    this.isInUse = true;
    try {
      this.opened = await this.tryOpen(session);
    } catch (error) {
      this.isInUse = false;
      // The driver's message alone would not say that it is the store.
      throw error instanceof SchedulerError ? error : new StoreUnavailableError(error);
    }
  }

  duplicate(): SqlStore | null {
    return this.isInUse ? new SqlStore(this.source) : null;
  }

  /** Tries again while the database is slow to respond: deadlines are of the lease, which may be short. */
  private async tryOpen(session: StoreSession): Promise<StoreRuntime> {
    for (let left = Math.ceil(START_MS / limitsOf(this.leaseMs).responseMs); ; left--) {
      try {
        return await StoreRuntime.open(this.source, session);
      } catch (error) {
        if (left <= 1 || !isNoResponse(error)) throw error;
      }
    }
  }

  async close(): Promise<RecordedOutcome[]> {
    const { opened } = this;
    this.opened = null;
    this.isInUse = false;
    await opened?.close().catch((error: unknown) => {
      throw opened.toStoreError(error);
    });
    return [];
  }

  putJob(spec: JobSpec, ifTaken: IfTaken, now: number, transaction?: unknown): Promise<PutResult> {
    return this.verb((runtime) => runtime.puts.putJob(spec, ifTaken, now, transaction));
  }

  putJobs(puts: readonly JobPut[], now: number, transaction?: unknown): Promise<BulkPutResult> {
    return this.verb((runtime) => runtime.puts.putJobs(puts, now, transaction));
  }

  getJob(id: string): Promise<Job | null> {
    return this.verb((runtime) => runtime.getJob(id));
  }

  listJobs(filter: JobFilter): Promise<Job[]> {
    return this.verb((runtime) => runtime.listJobs(filter));
  }

  timezones(): Promise<Set<string>> {
    return this.verb(async (runtime) => {
      const zones = new Set<string>();
      for (const text of await runtime.query(selectTriggersInZones))
        timezonesIn(readJsonOr(text, null), zones);
      return zones;
    });
  }

  changeJob(id: string, change: JobChange, now: number): Promise<ChangeResult | null> {
    return this.verb((runtime) => runtime.changeJob(id, change, now));
  }

  requestRun(request: RunRequest): Promise<RequestedRun | null> {
    return this.verb((runtime) => runtime.requestRun(request));
  }

  backfill(request: BackfillRequest): Promise<BackfillResult | null> {
    return this.verb((runtime) => runtime.backfill(request));
  }

  listRuns(filter: RunFilter): Promise<Run[]> {
    return this.verb((runtime) =>
      runtime.query(async (db) => (await selectRuns(db, filter)).map(viewStoredRun)),
    );
  }

  earliestDueAt(): Promise<number | null> {
    return this.verb((runtime) => runtime.earliestDueAt());
  }

  claimDue(request: ClaimRequest): Promise<ClaimBatch> {
    return this.verb((runtime) => runtime.claims.claimDue(request));
  }

  complete(completion: Completion, slotHeld: boolean): Promise<CompletionEffect> {
    return this.verb((runtime) => runtime.completions.complete(completion, slotHeld));
  }

  release(claim: Claim, now: number): Promise<CompletionEffect> {
    return this.verb((runtime) => runtime.completions.release(claim, now));
  }

  annotate(claim: Claim, note: RunNote): Promise<void> {
    return this.verb((runtime) => runtime.completions.annotate(claim, note));
  }

  renew(claims: readonly Claim[], now: number): Promise<Renewal> {
    return this.verb((runtime) => runtime.claims.renew(claims, now));
  }

  giveBack(claims: readonly Claim[], now: number): Promise<void> {
    return this.verb((runtime) => runtime.claims.giveBack(claims, now));
  }

  time(): Promise<number> {
    return this.verb((runtime) => runtime.query(({ dialect, kysely }) => dialect.now(kysely)));
  }

  otherReplicas(): Promise<string[]> {
    const { leaseMs } = this;
    return this.verb((runtime) =>
      runtime.query(async ({ dialect, kysely }) => {
        const now = await dialect.now(kysely);
        // A beat from the future is one of a test that moved time.
        return selectReplicaIds(kysely, now - leaseMs, now + leaseMs);
      }),
    );
  }

  beat(now: number): Promise<BeatResult> {
    return this.verb((runtime) => runtime.beat(now));
  }

  /** Replicas share the store's time: nothing follows. */
  clockSetBack(): Promise<typeof NOTHING> {
    return Promise.resolve(NOTHING);
  }

  /** @throws only errors of the scheduler */
  private async verb<T>(work: (runtime: StoreRuntime) => Promise<T>): Promise<T> {
    const { opened } = this;
    if (opened === null) throw new SchedulerNotRunningError('stopping');
    try {
      return await work(opened);
    } catch (error) {
      throw opened.toStoreError(error);
    }
  }
}
