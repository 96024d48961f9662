import { EngineWithTimeouts, LocalEngine, StoreClock, TimerQueue } from '../engine/index.js';
import { EventHub } from '../events/index.js';
import { MemoryStore } from '../memory/index.js';
import type { RunLogLine } from '../model/index.js';
import { type AttemptRunner, type Clock, type Engine, isLeased } from '../ports/index.js';
import { HandlerRegistry, Runner } from '../runner/index.js';
import { nameReplica, PROCESS_ID } from './discovery/ids.js';
import type { Settings } from './scheduler-options.js';

/** The engine and its collaborators, one set for each application. */
export interface Runtime {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly runner: AttemptRunner;
  readonly handlers: HandlerRegistry;
  readonly hub: EventHub;
  /** The name of this application in events and in a shared store. */
  readonly replica: string;
}

/** Builds the runtime that the settings ask for. Opens and arms nothing. */
export function createRuntime(settings: Settings, machine: Clock, log: (line: RunLogLine) => void): Runtime {
  const { store, engine: given, maxSleepMs } = settings;
  const isDurable = store !== null && isLeased(store);
  // A shared store's time decides (L5), unless a test steers time.
  const clock = isDurable && machine.steered !== true ? new StoreClock(machine) : machine;
  const timers = new TimerQueue(clock, maxSleepMs);
  const replica = nameReplica();
  const hub = new EventHub({ clock, replica });
  const handlers = new HandlerRegistry();
  const runner = new Runner({ delays: timers, clock, handlers, events: hub, log });
  const shared = { clock, runner, handlers, hub, replica };
  if (given) return { ...shared, engine: given };
  const engine = new LocalEngine({ store: store ?? memoryStore(settings), clock, timers });
  if (!isDurable) return { ...shared, engine };
  const timeouts = new LocalEngine({
    store: memoryStore(settings),
    clock,
    timers: new TimerQueue(clock, maxSleepMs),
  });
  return { ...shared, engine: new EngineWithTimeouts(engine, timeouts) };
}

function memoryStore({ history, concurrency }: Settings): MemoryStore {
  const limits = { runsPerJob: history.perJob, runsTotal: history.total, concurrency };
  return new MemoryStore({ ...limits, runIdPrefix: `run-${PROCESS_ID}-` });
}
