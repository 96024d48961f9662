import type { Instant } from './trigger-window.js';

/**
 * Gives due instants, called ticks. Pure: a result depends on the trigger and on the instant passed in,
 * never on earlier calls. Methods that end in `At` take and return UTC epoch milliseconds and serve the
 * engine; `next`, `prev` and `preview` do the same with `Date`s for callers.
 */
export interface Trigger {
  readonly type: TriggerJson['type'];

  /**
   * True when the next tick is computed from the end of the previous run (`mode: 'delay'`, T2): call
   * `nextAt(endedAt)` when a run ends, and not before. Such a trigger never has two ticks overdue. Its
   * past ticks are known from its runs only, so `prevAt` returns null and `countBetween` 0.
   */
  readonly waitsForRun: boolean;
  /** `countBetween` is exact up to this; a larger result means "at least this many". Infinity except for combinations (M2). */
  readonly countsUpTo: number;

  /** Smallest due instant strictly after `after`; null when none is left. */
  next(after: Date): Date | null;
  /** Largest due instant strictly before `before`; null when there is none. */
  prev(before: Date): Date | null;
  /**
   * The next `count` due instants strictly after `from`, each with the effects of changes of offset (DST).
   * `from` stands in for the start of the job, and runs are taken to last no time.
   */
  preview(count: number, from: Date): PreviewedTick[];

  nextAt(afterAt: number): number | null;
  prevAt(beforeAt: number): number | null;
  /** The number of due instants in [fromAt, toAt]; bounded time, however long the span. See `countsUpTo`. */
  countBetween(fromAt: number, toAt: number): number;
  /**
   * The first tick of a job that is scheduled at `nowAt`; null when there is none. At or before `nowAt`
   * when the job is due at once, e.g. for a date in the past or `runOnStart`.
   */
  firstAt(nowAt: number): number | null;
  /**
   * Delay from a tick until its run is due, ms (T7): 0 without `jitter`, else a steady value for this job
   * and tick, the same on every machine, at most `jitter` and less than the distance to the next tick.
   */
  delayAt(tickAt: number): number;

  /** A copy with the open parts filled in from `job`; this trigger when none is open. @throws NeverFiresError when it can then never be due */
  bind(job: Partial<TriggerBinding>): Trigger;
  /**
   * The state of a job in memory after the wall clock was set back (semantics.md T1, M4): the trigger,
   * with its anchor moved where it has one, and the next due instant. A tick that is overdue by both
   * clocks stays due; a tick that is counted from a moved anchor moves with it.
   */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<Trigger>;

  /** Plain data from which `triggerFromJson` makes an equal trigger. */
  toJSON(): TriggerJson;
  /** One line for people, e.g. `cron "0 3 * * *" in Europe/Berlin`. */
  toString(): string;
}

/** A `Date` or an ISO 8601 string with its zone excludes that instant, `2027-12-25` the whole of that day. */
export type ExceptedDate = Instant;

export interface ExceptOptions {
  /** The zone of the excluded days. Default: the trigger's own. */
  timezone?: string;
}

/** Values that a job supplies where its trigger leaves them open. */
export interface TriggerBinding {
  /** Seeds `H` in cron expressions, and `jitter`. */
  jobId: string;
  /** IANA name or fixed offset (`+02:00`) for triggers that name none. */
  timezone: string;
  /** The instant that intervals without a start are counted from, UTC ms. */
  anchorAt: number;
}

export interface ClockSetBack {
  nowAt: number;
  /** The size of the step back, positive ms. */
  stepMs: number;
  /** The last tick that fell due before the step; null when none did. */
  lastTickAt: number | null;
  /** The next or overdue tick by the clock before the step; null when there is none. */
  waitingAt: number | null;
}

export interface AfterSetBack<T> {
  trigger: T;
  nextAt: number | null;
  /** The last tick, by the clock after the step. */
  lastTickAt: number | null;
}

/** One due instant as `preview` shows it. */
export interface PreviewedTick {
  at: Date;
  /** Wall time in the trigger's zone, `2027-03-28T03:00:00`. */
  wallTime: string;
  /** UTC offset in force, `+02:00`. */
  offset: string;
  /** Delay from `at` until the run is due, ms; 0 without `jitter`. */
  delayMs: number;
  /** Effects of changes of offset (DST) at or just before this instant; empty for an ordinary tick. */
  effects: OffsetEffect[];
}

/**
 * - `moved`: wall times that were skipped became this instant.
 * - `merged`: wall times that were skipped fell together with this regular instant.
 * - `repeated`: the wall time occurs twice and this is its second pass.
 * - `skipped`: between the previous tick and this one, wall times were left out: they did not
 *   exist (gap) or were a second pass (overlap).
 */
export interface OffsetEffect {
  kind: 'moved' | 'merged' | 'repeated' | 'skipped';
  /** The instant of the change of offset. */
  changeAt: Date;
  /** Size of the change, signed minutes: +60 for a gap of an hour, -60 for an overlap. */
  changeMinutes: number;
  /** First and last wall time concerned, and how many matched; for `repeated` this tick's own. */
  firstWallTime: string;
  lastWallTime: string;
  count: number;
}

export type OnGap = 'run' | 'skip';
export type OnRepeat = 'first' | 'both';
export type IntervalMode = 'rate' | 'delay';

interface Window {
  /** ISO instants, inclusive. */
  startAt?: string;
  endAt?: string;
}
interface Jittered {
  jitterMs?: number;
  seed?: string;
}
export interface CronJson extends Window, Jittered {
  type: 'cron';
  expression: string;
  timezone?: string;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
}
export interface IntervalJson extends Window, Jittered {
  type: 'interval';
  everyMs: number;
  mode?: IntervalMode;
  align?: 'epoch';
  runOnStart?: boolean;
  /** The instant that tick k is counted from; absent until a job binds it. */
  anchorAt?: string;
}
export interface DateJson {
  type: 'date';
  at: string;
}
/** Once, a fixed time after its job is added. Bound by a job it is stored as `DateJson`. */
export interface AfterJson {
  type: 'after';
  afterMs: number;
}
/** Once, a fixed time after the process started. Belongs to the process and is never stored (T3). */
export interface TimeoutJson {
  type: 'timeout';
  afterMs: number;
  /** The instant that `afterMs` is counted from; absent until a job binds it. */
  anchorAt?: string;
}
export interface CalendarIntervalJson extends Window, Jittered {
  type: 'calendarInterval';
  years?: number;
  months?: number;
  weeks?: number;
  days?: number;
  /** Wall time, `08:00` or `08:00:30`. */
  at: string;
  timezone?: string;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
  /** The instant whose local date the ticks are counted from; absent until a job binds it. */
  anchorAt?: string;
}
export interface AnyOfJson {
  type: 'anyOf';
  triggers: TriggerJson[];
}
export interface AllOfJson {
  type: 'allOf';
  triggers: TriggerJson[];
}
export interface ExceptJson {
  type: 'except';
  trigger: TriggerJson;
  /** A trigger, or instants and days (`2027-12-25`). */
  except: TriggerJson | string[];
  /** The zone of the excluded days; absent when it is the trigger's own. */
  timezone?: string;
}
export type TriggerJson =
  | CronJson
  | IntervalJson
  | DateJson
  | AfterJson
  | TimeoutJson
  | CalendarIntervalJson
  | AnyOfJson
  | AllOfJson
  | ExceptJson;
