import {
  type Policies,
  type PolicyOptions,
  readPolicies,
  type RetryOptions,
} from '@carillon/scheduler/store';

/** Functions are left out: those of a declaration are found in the code that declares it. */
export function policiesToText(policies: Policies): string {
  return JSON.stringify(policies);
}

/**
 * Policies that are not in the text are the defaults; those that this version does not know are left out.
 *
 * @throws when the text is no policies, naming what is wrong
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
