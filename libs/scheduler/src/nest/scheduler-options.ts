import {
  type ConcurrencyLimits,
  count,
  InvalidOptionsError,
  POLICY_NAMES,
  type Policies,
  type PolicyOptions,
  positiveDuration,
  readPolicies,
  rejectUnknown,
} from '../model/index.js';
import type { Engine, Store } from '../ports/index.js';
import { cron, type Duration, parseDuration } from '../timing/index.js';

/** What `SchedulerModule.forRoot` takes. What is left out comes from DEFAULT_OPTIONS. */
export interface SchedulerOptions {
  /** Zone of cron expressions that name none: an IANA name, `UTC` or `+02:00`. Left out, the process's zone. */
  timezone?: string;
  /** Policies of jobs that do not say otherwise. */
  defaults?: PolicyOptions;
  /** Where jobs and runs live. Left out, in memory. */
  store?: Store;
  /** What carries ticks and runs. Left out, our own engine over the store. */
  engine?: Engine;
  /** On shutdown: how long running handlers may take to end by themselves. */
  drainTimeout?: Duration;
  /** After that: how long they may take once their signal is aborted. */
  abortGrace?: Duration;
  /** The timer never sleeps longer at a time, so that a suspended machine or a stepped clock is noticed within this. */
  maxSleep?: Duration;
  /** How many ended runs are kept in memory, of each job and in all. A store of its own has its own limits. */
  history?: { perJob?: number; total?: number };
  /** How many attempts may run at once in this process, of all jobs together; null for any number. */
  concurrency?: number | null;
  /** The same for groups of jobs, by the name that jobs give as their `group`: `{ mail: 2 }`. Holds for all processes that share a store. */
  groups?: Readonly<Record<string, number>>;
  /** Whether events become lines of the Nest log. What handlers write with `run.log` always does. */
  log?: boolean;
  /** Whether global guards, interceptors, pipes and filters (`APP_GUARD`, `useGlobalPipes` …) stand before handlers, too. */
  enhancers?: { global?: boolean };
}

/** Of `forRootAsync({ useClass })` and `useExisting`. */
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

/** The options in force, checked and complete. */
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

/** Longer, and a platform timer overflows and fires at once. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** @throws InvalidOptionsError, InvalidDurationError, InvalidTimezoneError naming the option */
export function readOptions(given: SchedulerOptions | undefined): Settings {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new InvalidOptionsError(
      'options',
      given,
      "Give an object, for example { timezone: 'Europe/Berlin' }.",
    );
  }
  const options: SchedulerOptions = given ?? {};
  rejectUnknown('', options, OPTION_NAMES);
  const merged = { ...DEFAULT_OPTIONS, ...withoutUndefined(options) };
  const policies = readDefaults(merged.defaults);
  const concurrency = readConcurrency(merged.concurrency, merged.groups, options);
  checkGroup('defaults.group', policies.group, concurrency);
  return Object.freeze({
    timezone: readTimezone(merged.timezone),
    policies,
    ...readCarrier(options),
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
  // A trigger of the zone is how the timing room says whether it knows the zone.
  return cron('0 0 * * *', { timezone: timezone as string }).timezone!;
}

function readDefaults(defaults: unknown): Policies {
  if (defaults === undefined) return readPolicies({});
  if (typeof defaults !== 'object' || defaults === null) {
    throw new InvalidOptionsError('defaults', defaults, "Give policies, for example { timeout: '30s' }.");
  }
  rejectUnknown('defaults.', defaults, POLICY_NAMES);
  return readPolicies(defaults);
}

function readCarrier({ store, engine }: SchedulerOptions): { store: Store | null; engine: Engine | null } {
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

function readHistory(history: unknown, { store, engine }: SchedulerOptions): Settings['history'] {
  if (typeof history !== 'object' || history === null) {
    throw new InvalidOptionsError(
      'history',
      history,
      'Give numbers of runs, for example { perJob: 100, total: 10_000 }.',
    );
  }
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

function readGroups(groups: unknown): Readonly<Record<string, number>> {
  if (typeof groups !== 'object' || groups === null || Array.isArray(groups)) {
    throw new InvalidOptionsError('groups', groups, 'Give a limit for each group, for example { mail: 2 }.');
  }
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

function readEnhancers(enhancers: unknown): boolean {
  if (typeof enhancers !== 'object' || enhancers === null) {
    throw new InvalidOptionsError('enhancers', enhancers, 'Give { global: true } or { global: false }.');
  }
  rejectUnknown('enhancers.', enhancers, Object.keys(DEFAULT_OPTIONS.enhancers));
  const { global } = { ...DEFAULT_OPTIONS.enhancers, ...withoutUndefined(enhancers) };
  return readFlag('enhancers.global', global);
}

function readFlag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionsError(field, value, 'Give true or false.');
}

/** An option set to undefined is one left out. */
function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
