import type {
  BackfillRequest,
  BackfillResult,
  BeatResult,
  ChangeResult,
  IfTaken,
  Job,
  JobChange,
  JobFilter,
  JobSpec,
  PutResult,
  RequestedRun,
  RunRequest,
  StoreSession,
} from '@carillon/scheduler/store';
import type { Kysely } from 'kysely';
import type { Database } from '../driver/database.js';
import type { Tables } from '../schema/tables.js';
import { editJob, pauseJob, removeJob, resumeJob } from '../turn/change-job.js';
import { Effects } from '../turn/effects.js';
import { hintCancelled } from './hint-cancelled.js';
import type { JobTurn } from '../turn/job-turn.js';
import { backfill, requestRun } from '../turn/request-run.js';
import { RunIds } from '../turn/run-ids.js';
import { toRun } from '../turn/run-row.js';
import { readJob, type StoredJob, toJob } from '../turn/stored-job.js';
import { Carrier } from './carrier.js';
import { Declarations, dueWithoutHandler } from './declarations.js';
import { DueFloor } from './due-floor.js';
import { KnownPolicies } from './known-policies.js';
import { Forgetting } from './retention.js';
import { inTransaction, retrying } from './retrying.js';
import { shared } from './shared.js';
import type { StoreSource } from './sql-store.js';
import { TurnStore } from './turn-store.js';
import {
  countAlive,
  earliestDueAt,
  earliestWithoutPlace,
  followTimezones,
  makeGroups,
  selectJobs,
  startedInstants,
} from './statements.js';

/** Version of this process's time zone data. */
const TZDATA = process.versions.tz ?? 'unknown';

/** The store between its opening and its end: the verbs of jobs, and who carries runs. */
export class OpenStore {
  readonly carrier: Carrier;
  private readonly policies = new KnownPolicies();
  private readonly turns: TurnStore;
  private readonly declarations: Declarations;
  private readonly forgetting: Forgetting;
  private readonly floor: DueFloor;
  private readonly unhandledTold = new Set<string>();

  static async open(source: StoreSource, session: StoreSession): Promise<OpenStore> {
    const database = await source.connect();
    const store = new OpenStore(source, database, session);
    try {
      await store.begin();
    } catch (error) {
      await database.close();
      throw error;
    }
    return store;
  }

  private constructor(
    { options }: StoreSource,
    private readonly db: Database,
    private readonly session: StoreSession,
  ) {
    this.turns = new TurnStore(db, new RunIds(), TZDATA, this.policies);
    this.declarations = new Declarations(db, this.turns, this.policies, session, options.leaseMs, TZDATA);
    this.floor = new DueFloor(db.hints === null ? 0 : options.pollMs);
    this.forgetting = new Forgetting(db, options.retention);
    this.carrier = new Carrier(db, this.turns, this.forgetting, session, options.leaseMs, this.floor);
  }

  async close(): Promise<void> {
    try {
      await this.carrier.rest();
      await this.asked(({ kysely }) => this.declarations.leave(kysely));
    } finally {
      await this.db.close();
    }
  }

  async putJob(spec: JobSpec, ifTaken: IfTaken, now: number, transaction?: unknown): Promise<PutResult> {
    const put = async (trx: Kysely<Tables>) => {
      const result = await this.declarations.put(trx, spec, ifTaken, now);
      await this.hint(trx);
      return result;
    };
    if (transaction === undefined) {
      const result = await inTransaction(this.db, put);
      this.floor.lower(dueAt(result));
      return result;
    }
    // What the user's transaction did before cannot be repeated.
    const result = await put(this.db.within(transaction));
    this.floor.lowerLater(dueAt(result), now);
    return result;
  }

  async getJob(id: string): Promise<Job | null> {
    const [job] = await this.asked(() => this.readJobs({ id }));
    return job ?? null;
  }

  listJobs(filter: JobFilter): Promise<Job[]> {
    return this.asked(() => this.readJobs(filter));
  }

  changeJob(id: string, change: JobChange, now: number): Promise<ChangeResult | null> {
    const work = (turn: JobTurn): ChangeResult => {
      applyChange(turn, change);
      const { recorded, changed } = turn.effects;
      return { job: this.view(turn.job, turn.alive), recorded, changed };
    };
    return this.turn(id, now, work, change.kind === 'remove');
  }

