import {
  DEFAULT_POLICIES,
  type HandlerFunction,
  type JobSpec,
  NO_LIMITS,
  type PolicyOptions,
  readPolicies,
  type SchedulerEvent,
  type SchedulerEventOf,
  type SchedulerEventType,
} from '../../libs/scheduler/src/model/index.js';
import { LocalEngine, TimerQueue } from '../../libs/scheduler/src/engine/index.js';
import { EventHub } from '../../libs/scheduler/src/events/index.js';
import { MemoryStore, type MemoryStoreOptions } from '../../libs/scheduler/src/memory/index.js';
import type { Store } from '../../libs/scheduler/src/ports/index.js';
import { HandlerRegistry, Runner } from '../../libs/scheduler/src/runner/index.js';
import { ManualClock } from '../../libs/scheduler/src/testing/index.js';
import type { Trigger } from '../../libs/scheduler/src/timing/index.js';

export const START = new Date('2026-06-01T12:00:00Z');

export type JobOptions = PolicyOptions & {
  trigger: Trigger;
  handler: HandlerFunction<never> | string;
  payload?: never;
  disabled?: boolean;
};

/** The engine over the memory store on a manual clock, as the root module puts it together. */
export class World {
  readonly clock = new ManualClock(START);
  readonly timers: TimerQueue;
  readonly handlers = new HandlerRegistry();
  readonly hub = new EventHub({ clock: this.clock, replica: 'test' });
  readonly store: Store;
  readonly engine: LocalEngine;
  readonly events: SchedulerEvent[] = [];

  constructor({
    maxSleepMs = 1_000,
    history = { runsPerJob: 100, runsTotal: 10_000 },
    store = new MemoryStore(history),
  }: {
    maxSleepMs?: number;
    history?: MemoryStoreOptions;
    store?: Store;
  } = {}) {
    this.store = store;
    this.timers = new TimerQueue(this.clock, maxSleepMs);
    this.engine = new LocalEngine({ store, clock: this.clock, timers: this.timers });
    const { clock, timers, handlers, hub: events } = this;
    void this.engine.open({
      attempts: new Runner({ clock, delays: timers, handlers, events, log: () => {} }),
      events,
      process: { replica: 'test', concurrency: NO_LIMITS, handlers: () => handlers.names() },
    });
    this.hub.events$.subscribe((event) => this.events.push(event));
  }

  static started(options?: ConstructorParameters<typeof World>[0]): World {
    const world = new World(options);
    void world.engine.start();
    return world;
  }

  add(id: string, options: JobOptions): void {
    void this.engine.putJob(this.spec(id, options), 'error');
  }

  spec(id: string, { trigger, handler, payload, disabled = false, ...policies }: JobOptions): JobSpec {
    return {
      id,
      trigger: trigger.bind({ jobId: id, timezone: 'UTC', anchorAt: this.clock.now() }),
      handler,
      payload,
      policies: readPolicies(policies, DEFAULT_POLICIES),
      origin: 'added',
      disabled,
    };
  }

  of<T extends SchedulerEventType>(type: T): SchedulerEventOf<T>[] {
    return this.events.filter((event) => event.type === type) as unknown as SchedulerEventOf<T>[];
  }

  /** The history oldest first, as `outcome reason from..to xcount`. */
  async ledger(jobId?: string): Promise<string[]> {
    const runs = await this.engine.getRuns({ jobId, limit: 1_000 });
    return runs
      .reverse()
      .map(({ outcome, state, reason, scheduledAt, scheduledUntil, count, coalesced }) =>
        [
          outcome ?? state,
          reason,
          scheduledAt ? time(scheduledAt) + (scheduledUntil ? `..${time(scheduledUntil)}` : '') : 'by hand',
          count > 1 ? `x${count}` : null,
          coalesced > 0 ? `+${coalesced}` : null,
        ]
          .filter((part) => part !== null)
          .join(' '),
      );
  }
}

/** `12:00:05` in UTC. */
export function time(at: Date): string {
  return at.toISOString().slice(11, 19);
}

/** A handler whose runs end when the test says so. */
export function held() {
  const open: { end: (value?: unknown) => void; fail: (error: unknown) => void }[] = [];
  const starts: string[] = [];
  const handler: HandlerFunction<never> = (run) => {
    starts.push(run.scheduledAt ? time(run.scheduledAt) : 'by hand');
    return new Promise((resolve, reject) => open.push({ end: resolve, fail: reject }));
  };
  return { handler, starts, open };
}
