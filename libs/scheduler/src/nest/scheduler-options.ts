import {
  type ConcurrencyLimits,
  count,
  InvalidOptionsError,
  POLICY_NAMES,
  type Policies,
  type PolicyOptions,
  positiveDuration,
  readFlag,
  readNamed,
  readObject,
  readPolicies,
  rejectUnknown,
} from '../model/index.js';
import type { Engine, Store } from '../ports/index.js';
import { cron, type Duration, parseDuration } from '../timing/index.js';

/** Options of `SchedulerModule.forRoot`. Those left out come from DEFAULT_OPTIONS. */
export interface SchedulerOptions {
  /** Zone of cron expressions without one: an IANA name, `UTC` or `+02:00`. Default: the process's zone. */
  timezone?: string;
  /** Policies of jobs that do not set their own. */
  defaults?: PolicyOptions;
  /** Keeps jobs and runs. Default: memory. */
  store?: Store;
  /** Runs the jobs. Default: the scheduler's own engine over the store. */
  engine?: Engine;
  /** On shutdown: longest wait for running handlers. */
  drainTimeout?: Duration;
  /** Longest further wait after their signals are aborted. */
  abortGrace?: Duration;
  /** Longest sleep of the timer, hence the time in which it notices a suspended machine or a stepped clock. */
  maxSleep?: Duration;
  /** Ended runs kept in memory, of each job and in all. A `store` has its own retention. */
  history?: { perJob?: number; total?: number };
  /** Most attempts at once in this process, of all jobs; null for any number. */
  concurrency?: number | null;
  /** Most attempts at once of the jobs of each `group`, in all processes that share the store: `{ mail: 2 }`. */
  groups?: Readonly<Record<string, number>>;
  /** Writes events to the Nest log. Lines of `run.log` are always written. */
  log?: boolean;
  /** Applies global guards, interceptors, pipes and filters (`APP_GUARD`, `useGlobalPipes` …) to handlers too. */
  enhancers?: { global?: boolean };
}

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface SchedulerOptionsFactory {
  createSchedulerOptions(): SchedulerOptions | Promise<SchedulerOptions>;
}

export const DEFAULT_OPTIONS = Object.freeze({
  drainTimeout: '10s',
  abortGrace: '1s',
  maxSleep: '1s',
  history: Object.freeze({ perJob: 100, total: 10_000 }),
  concurrency: null,
  groups: Object.freeze({}),
  log: true,
  enhancers: Object.freeze({ global: false }),
}) satisfies SchedulerOptions;

/** The options, checked and complete. */
export interface Settings {
  readonly timezone: string;
  readonly policies: Policies;
  readonly store: Store | null;
  readonly engine: Engine | null;
  readonly drainTimeoutMs: number;
  readonly abortGraceMs: number;
  readonly maxSleepMs: number;
  readonly history: { readonly perJob: number; readonly total: number };
  readonly concurrency: ConcurrencyLimits;
  readonly log: boolean;
  readonly globalEnhancers: boolean;
}

const OPTION_NAMES = Object.keys({
  timezone: 0,
  defaults: 0,
  store: 0,
  engine: 0,
  drainTimeout: 0,
  abortGrace: 0,
  maxSleep: 0,
  history: 0,
  concurrency: 0,
  groups: 0,
  log: 0,
  enhancers: 0,
} satisfies Record<keyof SchedulerOptions, 0>);

/** A longer platform timer overflows and fires at once. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** @throws InvalidOptionsError, InvalidDurationError, InvalidTimezoneError naming the option */
export function readOptions(given: SchedulerOptions | undefined): Settings {
  const options: SchedulerOptions = given === undefined ? {} : given;
  readNamed(options, OPTION_NAMES, "Give an object, for example { timezone: 'Europe/Berlin' }.");
  const merged = { ...DEFAULT_OPTIONS, ...withoutUndefined(options) };
  const policies = readDefaults(merged.defaults);
  const concurrency = readConcurrency(merged.concurrency, merged.groups, options);
  checkGroup('defaults.group', policies.group, concurrency);
  return Object.freeze({
    timezone: readTimezone(merged.timezone),
    policies,
    ...readStoreAndEngine(options),
    drainTimeoutMs: parseDuration(merged.drainTimeout, 'drainTimeout'),
    abortGraceMs: parseDuration(merged.abortGrace, 'abortGrace'),
    maxSleepMs: readMaxSleep(merged.maxSleep),
    history: readHistory(merged.history, options),
    concurrency,
    log: readFlag('log', merged.log),
    globalEnhancers: readEnhancers(merged.enhancers),
  });
}

