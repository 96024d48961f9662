import { CRON_FIELDS, DAY_OF_MONTH, MONTH, type CronField, type CronFieldName } from './cron-field.js';
import type { CronFieldText, CronItem } from './cron-field.js';
import type { CompiledCron } from './compiled-cron.js';
import { skippedMonths } from './cron-satisfiable.js';
import type { CronText } from './cron-text.js';
import { valuesOf } from './cron-values.js';
import { showValue } from '../errors/show-value.js';

export type CronWarningCode =
  | 'STEP_COVERS_FIELD'
  | 'UNEVEN_STEP'
  | 'REDUNDANT'
  | 'DOM_AND_DOW'
  | 'SKIPS_MONTHS'
  | 'STAR_BEFORE_FIXED';

/** A part of a valid expression that probably means more or less than its author thinks. */
export interface CronWarning {
  readonly code: CronWarningCode;
  readonly field: CronFieldName;
  readonly text: string;
  /** 0-based offset of `text` in the expression; null in the field form. */
  readonly position: number | null;
  readonly message: string;
}

const NO_WARNINGS: readonly CronWarning[] = [];

/** @param compiled null while an `H` has no seed */
export function lintCron(text: CronText, compiled: CompiledCron | null): readonly CronWarning[] {
  const found: CronWarning[] = [];
  text.forEach((fieldText, index) => {
    const field = CRON_FIELDS[index]!;
    for (const item of fieldText.items) lintStep(field, item, found);
    if (fieldText.items.length > 1) lintRepeats(field, fieldText, found);
  });
  lintStars(text, found);
  lintDays(text, compiled, found);
  return found.length === 0 ? NO_WARNINGS : found;
}

function lintStep(field: CronField, item: CronItem, found: CronWarning[]): void {
  if ((item.kind !== 'values' && item.kind !== 'hash') || item.step === null || item.step === 1) return;
  const { from, to, step } = item;
  const isWhole = item.kind === 'hash' || (from === field.min && to - from + 1 >= field.size);
  const shownTo = to > field.max ? to - field.size : to;
  if (item.kind === 'hash' ? step > to - from : from + step > to) {
    found.push(
      warning('STEP_COVERS_FIELD', field, item, `reaches beyond ${shownTo}, so only its first value is left`),
    );
    return;
  }
  const isOpen = item.kind === 'hash' || item.form === 'open' || isWhole;
  if (!isOpen || field.size % step === 0) return;
  if (item.kind === 'hash' && (to - from + 1) % step === 0) return;
  const unit = field === DAY_OF_MONTH ? 'the days of a month' : `${field.size}`;
  found.push(
    warning(
      'UNEVEN_STEP',
      field,
      item,
      `starts anew in every round: ${step} does not divide ${unit}, so the last interval is shorter`,
    ),
  );
}

function lintRepeats(field: CronField, fieldText: CronFieldText, found: CronWarning[]): void {
  const seen = new Set<number>();
  const specials = new Set<string>();
  for (const item of fieldText.items) {
    if (item.kind === 'hash') continue;
    const values = valuesOf(field, item);
    const isRepeated = values === null ? specials.has(item.text) : values.some((value) => seen.has(value));
    if (isRepeated) {
      found.push(warning('REDUNDANT', field, item, 'repeats what stands before it in the list'));
      return;
    }
    if (values === null) specials.add(item.text);
    else for (const value of values) seen.add(value);
  }
}

/** `* 5 * * *`: sixty runs where one at five was meant. Up to day of month only: `* * * JAN *` reads as meant. */
function lintStars(text: CronText, found: CronWarning[]): void {
  for (let index = 0; index < 3; index++) {
    const finer = text[index]!;
    const coarser = text[index + 1]!;
    if (finer.text !== '*' || !isSingle(coarser)) continue;
    const [fine, coarse] = [CRON_FIELDS[index]!, CRON_FIELDS[index + 1]!];
    const message = `"*" in ${fine.name} before the fixed ${coarse.name} ${showValue(coarser.text)} fires in every ${fine.name} of it; for once, write 0`;
    found.push({
      code: 'STAR_BEFORE_FIXED',
      field: fine.name,
      text: finer.text,
      position: finer.position,
      message,
    });
    return;
  }
}

function isSingle({ items }: CronFieldText): boolean {
  const item = items[0]!;
  if (items.length !== 1) return false;
  return (item.kind === 'values' && item.form === 'value') || (item.kind === 'hash' && item.step === null);
}

function lintDays(text: CronText, compiled: CompiledCron | null, found: CronWarning[]): void {
  const day = text[3]!;
  const weekday = text[5]!;
  const isRestricted = (field: CronFieldText): boolean => field.text !== '*' && field.text !== '?';
  if (!isRestricted(day)) return;
  if (isRestricted(weekday)) {
    const message =
      `dayOfMonth ${showValue(day.text)} and dayOfWeek ${showValue(weekday.text)} are both restricted, so either is enough; ` +
      `anything but "*" and "?" restricts, even "1-31" and "*/2"`;
    found.push({ code: 'DOM_AND_DOW', field: 'dayOfMonth', text: day.text, position: day.position, message });
    return;
  }
  // "31W" and the leap day of a lone February name such days on purpose.
  if (compiled === null || compiled.nearestWeekdays !== 0 || compiled.months === 1 << 1) return;
  const skipped = skippedMonths(compiled);
  if (skipped.length === 0) return;
  const names = [...MONTH.names!.keys()];
  const list = skipped.map((month) => names[month - 1]).join(', ');
  const message = `dayOfMonth ${showValue(day.text)} does not occur in every month (${list}); "L" is the last day of any month`;
  found.push({ code: 'SKIPS_MONTHS', field: 'dayOfMonth', text: day.text, position: day.position, message });
}

function warning(code: CronWarningCode, field: CronField, item: CronItem, fact: string): CronWarning {
  const { text, position } = item;
  return { code, field: field.name, text, position, message: `${field.name} ${showValue(text)} ${fact}` };
}
