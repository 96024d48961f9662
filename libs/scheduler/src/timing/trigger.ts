/**
 * A rule that gives due instants. Pure: the answers depend on the rule and on the instant asked
 * about, never on earlier calls. The methods that end in `At` speak UTC epoch milliseconds and are
 * what the engine uses; `next`, `prev` and `preview` are the same with `Date` for callers.
 */
export interface Trigger {
  readonly type: TriggerJson['type'];

  /** Smallest due instant strictly after `after`; null when there is none any more. */
  next(after: Date): Date | null;
  /** Largest due instant strictly before `before`; null when there is none. */
  prev(before: Date): Date | null;
  /** The next `count` due instants strictly after `from`, each with what a change of offset did to it. */
  preview(count: number, from: Date): PreviewedTick[];

  nextAt(afterAt: number): number | null;
  prevAt(beforeAt: number): number | null;
  /** How many due instants lie in [fromAt, toAt]; in bounded time, however long the span. */
  countBetween(fromAt: number, toAt: number): number;

  /** This trigger with what the job supplies filled in; itself when nothing was open. */
  bind(job: TriggerBinding): Trigger;
  /**
   * What goes on after the wall clock was set back while the job lived in memory (semantics.md T1,
   * M4): the trigger, its anchor moved where it has one, and the next due instant.
   */
  afterClockSetBack(step: ClockSetBack): { trigger: Trigger; nextAt: number | null };

  /** Plain data from which `triggerFromJson` makes an equal trigger. */
  toJSON(): TriggerJson;
  /** One line for people, e.g. `cron "0 3 * * *" in Europe/Berlin`. */
  toString(): string;
}

/** What a job lends to a trigger that left it open. */
export interface TriggerBinding {
  /** Seeds `H` in cron expressions. */
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
}

/** One due instant as `preview` shows it. */
export interface PreviewedTick {
  at: Date;
  /** Wall time in the trigger's zone, `2027-03-28T03:00:00`. */
  wallTime: string;
  /** UTC offset in force, `+02:00`. */
  offset: string;
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

interface Window {
  /** ISO instants, inclusive. */
  startAt?: string;
  endAt?: string;
}
export interface CronJson extends Window {
  type: 'cron';
  expression: string;
  timezone?: string;
  onGap?: OnGap;
  onRepeat?: OnRepeat;
  seed?: string;
}
export interface IntervalJson extends Window {
  type: 'interval';
  everyMs: number;
  /** The instant that tick k is counted from; absent until a job binds it. */
  anchorAt?: string;
}
export interface DateJson {
  type: 'date';
  at: string;
}
/** Once, so long after the process started; it belongs to the process and is never stored (T3). */
export interface TimeoutJson {
  type: 'timeout';
  afterMs: number;
  /** The instant it is counted from; absent until a job binds it. */
  anchorAt?: string;
}
export type TriggerJson = CronJson | IntervalJson | DateJson | TimeoutJson;
