import type { JobSpec } from '../model/index.js';
import type { Trigger } from '../timing/index.js';

/** Compares triggers without their anchor, which is the first declaration's (T1). */
export function equalTriggers(one: Trigger, other: Trigger): boolean {
  return one === other || withoutAnchor(one) === withoutAnchor(other);
}

export function equalButForTrigger(
  one: Pick<JobSpec, 'handler' | 'payload' | 'policies'>,
  other: Pick<JobSpec, 'handler' | 'payload' | 'policies'>,
): boolean {
  return (
    one.handler === other.handler &&
    equalAsJson(one.payload, other.payload) &&
    equalAsJson(one.policies, other.policies) &&
    // JSON leaves functions out.
    one.policies.retry.when === other.policies.retry.when &&
    one.policies.retry.backoff === other.policies.retry.backoff
  );
}

function withoutAnchor(trigger: Trigger): string {
  return JSON.stringify(trigger, (key, value: unknown) => (key === 'anchorAt' ? undefined : value));
}

function equalAsJson(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