  async requestRun({ jobId, payload, now }: RunRequest): Promise<RequestedRun | null> {
    return this.turn(jobId, now, (turn) => {
      const run = requestRun(turn, payload);
      const { recorded, replaced } = turn.effects;
      const cancelled = replaced.flatMap((one) => this.carrier.claimOf(one) ?? []);
      return { view: () => toRun(run), recorded, cancelled };
    });
  }

  backfill(request: BackfillRequest): Promise<BackfillResult | null> {
    return this.turn(request.jobId, request.now, async (turn, trx) =>
      backfill(turn, request, await startedInstants(trx, request)),
    );
  }

  readonly earliestDueAt = shared(() => {
    const handlers = this.session.handlers();
    if (this.carrier.isFull) return this.asked((database) => earliestWithoutPlace(database, handlers));
    return this.floor.raise((from) => this.asked((database) => earliestDueAt(database, handlers, from)));
  });

  async beat(now: number): Promise<BeatResult> {
    await this.listen();
    const effects = await inTransaction(this.db, async (trx) => {
      const found = new Effects();
      await this.declarations.beat(trx, now);
      await this.declarations.reconcile(trx, found, now);
      return found;
    });
    this.declarations.settled(effects);
    if (effects.changed.length > 0) this.floor.reset();
    const unhandled = await this.asked((database) =>
      dueWithoutHandler(database, this.session.handlers(), now),
    );
    const untold = unhandled.filter(({ jobId }) => !this.unhandledTold.has(jobId));
    for (const { jobId } of untold) this.unhandledTold.add(jobId);
    await this.asked(() => this.forgetting.run(now));
    return { recorded: effects.recorded, changed: effects.changed, unhandled: untold };
  }

  /** Runs statements that may be repeated. */
  asked<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return retrying(this.db.dialect, () => work(this.db));
  }

  private async begin(): Promise<void> {
    const { db, session } = this;
    await this.asked(() => makeGroups(db, Object.keys(session.concurrency.groups)));
    await this.asked(() => followTimezones(db, this.turns, TZDATA));
    await this.listen();
  }

  private async listen(): Promise<void> {
    const { replica, onHint } = this.session;
    const told: typeof onHint = (hint) => {
      this.floor.reset();
      onHint(hint);
    };
    await this.db.hints?.listen(replica, told).catch(() => undefined);
  }

  /** One verb of a user on one job, under its lock; null when there is no such job. */
  private async turn<T>(
    jobId: string,
    now: number,
    work: (turn: JobTurn, trx: Kysely<Tables>) => T | Promise<T>,
    whole = false,
  ): Promise<T | null> {
    const answer = await inTransaction(this.db, async (trx) => {
      const rows = await this.turns.lockJobs(trx, [jobId]);
      const [turn] = await this.turns.turns(trx, rows, new Effects(), now, whole);
      if (!turn) return null;
      const done = await work(turn, trx);
      await this.turns.write(trx, [turn], turn.effects);
      await this.hint(trx);
      await hintCancelled(this.db, trx, this.session.replica, turn.effects);
      return done;
    });
    this.floor.reset();
    return answer;
  }

  private async readJobs(filter: JobFilter & { id?: string }): Promise<Job[]> {
    const rows = await selectJobs(this.db, filter);
    const alive = await countAlive(this.db, filter.id);
    return rows.map((row) => this.view(readJob(row), alive.get(row.id) ?? 0));
  }

  private view(job: StoredJob, alive: number): Job {
    return toJob({ ...job, policies: this.policies.complete(job.row, job.policies) }, alive);
  }

  private async hint(trx: Kysely<Tables>): Promise<void> {
    await this.db.hints?.send(trx, this.session.replica, 'due');
  }
}

function dueAt({ job }: PutResult): number | null {
  return job.nextDueAt?.getTime() ?? null;
}

function applyChange(turn: JobTurn, change: JobChange): void {
  switch (change.kind) {
    case 'edit':
      return editJob(turn, change.edit);
    case 'pause':
      return pauseJob(turn, change);
    case 'resume':
      if (turn.row.state === 'paused') resumeJob(turn, turn.context.now);
      return;
    case 'remove':
      return removeJob(turn);
    default:
      change satisfies never;
  }
}
