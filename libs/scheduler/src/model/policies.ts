import { type Duration, parseDuration } from '../timing/index.js';
import { InvalidOptionsError } from './errors.js';
import { checkName, count, oneOf, positiveDuration, readObject, rejectUnknown } from './read-options.js';

/** Decides the fate of a tick that falls due while a run of its job is alive. */
export const OVERLAPS = ['skip', 'queueOne', 'queueAll', 'cancelPrevious', 'allow'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** Decides which of several overdue ticks run. */
export const COALESCES = ['latest', 'earliest', 'all'] as const;
export type Coalesce = (typeof COALESCES)[number];

export const ON_ABANDONED = ['rerun', 'fail'] as const;
export type OnAbandoned = (typeof ON_ABANDONED)[number];

/** Delay before the attempt after `attempt` (1 for the first), ms. */
export type BackoffFunction = (attempt: number, error: unknown) => number;
export const BACKOFFS = ['fixed', 'exponential'] as const;
export type Backoff = (typeof BACKOFFS)[number] | BackoffFunction;

export interface RetryOptions {
  /** Attempts in all, the first included. */
  attempts?: number;
  backoff?: Backoff;
  /** Delay before the second attempt; doubles with each further one when `exponential`. */
  delay?: Duration;
  maxDelay?: Duration;
  /** Takes up to this share of the delay off, 0 to 1, so that failures do not come back in step. */
  jitter?: number;
  /** False ends the run without a further attempt. */
  when?: (error: unknown) => boolean;
}

/** Policies as callers write them. Those left out come from the module's `defaults`, else from DEFAULT_POLICIES. */
export interface PolicyOptions {
  overlap?: Overlap;
  /** Runs of the job that may be alive at once under `allow`; null for any number. */
  maxInstances?: number | null;
  /** A tick later than this does not run; its outcome is `missed`. Null for no limit. */
  misfireGrace?: Duration | null;
  coalesce?: Coalesce;
  /** Under `coalesce: 'all'`: how many of the newest overdue ticks still run. */
  maxCatchUp?: number;
  /** Longest time of one attempt; null for no limit. */
  timeout?: Duration | null;
  /** A number is `{ attempts }`. */
  retry?: number | RetryOptions;
  /** The job is finished after this many runs started by ticks; null for no limit. */
  maxRuns?: number | null;
  /** Shares this group's limit of attempts that run at once; null for none. */
  group?: string | null;
  /** Pauses the job after this many failed runs in a row; null for never. */
  pauseAfterFailures?: number | null;
  /** Whether another attempt (one) follows an attempt whose process died or stopped. Durable stores only. */
  onAbandoned?: OnAbandoned;
}

export interface RetryPolicy {
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly delayMs: number;
  readonly maxDelayMs: number;
  readonly jitter: number;
  readonly when: ((error: unknown) => boolean) | null;
}

/** Policies in force, checked and complete. */
export interface Policies {
  readonly overlap: Overlap;
  readonly maxInstances: number | null;
  readonly misfireGraceMs: number | null;
  readonly coalesce: Coalesce;
  readonly maxCatchUp: number;
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy;
  readonly maxRuns: number | null;
  readonly group: string | null;
  readonly pauseAfterFailures: number | null;
  readonly onAbandoned: OnAbandoned;
}

export const DEFAULT_POLICIES: Policies = Object.freeze({
  overlap: 'skip',
  maxInstances: null,
  misfireGraceMs: null,
  coalesce: 'latest',
  maxCatchUp: 100,
  timeoutMs: null,
  retry: Object.freeze({
    attempts: 1,
    backoff: 'exponential',
    delayMs: 1_000,
    maxDelayMs: 3_600_000,
    jitter: 0,
    when: null,
  }),
  maxRuns: null,
  group: null,
  pauseAfterFailures: null,
  onAbandoned: 'rerun',
});

/** A change of policies. Policies that it lacks keep the value that they have at the instant of the change. */
export interface PolicyEdit extends Partial<Omit<Policies, 'retry'>> {
  readonly retry?: Partial<RetryPolicy>;
}

/** Reads each policy: one line per option. The keys are also the list of known names. */
const READERS: { [K in keyof Required<PolicyOptions>]: (value: unknown) => PolicyEdit } = {
  overlap: (value) => ({ overlap: oneOf('overlap', value, OVERLAPS) }),
  maxInstances: (value) => ({ maxInstances: value === null ? null : count('maxInstances', value) }),
  misfireGrace: (value) => ({
    misfireGraceMs: value === null ? null : parseDuration(value as Duration, 'misfireGrace'),
  }),
  coalesce: (value) => ({ coalesce: oneOf('coalesce', value, COALESCES) }),
  maxCatchUp: (value) => ({ maxCatchUp: count('maxCatchUp', value) }),
  timeout: (value) => ({ timeoutMs: value === null ? null : positiveDuration('timeout', value) }),
  retry: (value) => ({ retry: readRetry(value) }),
  maxRuns: (value) => ({ maxRuns: value === null ? null : count('maxRuns', value) }),
  group: (value) => ({ group: value === null ? null : checkName('group', value) }),
  pauseAfterFailures: (value) => ({
    pauseAfterFailures: value === null ? null : count('pauseAfterFailures', value),
  }),
  onAbandoned: (value) => ({ onAbandoned: oneOf('onAbandoned', value, ON_ABANDONED) }),
};

export const POLICY_NAMES = Object.keys(READERS) as (keyof PolicyOptions)[];

/**
 * Returns a frozen copy of `base` with `options` applied; `base` itself when they change nothing, so
 * that a hundred thousand jobs with the same policies share one object. Ignores names that are not
 * policies: the caller checks those.
 *
 * @throws InvalidOptionsError, InvalidDurationError naming the option
 */
export function readPolicies(options: PolicyOptions, base: Policies = DEFAULT_POLICIES): Policies {
  const edit = readPolicyEdit(options);
  return edit === null ? base : editPolicies(base, edit);
}

/** Returns null when `options` change nothing. @throws as readPolicies */
export function readPolicyEdit(options: PolicyOptions): PolicyEdit | null {
  let edit: PolicyEdit | null = null;
  for (const name of POLICY_NAMES) {
    const value = options[name];
    if (value !== undefined) Object.assign((edit ??= {}), READERS[name](value));
  }
  return edit;
}

/** Returns a frozen copy. */
export function editPolicies(base: Policies, edit: PolicyEdit): Policies {
  const retry = edit.retry === undefined ? base.retry : Object.freeze({ ...base.retry, ...edit.retry });
  return Object.freeze({ ...base, ...edit, retry });
}

const RETRY_NAMES: readonly (keyof RetryOptions)[] = [
  'attempts',
  'backoff',
  'delay',
  'maxDelay',
  'jitter',
  'when',
];

function readRetry(value: unknown): Partial<RetryPolicy> {
  if (typeof value === 'number') return { attempts: count('retry', value) };
  const options: RetryOptions = readObject(
    'retry',
    value,
    "Give a number of attempts or { attempts: 3, backoff: 'exponential', delay: '1s' }.",
  );
  rejectUnknown('retry.', options, RETRY_NAMES);
  const { attempts, backoff, delay, maxDelay, jitter, when } = options;
  if (when !== undefined && typeof when !== 'function') {
    throw new InvalidOptionsError(
      'retry.when',
      when,
      'Give a function of the error that returns true to try again.',
    );
  }
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) {
    throw new InvalidOptionsError('retry.jitter', jitter, 'Give a share of the delay from 0 to 1.');
  }
  return {
    ...(attempts !== undefined && { attempts: count('retry.attempts', attempts) }),
    ...(backoff !== undefined && {
      backoff: typeof backoff === 'function' ? backoff : oneOf('retry.backoff', backoff, BACKOFFS),
    }),
    ...(delay !== undefined && { delayMs: parseDuration(delay, 'retry.delay') }),
    ...(maxDelay !== undefined && { maxDelayMs: parseDuration(maxDelay, 'retry.maxDelay') }),
    ...(jitter !== undefined && { jitter }),
    ...(when !== undefined && { when }),
  };
}

/** How many attempts may run at once; null for any number. */
export interface ConcurrencyLimits {
  readonly whole: number | null;
  readonly groups: Readonly<Record<string, number>>;
}

export const NO_LIMITS: ConcurrencyLimits = Object.freeze({ whole: null, groups: Object.freeze({}) });
