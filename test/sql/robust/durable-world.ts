import 'reflect-metadata';
import { type DynamicModule, type INestApplicationContext, type Provider } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { onTestFinished } from 'vitest';
import {
  SCHEDULER_CLOCK,
  type SchedulerEvent,
  SchedulerModule,
  type SchedulerOptions,
  SchedulerService,
} from '@carillon/scheduler';
import { ManualClock } from '@carillon/scheduler/testing';
import type { Database } from '../../../libs/scheduler-sql/src/driver/database.js';
import { SqlStore } from '../../../libs/scheduler-sql/src/sql-store.js';
import { type Line, recordingLogger, START } from '../../nest/testing-app.js';
import type { ScratchDatabase, TestDatabase } from '../../servers/each-database.js';
import { LentStore } from './lent-store.js';

export const LEASE_MS = 30_000;
export const POLL_MS = 10_000;
const STORE_OPTIONS = { leaseMs: LEASE_MS, pollMs: POLL_MS, retention: { ageMs: null, perJob: null } };

export interface Replica {
  readonly app: INestApplicationContext;
  readonly scheduler: SchedulerService;
  /** What the scheduler logged. */
  readonly lines: Line[];
  readonly events: SchedulerEvent[];
  /** As a deploy would: with time to drain. */
  stop(): Promise<void>;
  /** As a power cut would, as far as the store sees it: it hears nothing any more. */
  vanish(): void;
}

export interface ReplicaParts {
  name?: string;
  providers?: Provider[];
  imports?: DynamicModule[];
  options?: Omit<SchedulerOptions, 'store'>;
  /** Instead of a store in the world's scratch database. */
  connect?: () => Promise<Database>;
}

/** Nest applications that share a scratch database of a real server, on one clock that the test moves. */
export class DurableWorld {
  readonly clock = new ManualClock(START);
  private readonly stores: LentStore[] = [];
  private started = 0;

  private constructor(
    readonly scratch: ScratchDatabase,
    /** A connection for the test itself. */
    readonly database: Database,
  ) {}

  static async in(testDatabase: TestDatabase): Promise<DurableWorld> {
    const scratch = await testDatabase.scratch();
    onTestFinished(() => scratch.drop());
    return new DurableWorld(scratch, await scratch.open());
  }

  /** A running application. */
  async start({ name, providers = [], imports = [], options, connect }: ReplicaParts = {}): Promise<Replica> {
    const replica = name ?? `replica-${++this.started}`;
    const store = new LentStore(
      new SqlStore({ options: STORE_OPTIONS, connect: connect ?? (() => this.scratch.open()) }),
      replica,
    );
    this.stores.push(store);
    const { logger, lines } = recordingLogger();
    const module = await Test.createTestingModule({
      imports: [SchedulerModule.forRoot({ ...options, store: store.store }), ...imports],
      providers,
    })
      .overrideProvider(SCHEDULER_CLOCK)
      .useValue(this.clock)
      .setLogger(logger)
      .compile();
    const scheduler = module.get(SchedulerService);
    const events: SchedulerEvent[] = [];
    scheduler.events$.subscribe((event) => events.push(event));
    const app = module.createNestApplication();
    app.enableShutdownHooks();
    let stopped: Promise<void> | null = null;
    const stop = () => (stopped ??= this.during(app.close()));
    onTestFinished(stop);
    await this.during(app.init());
    await this.rest();
    return { app, scheduler, lines, events, stop, vanish: () => store.vanish() };
  }

  /** Lets time pass: from timer to timer, what each begins in the database is awaited. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    await this.rest();
    while (this.clock.fireNextWithin(until - this.clock.now())) await this.rest();
    this.clock.suspend(until - this.clock.now());
  }

  /** Waits, in real time, for what has begun at this instant. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 3;) {
      await this.clock.settle();
      quiet = this.stores.some(({ isBusy }) => isBusy) ? 0 : quiet + 1;
    }
  }

  /** Lets time pass until a promise that waits for it is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => void (isOver = true);
    promise.then(over, over);
    const deadline = performance.now() + 30_000;
    while (performance.now() < deadline) {
      await this.rest();
      if (isOver) return promise;
      this.clock.fireNextWithin(1_000);
    }
    throw new Error('What time was to pass for did not end within 30 s.');
  }
}
