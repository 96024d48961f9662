import {
  count,
  type Duration,
  formatDuration,
  InvalidOptionsError,
  parseDuration,
  rejectUnknown,
} from '@carillon/scheduler/store';

/** Options of every store of this package; `DEFAULTS` has their defaults. */
export interface SqlStoreOptions {
  /**
   * Duration of a claim unless it is renewed, which happens at a third of it: after a crash another replica takes the
   * run over that much later at most. Choose it longer than the longest stop of the process (garbage collection, a
   * blocked event loop): a run that outlives it is aborted and run again. Every statement has a deadline below a third
   * of it.
   */
  lease?: Duration;
  /**
   * Interval of this process's checks for due work that it does not expect, and of its signs of life. Jobs are on time
   * without it; it finds the work of processes that died.
   */
  poll?: Duration;
  /** Limits for the ended runs that are kept. */
  retention?: RetentionOptions;
  /** `false`: `migrate(store)` has made the tables. */
  migrate?: boolean;
}

export interface RetentionOptions {
  /** Since their end. `null`: no limit. */
  age?: Duration | null;
  /** The newest of each job. `null`: all. */
  perJob?: number | null;
}

export const DEFAULTS = {
  lease: '30s',
  poll: '5s',
  retention: { age: '30d', perJob: 1000 },
  migrate: true,
} as const satisfies Required<SqlStoreOptions>;

/** Options as the store uses them. */
export interface StoreOptions {
  readonly leaseMs: number;
  readonly pollMs: number;
  /** Null: no such limit. */
  readonly retention: { readonly ageMs: number | null; readonly perJob: number | null };
}

const NAMES = Object.keys(DEFAULTS);
/** Several renewals have to reach the database within it. */
const SHORTEST_LEASE_MS = 1000;
const SHORTEST_POLL_MS = 100;

/**
 * @param own names of options that only this kind of store has
 * @throws InvalidOptionsError, InvalidDurationError naming the option
 */
export function readStoreOptions(
  options: SqlStoreOptions,
  own: readonly string[],
): { store: StoreOptions; migrate: boolean } {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionsError('options', options, "Give an object, for example { lease: '30s' }.");
  }
  rejectUnknown('', options, [...own, ...NAMES]);
  const migrate = options.migrate ?? DEFAULTS.migrate;
  if (typeof migrate !== 'boolean') {
    throw new InvalidOptionsError('migrate', migrate, 'Give true or false.');
  }
  const leaseMs = atLeast('lease', options.lease ?? DEFAULTS.lease, SHORTEST_LEASE_MS, 'a second');
  return {
    store: Object.freeze({
      leaseMs,
      pollMs: readPoll(options.poll, leaseMs),
      retention: readRetention(options.retention ?? DEFAULTS.retention),
    }),
    migrate,
  };
}

/** Refuses a poll as long as the lease: the process would count as dead between two beats. */
function readPoll(poll: Duration | undefined, leaseMs: number): number {
  if (poll === undefined) return Math.min(parseDuration(DEFAULTS.poll, 'poll'), leaseMs / 2);
  const pollMs = atLeast('poll', poll, SHORTEST_POLL_MS, '100 ms');
  if (pollMs < leaseMs) return pollMs;
  throw new InvalidOptionsError('poll', poll, `Give less than "lease", which is ${formatDuration(leaseMs)}.`);
}

function readRetention(retention: unknown): StoreOptions['retention'] {
  if (typeof retention !== 'object' || retention === null) {
    throw new InvalidOptionsError(
      'retention',
      retention,
      "Give limits, for example { age: '30d', perJob: 1000 }.",
    );
  }
  rejectUnknown('retention.', retention, Object.keys(DEFAULTS.retention));
  const { age = DEFAULTS.retention.age, perJob = DEFAULTS.retention.perJob } = retention as RetentionOptions;
  return Object.freeze({
    ageMs: age === null ? null : atLeast('retention.age', age, 1, 'a millisecond'),
    perJob: perJob === null ? null : count('retention.perJob', perJob),
  });
}

function atLeast(field: string, value: Duration, ms: number, words: string): number {
  const parsed = parseDuration(value, field);
  if (parsed >= ms) return parsed;
  throw new InvalidOptionsError(field, value, `Give at least ${words}.`);
}

/** Part of the names of tables, indexes and channels, which have at most 63 bytes. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

export function readName(field: 'schema' | 'prefix', value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw new InvalidOptionsError(
    field,
    value,
    'Give up to 40 letters, digits and underscores, not a digit first.',
  );
}
