import {
  DEFAULT_POLICIES,
  type Policies,
  type PolicyOptions,
  readPolicies,
  type RetryOptions,
} from '../../model/index.js';
import { type Trigger, triggerFromJson, type TriggerJson } from '../../timing/index.js';
import { UNREADABLE_TRIGGER } from '../unit.js';

/** A job's trigger and policies, read from the strings that a store keeps. */
export interface Definition {
  readonly trigger: Trigger;
  readonly policies: Policies;
  /** Null, or why a string cannot be read; then stand-ins are given, and the job is to be parked (D5). */
  readonly unreadable: Error | null;
}

export function readDefinition(triggerText: string, policiesText: string): Definition {
  const trigger = read(() => knownTriggers.get(triggerText), UNREADABLE_TRIGGER);
  const policies = read(() => knownPolicies.get(policiesText), DEFAULT_POLICIES);
  return { trigger: trigger.value, policies: policies.value, unreadable: trigger.error ?? policies.error };
}

/** Functions are left out: `KnownPolicies` takes them from the code that declares them. */
export function policiesToText(policies: Policies): string {
  return JSON.stringify(policies);
}

/**
 * Policies that are not in the text are the defaults; those that this version does not know are left out.
 *
 * @throws when the text holds no policies, naming what is wrong
 */
export function policiesFromText(text: string): Policies {
  const { misfireGraceMs, timeoutMs, retry, ...others } = fieldsOf('policies', JSON.parse(text));
  const options = { ...others, misfireGrace: misfireGraceMs, timeout: timeoutMs };
  return readPolicies(
    (retry === undefined ? options : { ...options, retry: toRetry(retry) }) as PolicyOptions,
  );
}

function toRetry(value: unknown): RetryOptions {
  const { attempts, backoff, delayMs, maxDelayMs, jitter } = fieldsOf('retry', value);
  return { attempts, backoff, delay: delayMs, maxDelay: maxDelayMs, jitter } as RetryOptions;
}

function fieldsOf(name: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new TypeError(`The stored ${name} are ${JSON.stringify(value)}, which is no object of policies.`);
}

function read<T>(work: () => T, otherwise: T): { value: T; error: Error | null } {
  try {
    return { value: work(), error: null };
  } catch (error) {
    return { value: otherwise, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

const MAX_CACHED = 10_000;

/** Values of strings, read once each. Bounded: a full cache is emptied. */
class StringCache<T> {
  private readonly values = new Map<string, T>();

  constructor(private readonly parse: (text: string) => T) {}

  get(text: string): T {
    let value = this.values.get(text);
    if (value === undefined) {
      value = this.parse(text);
      if (this.values.size >= MAX_CACHED) this.values.clear();
      this.values.set(text, value);
    }
    return value;
  }
}

const knownTriggers = new StringCache((text) => triggerFromJson(JSON.parse(text) as TriggerJson));
const knownPolicies = new StringCache(policiesFromText);
