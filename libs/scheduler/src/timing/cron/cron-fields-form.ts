import { CRON_FIELDS, type CronFieldName } from './cron-field.js';
import { type CronFault, InvalidCronError } from '../errors/trigger-errors.js';
import { showValue } from '../errors/show-value.js';

/**
 * Cron by named fields (semantics.md C8). Fields below the least significant one given take their
 * minimum, fields above it are `*`: `{ hour: 0, minute: 5 }` is 00:05:00 every day.
 */
export type CronFields = { [name in CronFieldName]?: number | string };

/** Most significant first, in APScheduler's order: a weekday is finer than a day of month. */
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

/** The equivalent expression of six fields. @throws InvalidCronError naming the key at fault */
export function cronTextOfFields(fields: object): string {
  const given = Object.entries(fields);
  for (const [name, value] of given) checkField(fields, name, value);
  if (given.length === 0) {
    const expected = 'at least one field, e.g. { hour: 0, minute: 5 }';
    refuse(fields, 'is empty', { reason: 'EMPTY', field: null, expected });
  }
  if (Object.hasOwn(fields, 'dayOfMonth') && Object.hasOwn(fields, 'dayOfWeek')) {
    refuse(fields, 'is given beside dayOfWeek, which schedulers read in two ways', {
      reason: 'DOM_AND_DOW',
      field: 'dayOfMonth',
      expected: 'one of the two, or the string form, where either may match, e.g. "0 9 13 * FRI"',
    });
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
  if (!CRON_FIELDS.some((field) => field.name === name)) refuseName(fields, name);
  if (typeof value === 'number' || (typeof value === 'string' && /^[^\s]+$/.test(value.trim()))) return;
  const isMissing = value === undefined || value === null || value === '';
  refuse(fields, isMissing ? 'is missing' : 'is not one value', {
    reason: 'BAD_VALUE',
    field: name,
    text: isMissing ? null : showValue(value),
    expected: 'a number or a string such as "*/5", or the key left out',
  });
}

const NEAR_NAMES = new Map([
  ['day', 'dayOfMonth'],
  ['day_of_month', 'dayOfMonth'],
  ['day_of_week', 'dayOfWeek'],
]);

function refuseName(fields: object, name: string): never {
  if (name === 'year' || name === 'week') {
    refuse(fields, 'does not exist in cron', {
      reason: 'UNKNOWN_FIELD',
      field: name,
      expected:
        'the string form with month and day, startAt and endAt for single years, or a calendar interval',
    });
  }
  const near = NEAR_NAMES.get(name);
  const names = CRON_FIELDS.map((field) => field.name);
  if (near === undefined && !names.some((known) => known in fields)) {
    const fact = 'is neither a string nor an object of cron fields';
    refuse(fields, fact, { reason: 'NOT_STRING', field: null, expected: `the fields ${names.join(', ')}` });
  }
  refuse(fields, 'does not exist', {
    reason: 'UNKNOWN_FIELD',
    field: name,
    expected: near ?? names.join(', '),
  });
}

function refuse(
  expression: object,
  fact: string,
  fault: { reason: CronFault; field: string | null; text?: string | null; expected: string },
): never {
  throw new InvalidCronError(fact, { text: null, ...fault, expression, position: null });
}
