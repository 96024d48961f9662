import type { PolicyOptions } from '../../model/index.js';
import type { Duration, Instant, IntervalOptions, OnGap, OnRepeat } from '../../timing/index.js';

/** Options of every job decorator. */
export interface JobOptions extends PolicyOptions {
  /** Left out, `ClassName.method`. */
  id?: string;
  /** Another word for `id`. */
  name?: string;
  /** The job is declared and makes no ticks. */
  disabled?: boolean;
  /** What the handler gets as `run.payload`; plain data. */
  payload?: unknown;
  /** Another word for `misfireGrace`, in milliseconds. */
  threshold?: number;
  /** True is `overlap: 'skip'`, false is `overlap: 'allow'`. */
  waitForCompletion?: boolean;
  /** Ignored with a warning: the scheduler's one timer keeps the process alive while jobs wait. */
  unrefTimeout?: boolean;
}

/** Options of `@Cron`. */
export interface CronJobOptions extends JobOptions {
  /** IANA name, `UTC` or `+02:00`. Left out, the module's. */
  timezone?: string;
  /** Another word for `timezone`. */
  timeZone?: string;
  /** In place of a zone: minutes east of UTC, or `+02:00`. */
  utcOffset?: number | string;
  startAt?: Instant;
  endAt?: Instant;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
  /** What `H` and `jitter` are made from. Left out, the job's id. */
  seed?: string;
  /** Spreads runs over this long after their ticks, each job and tick by its own steady delay. */
  jitter?: Duration;
  /** No tick is made earlier than this after the start of scheduling. */
  initialDelay?: Duration;
}

/** Options of `@Interval`: those of `every()`, and the job's. */
export interface IntervalJobOptions extends JobOptions, IntervalOptions {
  /** The first tick is this long after the start of scheduling, in place of one period. */
  initialDelay?: Duration;
}
