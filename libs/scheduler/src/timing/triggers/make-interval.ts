import { parseDuration, type Duration } from '../time/duration.js';
import { DEFAULT_INTERVAL, IntervalTrigger, type IntervalSettings } from './interval-trigger.js';
import { InvalidDurationError, InvalidTriggerError } from '../errors/trigger-errors.js';
import { jitterMsOf, seedOf, type JitterOptions } from './jitter.js';
import type { IntervalMode } from './trigger.js';
import { refuseUnknownKeys, triggerWindow, type WindowOptions } from './trigger-window.js';

export interface IntervalOptions extends WindowOptions, JitterOptions {
  /** `'rate'`: ticks keep their distance, however long runs last. `'delay'`: the next tick is one period after the end of the run. Default: `'rate'`. */
  mode?: IntervalMode;
  /** Ticks lie at whole multiples of the period since 1970-01-01T00:00Z instead of being counted from an anchor. */
  align?: 'epoch';
  /** The first tick is the anchor itself instead of one period later. */
  runOnStart?: boolean;
}

const OPTION_NAMES = ['mode', 'align', 'runOnStart', 'jitter', 'seed', 'startAt', 'endAt'] as const;

/**
 * Due at a fixed rate, or a fixed delay after each run. The first tick is one period after the anchor that
 * the job supplies, or at `startAt` when that is given. Both ends of the window are inclusive; a day is
 * 24 h.
 * @throws InvalidDurationError (a period of 0 included), InvalidTriggerError
 */
export function every(duration: Duration, options: IntervalOptions = {}): IntervalTrigger {
  const everyMs = parseDuration(duration, 'every');
  if (everyMs === 0) throw new InvalidDurationError('every', duration, 'which is no time at all');
  if (typeof options !== 'object' || options === null) {
    throw new InvalidTriggerError(
      'options',
      options,
      'which is not an object',
      `Give e.g. { mode: 'delay' }, or nothing.`,
    );
  }
  refuseUnknownKeys(options, OPTION_NAMES, 'every');
  return makeInterval(everyMs, null, options);
}

/** @param anchorAt the anchor of the job that bound it; null while unbound */
export function makeInterval(
  everyMs: number,
  anchorAt: number | null,
  options: IntervalOptions,
): IntervalTrigger {
  const { mode, align, runOnStart } = options;
  refuseOtherThan('mode', mode, ['rate', 'delay']);
  refuseOtherThan('align', align, ['epoch']);
  refuseOtherThan('runOnStart', runOnStart, [true, false]);
  if (align !== undefined && mode === 'delay') {
    refuse(
      'align',
      align,
      `which stands beside mode 'delay'`,
      'An aligned tick waits for no run: leave out one of them.',
    );
  }
  if (runOnStart === true && options.startAt !== undefined) {
    refuse(
      'runOnStart',
      true,
      'which stands beside startAt',
      'Leave it out: the first tick is at startAt itself.',
    );
  }
  if (runOnStart === true && align !== undefined) {
    refuse(
      'runOnStart',
      true,
      'which stands beside align',
      'Leave out one of them: the start is no whole multiple.',
    );
  }
  if (anchorAt !== null && (options.startAt !== undefined || align !== undefined)) {
    const other = align === undefined ? 'startAt' : 'align';
    refuse(
      'anchorAt',
      new Date(anchorAt),
      `which stands beside ${other}`,
      `Leave it out: ${other} says where to count from.`,
    );
  }
  return new IntervalTrigger(everyMs, anchorAt, triggerWindow(options), settingsOf(options), seedOf(options));
}

function settingsOf(options: IntervalOptions): IntervalSettings {
  const {
    mode = DEFAULT_INTERVAL.mode,
    align = DEFAULT_INTERVAL.align,
    runOnStart = DEFAULT_INTERVAL.runOnStart,
  } = options;
  const jitterMs = jitterMsOf(options);
  const isDefault =
    mode === DEFAULT_INTERVAL.mode && align === DEFAULT_INTERVAL.align && !runOnStart && jitterMs === 0;
  return isDefault ? DEFAULT_INTERVAL : { mode, align, runOnStart, jitterMs };
}

function refuseOtherThan(field: string, value: unknown, choices: readonly unknown[]): void {
  if (value === undefined || choices.includes(value)) return;
  const quoted = choices.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)));
  refuse(field, value, 'which is no choice', `Give ${quoted.join(' or ')}, or leave it out.`);
}

function refuse(field: string, value: unknown, fact: string, remedy: string): never {
  throw new InvalidTriggerError(field, value, fact, remedy);
}
