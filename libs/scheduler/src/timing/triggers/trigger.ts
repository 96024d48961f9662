import type { Instant } from './trigger-window.js';

/**
 * A rule that gives due instants. Pure: the answers depend on the rule and on the instant asked
 * about, never on earlier calls. The methods that end in `At` speak UTC epoch milliseconds and are
 * what the engine uses; `next`, `prev` and `preview` are the same with `Date` for callers.
 */
export interface Trigger {
  readonly type: TriggerJson['type'];

  /**
   * True when the next tick is computed from the end of the run before (`mode: 'delay'`, T2): ask
   * `nextAt(endedAt)` when a run ends, and not before. Such a trigger never has two ticks overdue;
   * what lies behind is known to the runs only, so its `prevAt` is null and its `countBetween` 0.
   */
  readonly waitsForRun: boolean;
  /** `countBetween` is exact up to this; a larger answer means "at least this many". Infinity but for combinations (M2). */
  readonly countsUpTo: number;

  /** Smallest due instant strictly after `after`; null when there is none any more. */
  next(after: Date): Date | null;
  /** Largest due instant strictly before `before`; null when there is none. */
  prev(before: Date): Date | null;
  /**
   * The next `count` due instants strictly after `from`, each with what a change of offset did to it.
   * What counts from the start of a job counts from `from` here; runs are taken to last no time.
   */
  preview(count: number, from: Date): PreviewedTick[];

  nextAt(afterAt: number): number | null;
  prevAt(beforeAt: number): number | null;
  /** How many due instants lie in [fromAt, toAt]; in bounded time, however long the span. See `countsUpTo`. */
  countBetween(fromAt: number, toAt: number): number;
  /**
   * The first tick of a job that is scheduled at `nowAt`: not after it where a tick is due at once, as
   * a date in the past and `runOnStart` are. Null when there is none.
   */
  firstAt(nowAt: number): number | null;
  /**
   * How long after a tick its run is due, ms (T7): 0 without `jitter`, else a steady value for this job
   * and tick, the same on every machine, at most `jitter` and less than the distance to the next tick.
   */
  delayAt(tickAt: number): number;

  /** This trigger with what is given filled in where it was open; itself when nothing was. @throws NeverFiresError when it can then never be due. */
  bind(job: Partial<TriggerBinding>): Trigger;
  /**
   * What goes on after the wall clock was set back while the job lived in memory (semantics.md T1,
   * M4): the trigger, its anchor moved where it has one, and the next due instant. What was overdue by
   * both clocks stays due; what waits for a moved anchor moves along.
   */
  afterClockSetBack(step: ClockSetBack): AfterSetBack<Trigger>;

  /** Plain data from which `triggerFromJson` makes an equal trigger. */
  toJSON(): TriggerJson;
  /** One line for people, e.g. `cron "0 3 * * *" in Europe/Berlin`. */
  toString(): string;
}

/** A `Date` or an ISO 8601 text with its zone excludes that instant, `2027-12-25` the whole of that day. */
export type ExceptedDate = Instant;

export interface ExceptOptions {
  /** Whose days are meant. Left out, the trigger's own. */
  timezone?: string;
}

/** What a job lends to a trigger that left it open. */
export interface TriggerBinding {
  /** Seeds `H` in cron expressions, and `jitter`. */
  jobId: string;
  /** IANA name or fixed offset (`+02:00`) for triggers that name none. */
  timezone: string;
  /** Where intervals without a start begin to count, UTC ms. */
  anchorAt: number;
}

export interface ClockSetBack {
  nowAt: number;
  /** How far the clock went back, positive ms. */
  stepMs: number;
  /** The last tick that fell due before the step; null when none did. */
  lastTickAt: number | null;
  /** The tick that comes next, or is overdue, by the clock before; null when there is none. */
  waitingAt: number | null;
}

export interface AfterSetBack<T> {
  trigger: T;
  nextAt: number | null;
  /** The last tick by the clock as it is now. */
  lastTickAt: number | null;
}

/** One due instant as `preview` shows it. */
export interface PreviewedTick {
  at: Date;
  /** Wall time in the trigger's zone, `2027-03-28T03:00:00`. */
  wallTime: string;
  /** UTC offset in force, `+02:00`. */
  offset: string;
  /** How long after `at` the run is due, ms; 0 without `jitter`. */
  delayMs: number;
  /** What changes of offset did at or just before this instant; empty for an ordinary tick. */
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
  /** How far clocks went, signed minutes: +60 for a gap of an hour, -60 for an overlap. */
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
/** Once, so long after its job is added; a job that has bound it says `DateJson`. */
export interface AfterJson {
  type: 'after';
  afterMs: number;
}
/** Once, so long after the process started; it belongs to the process and is never stored (T3). */
export interface TimeoutJson {
  type: 'timeout';
  afterMs: number;
  /** The instant it is counted from; absent until a job binds it. */
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
  /** Whose days are meant; absent when they are the trigger's own. */
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
