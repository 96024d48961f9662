import { CronDate, CronExpressionParser } from 'cron-parser';
import { CRON_FIELDS, DAY_OF_WEEK, type CronField } from './cron-field.js';
import type { CronItem } from './cron-field.js';
import type { CronText } from './cron-text.js';

type ValuesItem = Extract<CronItem, { kind: 'values' }>;

/** cron-parser refuses a field that spells out more than 256 values, repeats included. */
const MOST_VALUES = 256;

/** Stands in for a field that has nothing to parse, because it has to say something. */
const NOTHING = ['0', '0', '0', '1', '1', '1'];

/** Any instant will do: without one, cron-parser asks what time it is, in the process's zone. */
const SOME_DATE = new CronDate(new Date(0), 'UTC');

/**
 * Which values the plain items of each field name, as sets indexed like `CRON_FIELDS`; 7 is 0 in
 * day of week. Ranges and steps are expanded by cron-parser (semantics.md C7), with no time zone,
 * which costs a quarter of parsing with one; `*` and lone numbers need no parser.
 */
export function plainValues(text: CronText): number[][] {
  const values: number[][] = CRON_FIELDS.map(() => []);
  const pending: ValuesItem[][] = CRON_FIELDS.map(() => []);
  let isPending = false;
  text.forEach((field, index) => {
    for (const item of field.items) {
      if (item.kind === 'any') addRange(values[index]!, CRON_FIELDS[index]!);
      if (item.kind !== 'values') continue;
      if (item.form === 'value') values[index]!.push(item.from);
      else if (pending[index]!.push(item) > 0) isPending = true;
    }
  });
  if (isPending) {
    if (pending.some((items) => spelledOut(items) > MOST_VALUES)) parseOneByOne(pending, values);
    else parseTogether(pending, values);
  }
  return values.map((list, index) =>
    CRON_FIELDS[index] === DAY_OF_WEEK ? list.map((value) => value % 7) : list,
  );
}

/** What cron-parser said about a field's text before; expressions differ more often than their fields do. */
const parsedFields = new Map<string, readonly number[]>();
const MOST_KEPT = 4096;

function parseTogether(pending: readonly ValuesItem[][], values: number[][]): void {
  const keys = pending.map((items, index) =>
    items.length === 0 ? '' : `${index} ${items.map(canonical).join(',')}`,
  );
  if (keys.some((key) => key !== '' && !parsedFields.has(key))) parseFields(keys);
  keys.forEach((key, index) => {
    if (key !== '') values[index]!.push(...parsedFields.get(key)!);
  });
}

function parseFields(keys: readonly string[]): void {
  const words = keys.map((key, index) => (key === '' ? NOTHING[index]! : key.slice(2)));
  const { fields } = CronExpressionParser.parse(words.join(' '), { currentDate: SOME_DATE });
  if (parsedFields.size + keys.length > MOST_KEPT) parsedFields.clear();
  keys.forEach((key, index) => {
    if (key !== '') parsedFields.set(key, fields[CRON_FIELDS[index]!.name].values as number[]);
  });
}

function parseOneByOne(pending: readonly ValuesItem[][], values: number[][]): void {
  pending.forEach((items, index) => {
    for (const item of items)
      parseTogether(
        CRON_FIELDS.map((_, at) => (at === index ? [item] : [])),
        values,
      );
  });
}

/** Names are numbers by now; a step beyond the range leaves its first value. */
function canonical({ from, to, step }: ValuesItem): string {
  if (step === 1) return `${from}-${to}`;
  return step > to - from ? String(from) : `${from}-${to}/${step}`;
}

function spelledOut(items: readonly ValuesItem[]): number {
  return items.reduce((sum, { from, to, step }) => sum + Math.floor((to - from) / step) + 1, 0);
}

function addRange(values: number[], field: CronField): void {
  for (let value = field.min; value < field.min + field.size; value++) values.push(value);
}