function readTimezone(timezone: unknown): string {
  if (timezone === undefined) return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  // The timing room checks a zone when it builds a trigger.
  return cron('0 0 * * *', { timezone: timezone as string }).timezone!;
}

function readDefaults(defaults: unknown): Policies {
  if (defaults === undefined) return readPolicies({});
  const options = readObject('defaults', defaults, "Give policies, for example { timeout: '30s' }.");
  rejectUnknown('defaults.', options, POLICY_NAMES);
  return readPolicies(options);
}

function readStoreAndEngine({ store, engine }: SchedulerOptions): {
  store: Store | null;
  engine: Engine | null;
} {
  if (store !== undefined && typeof store?.claimDue !== 'function') {
    throw new InvalidOptionsError(
      'store',
      store,
      'Give what a store package makes, or leave it out to keep jobs in memory.',
    );
  }
  if (engine !== undefined && typeof engine?.putJob !== 'function') {
    throw new InvalidOptionsError(
      'engine',
      engine,
      "Give what an engine package makes, or leave it out to use the scheduler's own.",
    );
  }
  if (store !== undefined && engine !== undefined) {
    throw new InvalidOptionsError(
      'store',
      store.constructor.name,
      'The engine that is given too has its own: give one of the two.',
    );
  }
  return { store: store ?? null, engine: engine ?? null };
}

function readMaxSleep(maxSleep: Duration): number {
  const ms = positiveDuration('maxSleep', maxSleep);
  if (ms <= LONGEST_SLEEP_MS) return ms;
  throw new InvalidOptionsError(
    'maxSleep',
    maxSleep,
    'Give at most 24 days; a second is right for nearly everybody.',
  );
}

function readHistory(given: unknown, { store, engine }: SchedulerOptions): Settings['history'] {
  const remedy = 'Give numbers of runs, for example { perJob: 100, total: 10_000 }.';
  const history = readObject('history', given, remedy);
  if (history !== DEFAULT_OPTIONS.history && (store !== undefined || engine !== undefined)) {
    throw new InvalidOptionsError(
      'history',
      history,
      'It bounds the memory store. Give the retention to the store or engine itself.',
    );
  }
  rejectUnknown('history.', history, Object.keys(DEFAULT_OPTIONS.history));
  const { perJob, total } = { ...DEFAULT_OPTIONS.history, ...withoutUndefined(history) };
  return { perJob: count('history.perJob', perJob), total: count('history.total', total) };
}

function readConcurrency(
  concurrency: unknown,
  groups: unknown,
  { engine, ...options }: SchedulerOptions,
): ConcurrencyLimits {
  for (const field of ['concurrency', 'groups'] as const) {
    if (options[field] !== undefined && engine !== undefined) {
      throw new InvalidOptionsError(
        field,
        options[field],
        "It limits what the scheduler's own engine starts. Give the limits to the engine itself.",
      );
    }
  }
  const whole = concurrency === null ? null : count('concurrency', concurrency);
  return Object.freeze({ whole, groups: readGroups(groups) });
}

function readGroups(given: unknown): Readonly<Record<string, number>> {
  const groups = readObject('groups', given, 'Give a limit for each group, for example { mail: 2 }.');
  const limits: Record<string, number> = {};
  for (const [name, limit] of Object.entries(withoutUndefined(groups))) {
    if (name.trim() === '') throw new InvalidOptionsError('groups', groups, 'A group needs a name.');
    limits[name] = count(`groups.${name}`, limit);
  }
  return Object.freeze(limits);
}

/**
 * A misspelt group must not mean "no limit". While no group has a limit every name is right.
 *
 * @throws InvalidOptionsError naming the groups that are known
 */
export function checkGroup(field: string, group: string | null, { groups }: ConcurrencyLimits): void {
  if (group === null || Object.hasOwn(groups, group)) return;
  const known = Object.keys(groups);
  if (known.length === 0) return;
  throw new InvalidOptionsError(
    field,
    group,
    `SchedulerModule's groups has no limit of this name. Known: ${known.join(', ')}.`,
  );
}

function readEnhancers(given: unknown): boolean {
  const enhancers = readObject('enhancers', given, 'Give { global: true } or { global: false }.');
  rejectUnknown('enhancers.', enhancers, Object.keys(DEFAULT_OPTIONS.enhancers));
  const { global } = { ...DEFAULT_OPTIONS.enhancers, ...withoutUndefined(enhancers) };
  return readFlag('enhancers.global', global);
}

/** An option set to undefined counts as left out. */
function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
