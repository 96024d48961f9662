import { LocalEngine } from '../local/index.js';
import { MemoryStore } from '../memory/index.js';
import type { RunLogLine } from '../model/index.js';
import type { AttemptRunner, Clock, Engine } from '../ports/index.js';
import { Alarms, EventHub, HandlerRegistry, Runner } from '../runner/index.js';
import { PROCESS_ID, REPLICA } from './process-id.js';
import type { Settings } from './scheduler-options.js';

/** The engine and all it works with. */
export interface Parts {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly runner: AttemptRunner;
  readonly handlers: HandlerRegistry;
  readonly hub: EventHub;
}

/** Chooses the parts and puts them together: the only place that knows which there are. Nothing is opened or armed yet. */
export function assemble(settings: Settings, clock: Clock, log: (line: RunLogLine) => void): Parts {
  const { store, engine, history, concurrency, maxSleepMs } = settings;
  const alarms = new Alarms(clock, maxSleepMs);
  const hub = new EventHub({ clock, replica: REPLICA });
  const handlers = new HandlerRegistry();
  const runner = new Runner({ alarms, clock, handlers, events: hub, log });
  if (engine) return { clock, engine, runner, handlers, hub };
  const limits = { runsPerJob: history.perJob, runsTotal: history.total, concurrency };
  const ownStore = store ?? new MemoryStore({ ...limits, runIdPrefix: `run-${PROCESS_ID}-` });
  return { clock, engine: new LocalEngine({ store: ownStore, clock, alarms }), runner, handlers, hub };
}
