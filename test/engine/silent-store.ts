import type { LeasedMemoryStore } from './leased-memory.js';

const VERBS = new Set([
  'open',
  'close',
  'putJob',
  'putJobs',
  'getJob',
  'listJobs',
  'changeJob',
  'requestRun',
  'earliestDueAt',
  'claimDue',
  'complete',
  'release',
  'annotate',
  'backfill',
  'listRuns',
  'time',
  'renew',
  'giveBack',
  'beat',
]);

/**
 * - `requests`: calls do nothing, and their promises never settle.
 * - `responses`: calls take effect, and their promises settle with `deliver()`.
 */
export type Lost = 'nothing' | 'requests' | 'responses';

/** A store behind a connection that may swallow what passes through it, and neither responds nor closes. */
export class SilentStore {
  lost: Lost = 'nothing';
  /** Loses the calls of this verb only; null for all verbs. */
  verb: string | null = null;
  /** The calls that were lost, by verb. */
  readonly calls: string[] = [];
  private waiting: (() => void)[] = [];

  constructor(readonly store: LeasedMemoryStore) {}

  /** The store as the engine sees it. */
  proxy(): LeasedMemoryStore {
    return new Proxy(this.store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function' || typeof name !== 'string' || !VERBS.has(name)) return member;
        return (...args: unknown[]): unknown => this.call(name, () => Reflect.apply(member, target, args));
      },
    });
  }

  /** The responses that were lost so far arrive. */
  deliver(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const arrive of waiting) arrive();
  }

  private call(name: string, verb: () => unknown): unknown {
    if (this.lost === 'nothing' || (this.verb !== null && this.verb !== name)) return verb();
    this.calls.push(name);
    if (this.lost === 'requests') return new Promise(() => {});
    const response = verb();
    return new Promise((resolve) => this.waiting.push(() => resolve(response)));
  }
}
