import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunContext } from '../model/index.js';

const storage = new AsyncLocalStorage<RunContext>();

/** The run of the calling code, also after an await; null outside a handler. */
export function currentRun(): RunContext | null {
  return storage.getStore() ?? null;
}

export function withinRun<R>(run: RunContext, call: (run: RunContext<never>) => R): R {
  return storage.run(run, call, run as RunContext<never>);
}
