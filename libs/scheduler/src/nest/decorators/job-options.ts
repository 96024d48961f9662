import type { PolicyOptions } from '../../model/index.js';
import type { Duration, Instant, IntervalOptions, OnGap, OnRepeat } from '../../timing/index.js';

/** Options of every job decorator. */
export interface JobOptions extends PolicyOptions {
  /** Default: `ClassName.method`. */
  id?: string;
  /** Alias of `id`. */
  name?: string;
  /** Declares the job without ticks. */
  disabled?: boolean;
  /** The handler's `run.payload`; plain data. */
  payload?: unknown;
  /** Alias of `misfireGrace`, in milliseconds. */
  threshold?: number;
  /** True is `overlap: 'skip'`, false is `overlap: 'allow'`. */
  waitForCompletion?: boolean;
  /** Ignored with a warning: the scheduler's one timer keeps the process alive while jobs wait. */
  unrefTimeout?: boolean;
}

/** Options of `@Cron`. */
export interface CronJobOptions extends JobOptions {
  /** IANA name, `UTC` or `+02:00`. Default: the module's. */
  timezone?: string;
  /** Alias of `timezone`. */
  timeZone?: string;
  /** Replaces `timezone`: minutes east of UTC, or `+02:00`. */
  utcOffset?: number | string;
  startAt?: Instant;
  endAt?: Instant;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
  /** Seed of `H` and `jitter`. Default: the job's id. */
  seed?: string;
  /** Delays each run by up to this long; a job and tick always get the same delay. */
  jitter?: Duration;
  /** Makes no tick earlier than this after the start of scheduling. */
  initialDelay?: Duration;
}

/** Options of `@Interval`: those of `every()`, and the job's. */
export interface IntervalJobOptions extends JobOptions, IntervalOptions {
  /** Delay of the first tick after the start of scheduling. Default: one period. */
  initialDelay?: Duration;
}
