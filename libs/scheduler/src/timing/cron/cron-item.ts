/**
 * One item of a field's list, checked. `text` and `position` are where it stands in the expression;
 * `position` is null in the field form.
 */
export type CronItem = { readonly text: string; readonly position: number | null } & (
  | { readonly kind: 'any' }
  /** `n`, `a-b`, `a/s`, `a-b/s` or a star with a step: the values from, from + step, … up to `to`. */
  | {
      readonly kind: 'values';
      readonly from: number;
      readonly to: number;
      readonly step: number;
      readonly form: ItemForm;
    }
  /** `H`, `H(a-b)`, `H/s`: values that depend on the seed. Step null: a single value. */
  | { readonly kind: 'hash'; readonly from: number; readonly to: number; readonly step: number | null }
  | { readonly kind: 'lastDay' }
  | { readonly kind: 'lastWeekday' }
  | { readonly kind: 'nearestWeekday'; readonly day: number }
  | { readonly kind: 'lastOfWeekday'; readonly weekday: number }
  | { readonly kind: 'nthOfWeekday'; readonly weekday: number; readonly nth: number }
);

/** How the values were written: a lone number, a range, or open to the field's end (`a/s`, a star with a step). */
export type ItemForm = 'value' | 'range' | 'open';

/** A field's whole text and its items. */
export interface CronFieldText {
  readonly text: string;
  readonly position: number | null;
  readonly items: readonly CronItem[];
}
