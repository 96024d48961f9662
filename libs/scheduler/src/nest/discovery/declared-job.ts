import {
  copyAsJson,
  InvalidOptionsError,
  type JsonValue,
  POLICY_NAMES,
  type Policies,
  type PolicyOptions,
  readPolicies,
  rejectUnknown,
} from '../../model/index.js';
import type { Declaration } from '../decorators/declaration.js';
import { type DeclaredTrigger, readDecorator } from './declared-trigger.js';
import { checkJobId } from './job-id.js';
import type { JobOptions } from '../decorators/job-options.js';
import { checkGroup, type Settings } from '../scheduler-options.js';

/** A job decorator, checked. */
export interface DeclaredJob {
  /** Null when the decorator names none. */
  readonly id: string | null;
  readonly trigger: DeclaredTrigger;
  readonly policies: Policies;
  readonly payload: JsonValue | undefined;
  readonly disabled: boolean;
  /** The decorator says `unrefTimeout`, which has no meaning here. */
  readonly saysUnref: boolean;
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

/** @throws the error of the first thing wrong with it, without its place */
export function readDeclaredJob(
  declaration: Exclude<Declaration, { kind: 'handler' }>,
  { policies: defaults, concurrency }: Pick<Settings, 'policies' | 'concurrency'>,
): DeclaredJob {
  const { name, trigger, options, triggerOptions } = readDecorator(declaration);
  // Its own are taken out already: they are here for the message.
  rejectUnknown('', options, [...triggerOptions, ...JOB_OPTION_NAMES]);
  const policies = readPolicies(withPeerWords(options), defaults);
  checkGroup('group', policies.group, concurrency);
  return {
    id: readId(options, name),
    trigger,
    policies,
    payload: copyAsJson(options.payload),
    disabled: readBoolean('disabled', options.disabled) ?? false,
    saysUnref: options.unrefTimeout !== undefined,
  };
}

function readId({ id, name }: JobOptions, positional: string | undefined): string | null {
  const given = [positional, id, name].filter((word) => word !== undefined);
  if (given.length === 0) return null;
  if (new Set(given).size === 1) return checkJobId(given[0]);
  throw new InvalidOptionsError(
    'name',
    given[1],
    `The job is named ${JSON.stringify(given[0])} already: give one name.`,
  );
}

/** The options by which users of @nestjs/schedule say the same. */
function withPeerWords(options: JobOptions): PolicyOptions {
  const waits = readBoolean('waitForCompletion', options.waitForCompletion);
  const { overlap, misfireGrace, threshold } = options;
  if (waits !== undefined && overlap !== undefined) {
    throw new InvalidOptionsError(
      'waitForCompletion',
      waits,
      `It is another word for overlap, which is ${JSON.stringify(overlap)}: give one of the two.`,
    );
  }
  if (threshold !== undefined && misfireGrace !== undefined) {
    throw new InvalidOptionsError(
      'threshold',
      threshold,
      'It is another word for misfireGrace, which is given too: give one of the two.',
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

function readBoolean(field: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new InvalidOptionsError(field, value, 'Give true or false.');
}
