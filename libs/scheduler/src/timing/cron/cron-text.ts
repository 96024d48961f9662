import { CRON_FIELDS, DAY_OF_MONTH, DAY_OF_WEEK, type CronField } from './cron-field.js';
import type { CronFieldText, CronItem } from './cron-field.js';
import { type CronFault, InvalidCronError } from '../errors/trigger-errors.js';
import { readCronItem } from './read-cron-item.js';

const LONGEST = 1024;

const MACROS = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** The six checked fields of an expression, in the order of `CRON_FIELDS`. */
export type CronText = readonly CronFieldText[];

/**
 * Reads an expression of 5 or 6 fields or a macro (semantics.md C2 to C4).
 * @param given the field form that `expression` was made from: errors quote it and give no position
 * @throws InvalidCronError
 */
export function readCronText(expression: unknown, given?: object): CronText {
  if (typeof expression !== 'string') refuseType(expression);
  const refuse = (
    reason: CronFault,
    fact: string,
    expected: string,
    text: string | null = null,
    position = -1,
  ): never => {
    throw new InvalidCronError(fact, {
      reason,
      expression: given ?? expression,
      field: null,
      text,
      position: position < 0 ? null : position,
      expected,
    });
  };
  if (expression.length > LONGEST) {
    refuse('TOO_LONG', `has ${expression.length} characters`, `at most ${LONGEST}`);
  }
  const strange = expression.search(/[^\t\x20-\x7e]/);
  if (strange >= 0) {
    const character = String.fromCodePoint(expression.codePointAt(strange)!);
    const name = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
    refuse(
      'BAD_CHAR',
      `is not an ASCII character of cron (${name})`,
      'digits, letters, * , - / # ? ( ) and blanks',
      character,
      strange,
    );
  }
  const trimmed = expression.trim();
  if (trimmed === '') {
    refuse(
      'EMPTY',
      'is empty',
      '5 or 6 fields; if it comes from the environment, check that the variable is set',
    );
  }
  if (trimmed.startsWith('@')) {
    const macro = MACROS.get(trimmed);
    if (macro !== undefined) return readCronText(macro);
    const expected = `one of ${[...MACROS.keys()].join(', ')}, in lower case`;
    refuse('UNKNOWN_ALIAS', 'is not a known macro', expected, trimmed, expression.indexOf('@'));
  }
  const words = wordsOf(expression);
  if (words.length < 5 || words.length > 6) {
    const { reason, fact, expected } = wrongCount(trimmed, words.length);
    refuse(reason, fact, expected, trimmed, expression.indexOf(trimmed));
  }
  const skipped = 6 - words.length;
  const fields = skipped === 0 ? [] : [SECOND_ZERO];
  words.forEach(({ text, position }, index) => {
    fields.push(readField(given ?? expression, CRON_FIELDS[index + skipped]!, text, given ? null : position));
  });
  return fields;
}

interface Word {
  text: string;
  position: number;
}

function wordsOf(expression: string): Word[] {
  const words: Word[] = [];
  let start = -1;
  for (let index = 0; index <= expression.length; index++) {
    const isBlank = index === expression.length || expression[index] === ' ' || expression[index] === '\t';
    if (!isBlank && start < 0) start = index;
    if (!isBlank || start < 0) continue;
    words.push({ text: expression.slice(start, index), position: start });
    start = -1;
  }
  return words;
}

const SECOND_ZERO: CronFieldText = {
  text: '0',
  position: null,
  items: [{ kind: 'values', from: 0, to: 0, step: 1, form: 'value', text: '0', position: null }],
};

function readField(
  expression: unknown,
  field: CronField,
  text: string,
  position: number | null,
): CronFieldText {
  if (text === '?' && (field === DAY_OF_MONTH || field === DAY_OF_WEEK)) {
    return { text, position, items: [{ kind: 'any', text, position }] };
  }
  if (!text.includes(','))
    return { text, position, items: [readCronItem({ expression, field, text, position })] };
  const items: CronItem[] = [];
  let offset = position;
  for (const part of text.split(',')) {
    items.push(readCronItem({ expression, field, text: part, position: offset }));
    if (offset !== null) offset += part.length + 1;
  }
  return { text, position, items };
}

function refuseType(value: unknown): never {
  const missing = value === undefined || value === null;
  throw new InvalidCronError(missing ? 'is missing' : 'is not a string', {
    reason: missing ? 'EMPTY' : 'NOT_STRING',
    expression: value,
    field: null,
    text: null,
    position: null,
    expected: missing
      ? 'a string of 5 or 6 fields; if it comes from the environment, check that the variable is set'
      : 'a string of 5 or 6 fields, or an object such as { hour: 0, minute: 5 }',
  });
}

interface WrongCount {
  reason: CronFault;
  fact: string;
  expected: string;
}

function wrongCount(text: string, count: number): WrongCount {
  const looksLikeTime = /^\d{4}-\d\d-\d\d\b|\d:\d\d/.test(text);
  if (looksLikeTime) {
    const expected = `at('2027-03-28T10:00:00Z') for one instant, or a cron expression such as "0 10 * * MON"`;
    return { reason: 'BAD_VALUE', fact: 'is a date or a time of day', expected };
  }
  if (/\b(every|minutes?|hours?|seconds?|days?)\b/i.test(text)) {
    return {
      reason: 'BAD_VALUE',
      fact: 'is in words',
      expected: `every('5m') for an interval, or 5 or 6 fields`,
    };
  }
  if (text === '-') {
    const expected = "disabled: true among the job's options, to switch it off";
    return { reason: 'FIELD_COUNT', fact: 'has no field', expected };
  }
  const fact = `has ${count} field${count === 1 ? '' : 's'}`;
  return {
    reason: 'FIELD_COUNT',
    fact,
    expected: '5 fields (minute hour dayOfMonth month dayOfWeek), or 6 with the second first',
  };
}
