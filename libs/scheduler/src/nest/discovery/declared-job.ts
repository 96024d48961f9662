import {
  checkName,
  copyAsJson,
  InvalidOptionsError,
  type JsonValue,
  POLICY_NAMES,
  type Policies,
  type PolicyOptions,
  readFlag,
  readPolicies,
  rejectUnknown,
} from '../../model/index.js';
import { type DeclaredTrigger, type JobDeclaration, readDecorator } from './declared-trigger.js';
import type { JobOptions } from '../decorators/job-options.js';
import { checkPolicies } from '../concurrency-limits.js';
import type { JobSettings } from '../scheduler-options.js';

/** A checked job decorator. */
export interface DeclaredJob {
  /** Null when the decorator gives none. */
  readonly id: string | null;
  readonly trigger: DeclaredTrigger;
  readonly policies: Policies;
  readonly payload: JsonValue | undefined;
  readonly disabled: boolean;
  /** `unrefTimeout` is given, which has no effect here. */
  readonly hasUnref: boolean;
}

const OTHER_NAMES = [
  'id',
  'name',
  'disabled',
  'payload',
  'threshold',
  'waitForCompletion',
  'unrefTimeout',
] as const;
const JOB_OPTION_NAMES: readonly string[] = [
  ...OTHER_NAMES,
  ...POLICY_NAMES,
] satisfies readonly (keyof JobOptions)[];

/** @throws the first mistake, without its place */
export function readDeclaredJob(declaration: JobDeclaration, settings: JobSettings): DeclaredJob {
  const { name, trigger, options, triggerOptions } = readDecorator(declaration);
  // readDecorator has taken the trigger's own options out; the message lists them too.
  rejectUnknown('', options, [...triggerOptions, ...JOB_OPTION_NAMES]);
  const given = resolveAliases(options);
  const policies = readPolicies(given, settings.policies);
  checkPolicies(given, policies, settings);
  return {
    id: readId(options, name),
    trigger,
    policies,
    payload: copyAsJson(options.payload, settings.maxPayloadBytes),
    disabled: options.disabled === undefined ? false : readFlag('disabled', options.disabled),
    hasUnref: options.unrefTimeout !== undefined,
  };
}

function readId({ id, name }: JobOptions, positional: string | undefined): string | null {
  const given = [positional, id, name].filter((each) => each !== undefined);
  if (given.length === 0) return null;
  if (new Set(given).size === 1) return checkName('id', given[0]);
  throw new InvalidOptionsError(
    'name',
    given[1],
    `The job is named ${JSON.stringify(given[0])} already: give one name.`,
  );
}

/** Translates the option names of @nestjs/schedule. */
function resolveAliases(options: JobOptions): PolicyOptions {
  const { overlap, misfireGrace, threshold, waitForCompletion: waits } = options;
  if (waits !== undefined) readFlag('waitForCompletion', waits);
  if (waits !== undefined && overlap !== undefined) {
    throw new InvalidOptionsError(
      'waitForCompletion',
      waits,
      `It is an alias of overlap, which is ${JSON.stringify(overlap)}: give one of the two.`,
    );
  }
  if (threshold !== undefined && misfireGrace !== undefined) {
    throw new InvalidOptionsError(
      'threshold',
      threshold,
      'It is an alias of misfireGrace, which is given too: give one of the two.',
    );
  }
  if (threshold !== undefined && !(typeof threshold === 'number' && threshold >= 0)) {
    throw new InvalidOptionsError('threshold', threshold, 'Give milliseconds, 0 or more.');
  }
  return {
    ...options,
    overlap: waits === undefined ? overlap : waits ? 'skip' : 'allow',
    misfireGrace: threshold ?? misfireGrace,
  };
}
