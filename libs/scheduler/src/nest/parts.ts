import { EngineWithTimeouts, LocalEngine, StoreClock } from '../engine/index.js';
import { MemoryStore } from '../memory/index.js';
import type { RunLogLine } from '../model/index.js';
import { type AttemptRunner, type Clock, type Engine, isLeased } from '../ports/index.js';
import { Alarms, EventHub, HandlerRegistry, Runner } from '../runner/index.js';
import { nameReplica, PROCESS_ID } from './discovery/process-id.js';
import type { Settings } from './scheduler-options.js';

/** The engine and all it works with. */
export interface Parts {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly runner: AttemptRunner;
  readonly handlers: HandlerRegistry;
  readonly hub: EventHub;
  /** How this application is named in events and in a shared store. */
  readonly replica: string;
}

/** Chooses the parts and puts them together: the only place that knows which there are. Nothing is opened or armed yet. */
export function assemble(settings: Settings, machine: Clock, log: (line: RunLogLine) => void): Parts {
  const { store, engine: given, maxSleepMs } = settings;
  const isDurable = store !== null && isLeased(store);
  // With a shared store its time counts (L5), unless a test steers time.
  const clock = isDurable && machine.steered !== true ? new StoreClock(machine) : machine;
  const alarms = new Alarms(clock, maxSleepMs);
  const replica = nameReplica();
  const hub = new EventHub({ clock, replica });
  const handlers = new HandlerRegistry();
  const runner = new Runner({ alarms, clock, handlers, events: hub, log });
  const parts = { clock, runner, handlers, hub, replica };
  if (given) return { ...parts, engine: given };
  const engine = new LocalEngine({ store: store ?? memoryStore(settings), clock, alarms });
  if (!isDurable) return { ...parts, engine };
  const timeouts = new LocalEngine({
    store: memoryStore(settings),
    clock,
    alarms: new Alarms(clock, maxSleepMs),
  });
  return { ...parts, engine: new EngineWithTimeouts(engine, timeouts) };
}

function memoryStore({ history, concurrency }: Settings): MemoryStore {
  const limits = { runsPerJob: history.perJob, runsTotal: history.total, concurrency };
  return new MemoryStore({ ...limits, runIdPrefix: `run-${PROCESS_ID}-` });
}
