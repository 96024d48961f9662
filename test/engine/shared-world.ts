import { LocalEngine, StoreClock, TimerQueue } from '../../libs/scheduler/src/engine/index.js';
import { EventHub } from '../../libs/scheduler/src/events/index.js';
import {
  DEFAULT_POLICIES,
  type HandlerFunction,
  type JobSpec,
  NO_LIMITS,
  readPolicies,
  type PolicyOptions,
  type SchedulerEvent,
} from '../../libs/scheduler/src/model/index.js';
import { HandlerRegistry, Runner } from '../../libs/scheduler/src/runner/index.js';
import { ManualClock } from '../../libs/scheduler/src/testing/index.js';
import { at, type Trigger } from '../../libs/scheduler/src/timing/index.js';
import { LeasedMemoryStore } from './leased-memory.js';
import { SilentStore } from './silent-store.js';
import { START } from './world.js';

/** The engine over a store with leases, on a machine whose clock may be off. */
export class SharedWorld {
  readonly machine = new ManualClock(START);
  readonly store = new LeasedMemoryStore(() => this.machine.now());
  readonly silence = new SilentStore(this.store);
  readonly clock = new StoreClock(this.machine);
  readonly timers = new TimerQueue(this.clock, 1_000);
  readonly handlers = new HandlerRegistry();
  readonly hub = new EventHub({ clock: this.clock, replica: 'test' });
  readonly engine = new LocalEngine({
    store: this.silence.proxy(),
    clock: this.clock,
    timers: this.timers,
  });
  readonly events: SchedulerEvent[] = [];

  async start(): Promise<this> {
    const { clock, timers, handlers, hub: events } = this;
    this.hub.events$.subscribe((event) => this.events.push(event));
    await this.engine.open({
      attempts: new Runner({ clock, delays: timers, handlers, events, log: () => {} }),
      events,
      process: { replica: 'test', concurrency: NO_LIMITS, handlers: () => handlers.names() },
    });
    await this.engine.start();
    return this;
  }

  async add(id: string, trigger: Trigger, handler: HandlerFunction<never>, options: PolicyOptions = {}) {
    await this.engine.putJob(this.spec(id, trigger, handler, options), 'error');
    await this.machine.advance(1);
  }

  /** Adds jobs in one call. */
  async addMany(ids: readonly string[], trigger: Trigger, handler: HandlerFunction<never>) {
    await this.engine.putJobs(
      ids.map((id) => ({ spec: this.spec(id, trigger, handler, {}), ifTaken: 'error' as const })),
    );
    await this.machine.advance(1);
  }

  private spec(
    id: string,
    trigger: Trigger,
    handler: HandlerFunction<never>,
    options: PolicyOptions,
  ): JobSpec {
    return {
      id,
      trigger: trigger.bind({ jobId: id, timezone: 'UTC', anchorAt: this.clock.now() }),
      handler,
      payload: undefined,
      policies: readPolicies(options, DEFAULT_POLICIES),
      origin: 'added',
      disabled: false,
    };
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

export const now = (world: SharedWorld) => at(new Date(world.clock.now()));
