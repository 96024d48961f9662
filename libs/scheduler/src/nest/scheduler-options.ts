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
import { cron, type Duration, parseDuration, processTimezone, type ZoneinfoChoice } from '../timing/index.js';
import { checkGroup, readConcurrency } from './concurrency-limits.js';
import { putZoneinfoIntoForce } from './zoneinfo-in-force.js';

/** Options of `SchedulerModule.forRoot`. Those left out come from DEFAULT_OPTIONS. */
export interface SchedulerOptions {
  /** Zone of cron expressions without one: an IANA name, `UTC` or `+02:00`. Default: the process's zone. */
  timezone?: string;
  /**
   * Source of zone rules, one for the whole process: the newer of the system's compiled zone files and the runtime's
   * data, one of these, or the absolute path of a folder of such files.
   */
  zoneinfo?: ZoneinfoChoice;
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
  /** Longest payload of a job or run, bytes of its JSON. */
  maxPayload?: number;
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
  zoneinfo: 'auto',
  drainTimeout: '10s',
  abortGrace: '1s',
  maxSleep: '1s',
  history: Object.freeze({ perJob: 100, total: 10_000 }),
  concurrency: null,
  groups: Object.freeze({}),
  maxPayload: 1_000_000,
  log: true,
  enhancers: Object.freeze({ global: false }),
}) satisfies SchedulerOptions;

/** The options, checked and complete. */
export interface Settings {
  readonly timezone: string;
  /** Undefined when left out: then that of the other schedulers in this process serves. */
  readonly zoneinfo: ZoneinfoChoice | undefined;
  readonly policies: Policies;
  readonly store: Store | null;
  readonly engine: Engine | null;
  readonly drainTimeoutMs: number;
  readonly abortGraceMs: number;
  readonly maxSleepMs: number;
  readonly history: { readonly perJob: number; readonly total: number };
  readonly concurrency: ConcurrencyLimits;
  readonly maxPayloadBytes: number;
  readonly log: boolean;
  readonly globalEnhancers: boolean;
}

/** The settings that apply to a job's policies and payload. */
export type JobSettings = Pick<Settings, 'policies' | 'concurrency' | 'engine' | 'maxPayloadBytes'>;

const OPTION_NAMES = Object.keys({
  timezone: 0,
  zoneinfo: 0,
  defaults: 0,
  store: 0,
  engine: 0,
  drainTimeout: 0,
  abortGrace: 0,
  maxSleep: 0,
  history: 0,
  concurrency: 0,
  groups: 0,
  maxPayload: 0,
  log: 0,
  enhancers: 0,
} satisfies Record<keyof SchedulerOptions, 0>);

/** A longer platform timer overflows and fires at once. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/**
 * Also puts `zoneinfo` into force, which decides the zones that exist.
 *
 * @throws InvalidOptionsError, InvalidDurationError, InvalidTimezoneError naming the option
 */
export function readOptions(given: SchedulerOptions): Settings {
  const options = given as SchedulerOptions;
  readNamed(
    options,
    OPTION_NAMES,
    "Give an object, for example { timezone: 'Europe/Berlin' }; useFactory and createSchedulerOptions() return one.",
  );
  putZoneinfoIntoForce(options.zoneinfo);
  const merged = { ...DEFAULT_OPTIONS, ...withoutUndefined(options) };
  const policies = readDefaults(merged.defaults);
  const concurrency = readConcurrency(merged.concurrency, merged.groups, options);
  const storeAndEngine = readStoreAndEngine(options);
  checkGroup('defaults.group', policies.group, { concurrency, ...storeAndEngine });
  return Object.freeze({
    timezone: readTimezone(options),
    zoneinfo: options.zoneinfo,
    policies,
    ...storeAndEngine,
    drainTimeoutMs: parseDuration(merged.drainTimeout, 'drainTimeout'),
    abortGraceMs: parseDuration(merged.abortGrace, 'abortGrace'),
    maxSleepMs: readMaxSleep(merged.maxSleep),
    history: readHistory(merged.history, options),
    concurrency,
    maxPayloadBytes: count('maxPayload', merged.maxPayload),
    log: readFlag('log', merged.log),
    globalEnhancers: readEnhancers(merged.enhancers),
  });
}

function readTimezone(options: SchedulerOptions): string {
  // Given and undefined, it comes from a variable that is not set, which must not mean the process's zone.
  if (!('timezone' in options)) return processTimezone();
  // The timing room checks a zone when it builds a trigger.
  return cron('0 0 * * *', { timezone: options.timezone }).timezone!;
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
