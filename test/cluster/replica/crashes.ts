import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Store } from '@carillon/scheduler';
import type { ReplicaSettings } from './protocol.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Ends this process as a power cut would. */
export function crash({ crashedFile }: ReplicaSettings): void {
  if (existsSync(crashedFile)) return;
  writeFileSync(crashedFile, '');
  process.kill(process.pid, 'SIGKILL');
}

/** The store, and the process that dies at the point that the settings name. */
export function crashing(store: Store, settings: ReplicaSettings): Store {
  const { crashAt } = settings;
  if (crashAt === 'afterClaim') {
    const claimDue = store.claimDue.bind(store);
    store.claimDue = async (request) => {
      const batch = await claimDue(request);
      if (batch.claims.length > 0) crash(settings);
      return batch;
    };
  }
  if (crashAt === 'beforeComplete') {
    const complete = store.complete.bind(store);
    store.complete = (end, slotHeld) => {
      crash(settings);
      return complete(end, slotHeld);
    };
  }
  if (crashAt === 'betweenRunAndNextDue') watchStatements(settings);
  return store;
}

/** Dies when the statement that moves the next due instants is about to be sent, after the one that makes the runs. */
function watchStatements(settings: ReplicaSettings): void {
  let runsMade = false;
  const watch = (statement: unknown) => {
    const { text, sql } = statement as { text?: string; sql?: string };
    const said = typeof statement === 'string' ? statement : (text ?? sql ?? '');
    if (/^\s*insert\s[^(]*live_runs/i.test(said)) runsMade = true;
    if (runsMade && /^\s*update\b/i.test(said) && /\b\w*schedules\b/i.test(said)) crash(settings);
  };
  const require = createRequire(import.meta.url);
  for (const [prototype, name] of statementsOf(settings.store.kind, require)) {
    const original = prototype[name]!;
    prototype[name] = function (...args: unknown[]) {
      watch(args[0]);
      return original.apply(this, args);
    };
  }
}

function statementsOf(
  kind: ReplicaSettings['store']['kind'],
  require: NodeJS.Require,
): [Record<string, Method>, string][] {
  if (kind === 'postgres') return [[require('pg').Client.prototype, 'query']];
  if (kind === 'mysql') {
    // The package exports the class of the plain connections; pooled ones come from the same base.
    const base = Object.getPrototypeOf(require('mysql2').Connection.prototype) as Record<string, Method>;
    return [
      [base, 'query'],
      [base, 'execute'],
    ];
  }
  return [[require('libsql').prototype, 'prepare']];
}
