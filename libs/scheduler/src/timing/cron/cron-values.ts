import { CronDate, CronExpressionParser } from 'cron-parser';
import { CRON_FIELDS, DAY_OF_WEEK, type CronField, type CronItem } from './cron-field.js';
import type { CronText } from './cron-text.js';

/** Fields beside the one that is parsed; they must not restrict it, as a single month would the days. */
const OTHERS = ['0', '0', '0', '*', '*', '*'];

/** Any instant: without one, cron-parser reads the clock and the process's zone. */
const SOME_DATE = new CronDate(new Date(0), 'UTC');

/**
 * The values of each field's plain items, ascending and without repeats, indexed like `CRON_FIELDS`; 7 is
 * 0 in day of week. Ranges, steps and lists are expanded here, so that cron-parser is given one field by
 * itself as a plain list (semantics.md C7).
 */
export function plainValues(text: CronText): readonly (readonly number[])[] {
  return text.map(({ items }, index) => {
    const field = CRON_FIELDS[index]!;
    const [first] = items;
    // Most fields are one item that needs no parser.
    if (items.length === 1 && first!.kind === 'any') return ALL_VALUES[index]!;
    if (items.length === 1 && first!.kind === 'values' && first!.form === 'value')
      return [field === DAY_OF_WEEK ? first!.from % 7 : first!.from];
    const values = [...new Set(items.flatMap((item) => valuesOf(field, item) ?? []))];
    values.sort((a, b) => a - b);
    return values.length > 1 && values.length < field.size ? parseField(index, values.join(',')) : values;
  });
}

const ALL_VALUES = CRON_FIELDS.map(({ min, size }) =>
  Array.from({ length: size }, (_, index) => min + index),
);

/** The values of an item in its own order; null when they depend on the month or the seed. */
export function valuesOf(field: CronField, item: CronItem): number[] | null {
  if (item.kind === 'any') return ALL_VALUES[CRON_FIELDS.indexOf(field)]!;
  if (item.kind !== 'values') return null;
  const { from, to, step } = item;
  const values: number[] = [];
  for (let value = from; value <= to; value += step)
    values.push(field === DAY_OF_WEEK ? value % 7 : value > field.max ? value - field.size : value);
  return values;
}

/** Results of cron-parser by field and complete list: expressions differ more often than their fields. */
const parsedFields = new Map<string, number[]>();
const MOST_KEPT = 4096;

function parseField(index: number, list: string): number[] {
  const key = `${index} ${list}`;
  let values = parsedFields.get(key);
  if (values === undefined) {
    const words = OTHERS.with(index, list).join(' ');
    const { fields } = CronExpressionParser.parse(words, { currentDate: SOME_DATE });
    values = [...(fields[CRON_FIELDS[index]!.name].values as number[])];
    if (parsedFields.size >= MOST_KEPT) parsedFields.clear();
    parsedFields.set(key, values);
  }
  return values;
}
