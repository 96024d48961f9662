import { LocalEngine, TimerQueue } from '../../../libs/scheduler/src/engine/index.js';
import { EventHub } from '../../../libs/scheduler/src/events/index.js';
import type { ConcurrencyLimits, SchedulerEvent } from '../../../libs/scheduler/src/model/index.js';
import type { Store } from '../../../libs/scheduler/src/ports/index.js';
import { HandlerRegistry, Runner } from '../../../libs/scheduler/src/runner/index.js';
import type { JobPlan, StopPlan } from './plans.js';
import type { QuietClock } from './quiet-clock.js';
import { type Surroundings, WatchedHandler } from './watched-handler.js';
import type { Trigger } from '../../../libs/scheduler/src/timing/index.js';

/** An engine over a store from its opening to its end, as the root module puts it together. */
export class OneProcess {
  readonly engine: LocalEngine;
  readonly events: SchedulerEvent[] = [];
  readonly handlers = new Map<string, WatchedHandler>();
  readonly around: Surroundings;
  private readonly timers: TimerQueue;
  private readonly registry = new HandlerRegistry();

  constructor(
    readonly store: Store,
    readonly clock: QuietClock,
    private readonly limits: ConcurrencyLimits,
    private readonly replica: string,
    problems: string[],
  ) {
    this.timers = new TimerQueue(clock, 1_000);
    this.engine = new LocalEngine({ store: clock.watch(store), clock, timers: this.timers });
    this.around = { clock, limits, problems, busy: new Map(), excused: new Set(), steps: 0 };
  }

  async open(): Promise<void> {
    const { clock, timers, registry: handlers, limits: concurrency, replica } = this;
    const events = new EventHub({ clock, replica });
    events.events$.subscribe((event) => this.events.push(event));
    await this.engine.open({
      attempts: new Runner({ clock, delays: timers, handlers, events, log: () => {} }),
      events,
      process: { replica, concurrency, handlers: () => handlers.names() },
    });
  }

  /** The handler of a job; `name` tells it from that of an earlier job with the id. */
  handlerOf(name: string, id: string, plan: JobPlan, trigger: Trigger): WatchedHandler {
    const handler = new WatchedHandler(id, plan, trigger, this.around);
    this.handlers.set(name, handler);
    this.registry.add({ name, place: name, definition: null, invoke: handler.handle });
    return handler;
  }

  /** The handler of a job that outlived the process before. */
  takeOver(name: string, handler: WatchedHandler): void {
    handler.moveTo(this.around);
    this.handlers.set(name, handler);
    this.registry.add({ name, place: name, definition: null, invoke: handler.handle });
  }

  /** Sets the wall clock, and lets it be noticed. */
  async stepWall(ms: number): Promise<void> {
    this.around.steps++;
    for (const { state, id } of await this.engine.getRuns({ limit: 1_000_000 }))
      if (state !== 'ended' && ms < 0) this.around.excused.add(id);
    this.clock.stepWall(ms);
    this.timers.checkClock();
    await this.clock.settle();
  }

  get stoppedAt(): number {
    return this.events.findLast(({ type }) => type === 'scheduler.stopped')!.at.getTime();
  }

  async stop(limits: StopPlan): Promise<void> {
    const stopped = this.engine.stop(limits);
    await this.clock.advance(limits.drainTimeoutMs + limits.abortGraceMs);
    await stopped;
    await this.clock.settle();
  }
}
