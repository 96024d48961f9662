import { cronTextOfFields, type CronFields } from '../cron/cron-fields-form.js';
import { compileSeeded, cronPattern } from '../cron/cron-pattern.js';
import { checkOffsetChoices } from '../dst/offset-policy.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';
import { namedZone } from '../zone/zone.js';
import { CronTrigger, policyOf } from './cron-trigger.js';
import { jitterMsOf, seedOf, type JitterOptions } from './jitter.js';
import { OPEN_WINDOW, refuseUnknownKeys, triggerWindow, type WindowOptions } from './trigger-window.js';
import type { OnGap, OnRepeat } from './trigger.js';

export interface CronOptions extends WindowOptions, JitterOptions {
  /** IANA name, `UTC` or a fixed offset such as `+02:00`. Default: the job's, outside a job the process's. */
  timezone?: string;
  /** `'run'`: wall times that a change of offset (DST) skips become one run right after it. Default: by class (semantics.md Z2). */
  onGap?: OnGap;
  /** Wall times that occur twice run in the first pass or in both. Default: by class (semantics.md Z3). */
  onRepeat?: OnRepeat;
}

const OPTION_NAMES = ['timezone', 'startAt', 'endAt', 'onGap', 'onRepeat', 'jitter', 'seed'] as const;

/**
 * Due when a wall clock matches: 5 fields, 6 with the second first, a macro such as `@daily`, or fields
 * by name. Grammar, and effects of changes of offset (DST): docs/time.md.
 * @throws InvalidCronError, NeverFiresError, InvalidTimezoneError, InvalidTriggerError
 */
export function cron(expression: string | CronFields, options?: CronOptions): CronTrigger {
  if (typeof expression !== 'object' || expression === null) return makeCronTrigger(expression, options);
  return makeCronTrigger(cronTextOfFields(expression), options, expression);
}

/** @param fields the field form that `expression` was made from, for messages @throws as `cron` */
export function makeCronTrigger(
  expression: unknown,
  options: CronOptions | undefined,
  fields?: object,
): CronTrigger {
  const pattern = cronPattern(expression, fields);
  if (options === undefined) {
    const { compiled } = pattern;
    const policy = policyOf(compiled);
    return new CronTrigger({
      pattern,
      compiled,
      zone: null,
      policy,
      window: OPEN_WINDOW,
      seed: undefined,
      jitterMs: 0,
    });
  }
  checkOptions(options);
  const seed = seedOf(options);
  const compiled = pattern.compiled ?? (seed === undefined ? null : compileSeeded(pattern, seed));
  const trigger = new CronTrigger({
    pattern,
    compiled,
    zone: namedZone(options),
    policy: policyOf(compiled, options.onGap, options.onRepeat),
    window: triggerWindow(options),
    // Keep a seed that nothing uses: the stored trigger equals the declared one.
    seed,
    jitterMs: jitterMsOf(options),
  });
  trigger.refuseSwallowed();
  return trigger;
}

function checkOptions(options: CronOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidTriggerError(
      'options',
      options,
      'which is not an object',
      `Give e.g. { timezone: 'Europe/Berlin' }.`,
    );
  }
  refuseUnknownKeys(options, OPTION_NAMES, 'cron');
  checkOffsetChoices(options);
}
