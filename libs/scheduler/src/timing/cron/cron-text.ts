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
  const source = given ?? expression;
  if (expression.length > LONGEST) {
    const expected = `at most ${LONGEST}`;
    refuse(source, { reason: 'TOO_LONG', fact: `has ${expression.length} characters`, expected });
  }
  const trimmed = trimCron(expression);
  const start = expression.indexOf(trimmed);
  if (trimmed === '') {
    const expected = '5 or 6 fields; if it comes from the environment, check that the variable is set';
    refuse(source, { reason: 'EMPTY', fact: 'is empty', expected });
  }
  const strange = trimmed.search(/[^\t\x20-\x7e]/);
  if (strange >= 0) refuseCharacter(source, trimmed, strange, start);
  const foreign = /^[@CTRP]/i.test(trimmed) ? foreignForm(trimmed) : null;
  if (foreign !== null) refuse(source, foreign, trimmed, start);
  const macro = MACROS.get(trimmed);
  if (macro !== undefined) return readCronText(macro);
  const words = wordsOf(trimmed);
  if (words.length < 5 || words.length > 6) refuse(source, wrongCount(trimmed, words.length), trimmed, start);
  const skipped = 6 - words.length;
  const fields = skipped === 0 ? [] : [SECOND_ZERO];
  words.forEach(({ text, index }, word) => {
    fields.push(readField(source, CRON_FIELDS[word + skipped]!, text, given ? null : start + index));
  });
  return fields;
}

function wordsOf(text: string): { text: string; index: number }[] {
  const words: { text: string; index: number }[] = [];
  let start = -1;
  for (let index = 0; index <= text.length; index++) {
    const isBlank = index === text.length || text[index] === ' ' || text[index] === '\t';
    if (!isBlank && start < 0) start = index;
    if (!isBlank || start < 0) continue;
    words.push({ text: text.slice(start, index), index: start });
    start = -1;
  }
  return words;
}

/** Drops ASCII white space around an expression: lines of files end in a newline (C2). */
export function trimCron(expression: string): string {
  return expression.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '');
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

interface Refusal {
  reason: CronFault;
  fact: string;
  expected: string;
}

/** The forms of other schedulers, each with what to write instead; null for what may be cron. */
function foreignForm(text: string): Refusal | null {
  const every = /^@every[ \t]+(\S+)$/i.exec(text);
  if (every !== null) {
    const expected = `every('${every[1]}') for an interval`;
    return { reason: 'UNKNOWN_ALIAS', fact: 'is an interval, not cron', expected };
  }
  if (text.startsWith('@') && !MACROS.has(text)) {
    const expected = `one of ${[...MACROS.keys()].join(', ')}, in lower case`;
    return { reason: 'UNKNOWN_ALIAS', fact: 'is not a known macro', expected };
  }
  const zone = /^(?:CRON_)?TZ=(\S*)/.exec(text);
  if (zone !== null) {
    const expected = `the option timezone, e.g. cron('0 3 * * *', { timezone: '${zone[1]}' })`;
    return { reason: 'BAD_VALUE', fact: 'names a time zone', expected };
  }
  if (/^(?:R\d*\/|P(?:\d|T\d))/i.test(text)) {
    const expected = `every('5m') for an interval`;
    return { reason: 'BAD_VALUE', fact: 'is an ISO 8601 duration, not cron', expected };
  }
  return null;
}

function wrongCount(text: string, count: number): Refusal {
  if (/^\d{4}-\d\d-\d\d\b|\d:\d\d/.test(text)) {
    const expected = `at('2027-03-28T10:00:00Z') for one instant, or a cron expression such as "0 10 * * MON"`;
    return { reason: 'BAD_VALUE', fact: 'is a date or a time of day', expected };
  }
  if (/\b(every|minutes?|hours?|seconds?|days?)\b/i.test(text)) {
    const expected = `every('5m') for an interval, or 5 or 6 fields`;
    return { reason: 'BAD_VALUE', fact: 'is in words', expected };
  }
  if (text === '-') {
    const expected = "disabled: true among the job's options, to switch it off";
    return { reason: 'FIELD_COUNT', fact: 'has no field', expected };
  }
  const years = count === 7 ? '; for single years give startAt and endAt' : '';
  return {
    reason: 'FIELD_COUNT',
    fact: `has ${count} field${count === 1 ? '' : 's'}`,
    expected: `5 fields (minute hour dayOfMonth month dayOfWeek), or 6 with the second first${years}`,
  };
}

function refuseType(value: unknown): never {
  const missing = value === undefined || value === null;
  refuse(value, {
    reason: missing ? 'EMPTY' : 'NOT_STRING',
    fact: missing ? 'is missing' : 'is not a string',
    expected: missing
      ? 'a string of 5 or 6 fields; if it comes from the environment, check that the variable is set'
      : 'a string of 5 or 6 fields, or an object such as { hour: 0, minute: 5 }',
  });
}

function refuseCharacter(source: unknown, text: string, index: number, start: number): never {
  const character = String.fromCodePoint(text.codePointAt(index)!);
  const name = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  const refusal: Refusal = {
    reason: 'BAD_CHAR',
    fact: `is not an ASCII character of cron (${name})`,
    expected: 'digits, letters, * , - / # ? ( ) and blanks',
  };
  refuse(source, refusal, character, start + index);
}

function refuse(expression: unknown, refusal: Refusal, text: string | null = null, start = -1): never {
  const { fact, ...fault } = refusal;
  const position = start < 0 || typeof expression !== 'string' ? null : start;
  throw new InvalidCronError(fact, { ...fault, expression, field: null, text, position });
}
