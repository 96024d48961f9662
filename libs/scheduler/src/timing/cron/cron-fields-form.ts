import { CRON_FIELDS, type CronFieldName } from './cron-field.js';
import { type CronFault, InvalidCronError } from '../errors/trigger-errors.js';
import { showValue } from '../errors/show-value.js';

/**
 * Cron by named fields (semantics.md C8): fields below the least significant one given take their
 * minimum, fields above it are `*`. `{ hour: 0, minute: 5 }` is 00:05:00 every day.
 */
export type CronFields = { [name in CronFieldName]?: number | string };

/** From the most significant down, as APScheduler orders them: a weekday is finer than a day. */
const SIGNIFICANCE: readonly CronFieldName[] = [
  'month',
  'dayOfMonth',
  'dayOfWeek',
  'hour',
  'minute',
  'second',
];
const MINIMUM: Record<CronFieldName, string> = {
  month: '1',
  dayOfMonth: '1',
  dayOfWeek: '*',
  hour: '0',
  minute: '0',
  second: '0',
};

/** The expression of six fields that says the same. @throws InvalidCronError naming the key at fault. */
export function cronTextOfFields(fields: object): string {
  const given = Object.entries(fields);
  for (const [name, value] of given) checkField(fields, name, value);
  if (given.length === 0)
    refuse(fields, 'EMPTY', null, null, 'is empty', 'at least one field, e.g. { hour: 0, minute: 5 }');
  if (Object.hasOwn(fields, 'dayOfMonth') && Object.hasOwn(fields, 'dayOfWeek')) {
    const fact = 'is given beside dayOfWeek, which schedulers read in two ways';
    const remedy = 'one of the two, or the text form, where either may match, e.g. "0 9 13 * FRI"';
    refuse(fields, 'DOM_AND_DOW', 'dayOfMonth', null, fact, remedy);
  }
  const values = fields as Record<string, number | string>;
  const least = SIGNIFICANCE.findLastIndex((name) => Object.hasOwn(fields, name));
  const textOf = (name: CronFieldName): string => {
    if (Object.hasOwn(fields, name)) return String(values[name]).trim();
    return SIGNIFICANCE.indexOf(name) > least ? MINIMUM[name] : '*';
  };
  return CRON_FIELDS.map((field) => textOf(field.name)).join(' ');
}

function checkField(fields: object, name: string, value: unknown): void {
  if (name === 'year' || name === 'week') {
    const remedy =
      'the text form with month and day, startAt and endAt for single years, or a calendar interval';
    refuse(fields, 'UNKNOWN_FIELD', name, null, 'does not exist in cron', remedy);
  }
  if (!CRON_FIELDS.some((field) => field.name === name)) {
    const isObjectOfCron = Object.keys(fields).some((key) => CRON_FIELDS.some((field) => field.name === key));
    const near =
      name === 'day' || name === 'day_of_month' ? 'dayOfMonth' : name === 'day_of_week' ? 'dayOfWeek' : null;
    const remedy = near ?? CRON_FIELDS.map((field) => field.name).join(', ');
    if (near === null && !isObjectOfCron) {
      refuse(
        fields,
        'NOT_STRING',
        null,
        null,
        'is neither a text nor an object of cron fields',
        `the fields ${remedy}`,
      );
    }
    refuse(fields, 'UNKNOWN_FIELD', name, null, 'does not exist', remedy);
  }
  const isUsable = typeof value === 'number' || (typeof value === 'string' && /^[^\s]+$/.test(value.trim()));
  if (isUsable) return;
  const missing = value === undefined || value === null || value === '';
  const fact = missing ? 'is missing' : 'is not one value';
  refuse(
    fields,
    'BAD_VALUE',
    name,
    missing ? null : showValue(value),
    fact,
    'a number or a text such as "*/5", or the key left out',
  );
}

function refuse(
  expression: object,
  reason: CronFault,
  field: string | null,
  text: string | null,
  fact: string,
  expected: string,
): never {
  throw new InvalidCronError(fact, { reason, expression, field, text, position: null, expected });
}
