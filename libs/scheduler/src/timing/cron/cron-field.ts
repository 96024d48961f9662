/** One of the six fields of a cron expression: its name, its values and their names. */
export interface CronField {
  readonly name: CronFieldName;
  readonly min: number;
  readonly max: number;
  /** The number of different values; 7 for day of week, where 0 and 7 are both Sunday. */
  readonly size: number;
  readonly names: ReadonlyMap<string, number> | null;
  /** For messages: `0-59`, `1-12 or JAN-DEC`. */
  readonly expected: string;
}

export type CronFieldName = 'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek';

/**
 * One checked item of a field's list. `text` is its source, `position` the 0-based offset of that in the
 * expression; null in the field form.
 */
export type CronItem = { readonly text: string; readonly position: number | null } & (
  | { readonly kind: 'any' }
  /**
   * `n`, `a-b`, `a/s`, `a-b/s` or a star with a step: the values from, from + step, … up to `to`. Those
   * beyond the field's last value have wrapped: `22-2` is from 22 to 26.
   */
  | {
      readonly kind: 'values';
      readonly from: number;
      readonly to: number;
      readonly step: number;
      readonly form: ItemForm;
    }
  /** `H`, `H(a-b)`, `H/s`: values that depend on the seed; a single one when `step` is null. */
  | { readonly kind: 'hash'; readonly from: number; readonly to: number; readonly step: number | null }
  /** `L`, `L-n`: the last day of the month, or n days before it. */
  | { readonly kind: 'lastDay'; readonly before: number }
  /** `LW`, `LW-n`: the last Monday to Friday of the month, or n days before it. */
  | { readonly kind: 'lastWeekday'; readonly before: number }
  | { readonly kind: 'nearestWeekday'; readonly day: number }
  | { readonly kind: 'lastOfWeekday'; readonly weekday: number }
  | { readonly kind: 'nthOfWeekday'; readonly weekday: number; readonly nth: number }
);

/** The written form: a lone value, a range, or open to the field's end (`a/s`, a star with a step). */
export type ItemForm = 'value' | 'range' | 'open';

/** The source of a whole field, and its items. */
export interface CronFieldText {
  readonly text: string;
  readonly position: number | null;
  readonly items: readonly CronItem[];
}

const MONTHS = numbered('JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC', 1);
const WEEKDAYS = numbered('SUN MON TUE WED THU FRI SAT', 0);

const SECOND: CronField = { name: 'second', min: 0, max: 59, size: 60, names: null, expected: '0-59' };
const MINUTE: CronField = { name: 'minute', min: 0, max: 59, size: 60, names: null, expected: '0-59' };
const HOUR: CronField = { name: 'hour', min: 0, max: 23, size: 24, names: null, expected: '0-23' };
export const DAY_OF_MONTH: CronField = {
  name: 'dayOfMonth',
  min: 1,
  max: 31,
  size: 31,
  names: null,
  expected: '1-31, L, L-3, LW or a day with W such as 15W',
};
export const MONTH: CronField = {
  name: 'month',
  min: 1,
  max: 12,
  size: 12,
  names: MONTHS,
  expected: '1-12 or JAN-DEC',
};
export const DAY_OF_WEEK: CronField = {
  name: 'dayOfWeek',
  min: 0,
  max: 7,
  size: 7,
  names: WEEKDAYS,
  expected: '0-7 or SUN-SAT (0 and 7 are Sunday), 5L or 5#2',
};

/** In written order. */
export const CRON_FIELDS: readonly CronField[] = [SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK];

function numbered(names: string, first: number): ReadonlyMap<string, number> {
  return new Map(names.split(' ').map((name, index) => [name, first + index]));
}
