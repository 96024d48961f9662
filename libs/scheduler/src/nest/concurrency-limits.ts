import {
  checkName,
  type ConcurrencyLimits,
  count,
  InvalidOptionsError,
  type Policies,
  type PolicyOptions,
  readObject,
} from '../model/index.js';
import { suggestNames } from '../timing/index.js';
import type { SchedulerOptions, Settings } from './scheduler-options.js';

type Limits = Pick<Settings, 'concurrency' | 'engine'>;

/** @throws InvalidOptionsError */
export function readConcurrency(
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
  for (const [name, limit] of Object.entries(groups)) {
    if (limit !== undefined) limits[checkName('groups', name)] = count(`groups.${name}`, limit);
  }
  return Object.freeze(limits);
}

/**
 * Checks policies that have no effect by themselves. A misspelt group must not mean "no limit".
 *
 * @param given the policies that the caller wrote; those of the module's `defaults` serve other jobs
 * @throws InvalidOptionsError
 */
export function checkPolicies(given: PolicyOptions, policies: Policies, settings: Limits): void {
  if (given.group !== undefined) checkGroup('group', policies.group, settings);
  const { maxInstances = null } = given;
  if (maxInstances === null || maxInstances === 1 || policies.overlap === 'allow') return;
  throw new InvalidOptionsError(
    'maxInstances',
    maxInstances,
    "Add overlap: 'allow', or leave it out.",
    `The option "maxInstances" is ${maxInstances}, and overlap: '${policies.overlap}' lets one run be alive at a time.`,
  );
}

/** @throws InvalidOptionsError */
export function checkGroup(field: string, group: string | null, { concurrency, engine }: Limits): void {
  if (group === null || Object.hasOwn(concurrency.groups, group)) return;
  // Another engine has limits of its own.
  if (engine !== null) return;
  const known = Object.keys(concurrency.groups);
  const example = `Give it one, for example groups: { '${group}': 2 }.`;
  throw new InvalidOptionsError(
    field,
    group,
    `SchedulerModule's groups has no limit of this name. ${known.length === 0 ? example : suggestNames(group, known, example)}`,
  );
}
