import type { Claim, ConcurrencyLimits, PolicyOptions, Store } from '@carillon/scheduler/store';

/*
 * Everything that one store may do otherwise than another, each with its reason. The comparison leaves out nothing
 * else.
 */

/** The stores that play one script. */
export interface Setting {
  readonly limits: ConcurrencyLimits;
  readonly replicas: number;
}

/** The order of jobs that fall due at the same instant is the store's: lists of several jobs are compared job by job. */
export function byJob<T>(items: readonly T[], jobOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => (jobOf(a) < jobOf(b) ? -1 : jobOf(a) > jobOf(b) ? 1 : 0));
}

/**
 * With limited slots the order of jobs decides who gets one, so each move of such a script has its own instant.
 * With several replicas it decides the order of their rows.
 */
export function isStrictlyOrdered({ limits, replicas }: Setting): boolean {
  return replicas > 1 || isLimited(limits);
}

/**
 * With limited slots `earliestDueAt` may name what is due and waits for a slot (`lookAgainAt` says when to ask again),
 * or leave it out until a slot is free. With several replicas one learns of another's jobs by a hint, at the latest
 * one poll later. In both cases it is not compared.
 */
export async function earliestDueAt(store: Store, { limits, replicas }: Setting): Promise<number | null> {
  return isLimited(limits) || replicas > 1 ? null : store.earliestDueAt();
}

/** "Durable stores only" (docs/options.md): memory never makes an abandoned attempt again, so only 'fail' is compared with it. */
export function forMemory(policies: PolicyOptions): PolicyOptions {
  return { ...policies, onAbandoned: 'fail' };
}

/** Claims that are cancelled or lost are named by their run: a store may return a claim with the job's newest policies. */
export function identitiesOf(claims: readonly Claim[]): { runId: string; jobId: string }[] {
  return claims.map(({ runId, jobId }) => ({ runId, jobId }));
}

function isLimited({ whole, groups }: ConcurrencyLimits): boolean {
  return whole !== null || Object.keys(groups).length > 0;
}
