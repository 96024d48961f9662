import { DAY_OF_MONTH, DAY_OF_WEEK, type CronField } from './cron-field.js';
import type { CronItem } from './cron-field.js';
import { type CronFault, InvalidCronError } from '../errors/trigger-errors.js';

const DIGITS = /^\d+$/;
const HASH = /^H(?:\((\d+)-(\d+)\))?$/;
/** `L`, `L-3`, `LW`, `LW-1`; a month has at most 30 days before its last. */
const FROM_END = /^L(W?)(?:-([1-9]|[12]\d|30))?$/;
/** Attempts at a hash; longer words are unknown names. */
const HASH_LIKE = /^[Hh]{1,2}(?:[(\d/]|$)/;

/** The source of an item, for messages. */
export interface ItemContext {
  readonly expression: unknown;
  readonly field: CronField;
  readonly text: string;
  readonly position: number | null;
}

/**
 * Reads one item of a field's list, strictly (semantics.md C3, C4).
 * @throws InvalidCronError for anything that is not exactly one of the forms
 */
export function readCronItem(context: ItemContext): CronItem {
  const { text, position } = context;
  if (text === '*') return { kind: 'any', text, position };
  // The most common item, so checked early.
  if (DIGITS.test(text)) {
    const value = readNumber(context, text);
    return { kind: 'values', from: value, to: value, step: 1, form: 'value', text, position };
  }
  if (text === '')
    refuse(context, 'EMPTY_ITEM', 'is an empty item', 'a value between commas and none after the last');
  if (text.includes('?')) {
    refuse(
      context,
      'BAD_QUESTION',
      'uses "?"',
      '"?" alone, in dayOfMonth or dayOfWeek; everywhere else write "*"',
    );
  }
  if (HASH_LIKE.test(text)) return readHash(context);
  if (text.includes('#')) return readNth(context);
  if (text.includes('/')) return readStep(context);
  const special = readSpecial(context);
  if (special !== null) return special;
  if (text.includes('-')) {
    const [from, to] = readRange(context, text);
    return { kind: 'values', from, to, step: 1, form: 'range', text, position };
  }
  const value = readValue(context, text);
  return { kind: 'values', from: value, to: value, step: 1, form: 'value', text, position };
}

function readStep(context: ItemContext): CronItem {
  const { text, field, position } = context;
  const [base, stepText, ...more] = text.split('/') as [string, string, ...string[]];
  const step = Number(stepText);
  if (more.length > 0 || base === '' || !DIGITS.test(stepText) || step === 0) {
    refuse(
      context,
      'BAD_STEP',
      'has no usable step',
      'one "/" with "*", a value or a range before it and a number from 1 after it',
    );
  }
  if (base === '*') {
    const to = field === DAY_OF_WEEK ? 6 : field.max;
    return { kind: 'values', from: field.min, to, step, form: 'open', text, position };
  }
  if (base.includes('-')) {
    const [from, to] = readRange(context, base);
    return { kind: 'values', from, to, step, form: 'range', text, position };
  }
  if (/^\d*L?W?$/.test(base) && !DIGITS.test(base)) {
    refuse(
      context,
      base.includes('W') ? 'BAD_W' : 'BAD_LAST',
      'puts a step on L or W',
      'L, LW and W without a step',
    );
  }
  if (base.includes('*'))
    refuse(context, 'BAD_VALUE', 'mixes "*" with other characters', `"*", or ${field.expected}`);
  const from = readValue(context, base);
  if (field === DAY_OF_WEEK) {
    refuse(
      context,
      'BAD_STEP',
      'has a step without an end, which is not clear for weekdays',
      `a range, e.g. "${from % 7}-6/${step}"`,
    );
  }
  return { kind: 'values', from, to: field.max, step, form: 'open', text, position };
}

/** Both ends of a range; the second is beyond the field's last value when the range wraps (C3). */
function readRange(context: ItemContext, text: string): [number, number] {
  const { field } = context;
  const parts = text.split('-');
  if (parts.length !== 2 || parts.includes('') || text.includes('*'))
    refuse(context, 'BAD_RANGE', 'is not a range', 'two values with one "-" between them');
  const from = readValue(context, parts[0]!);
  const to = readValue(context, parts[1]!);
  if (from <= to) return [from, to];
  // 7 is Sunday, from which no range needs to wrap.
  return from === 7 && field === DAY_OF_WEEK ? [0, to] : [from, to + field.size];
}

/** Reads items with L and W; null for all other items. */
function readSpecial(context: ItemContext): CronItem | null {
  const { text, field, position } = context;
  const isWord = /^[A-Za-z]+$/.test(text);
  if (isWord && field.names?.has(text.toUpperCase())) return null;
  if (field === DAY_OF_MONTH) {
    const fromEnd = FROM_END.exec(text);
    if (fromEnd !== null) {
      const kind = fromEnd[1] === 'W' ? 'lastWeekday' : 'lastDay';
      return { kind, before: Number(fromEnd[2] ?? 0), text, position };
    }
    if (/^\d+W$/.test(text)) {
      return { kind: 'nearestWeekday', day: readNumber(context, text.slice(0, -1)), text, position };
    }
  }
  if (field === DAY_OF_WEEK && /^(?:\d+|[A-Za-z]{3})L$/.test(text)) {
    return { kind: 'lastOfWeekday', weekday: readValue(context, text.slice(0, -1)) % 7, text, position };
  }
  if (/^[LlWw]{1,2}$/.test(text) || /^[\d-]*[LlWw][\dLlWw-]*$/.test(text) || /^lw?-/i.test(text))
    refuseLastOrWeekday(context);
  if (/-[A-Za-z\d]*L$/.test(text) && !field.names?.has(text.split('-')[1]!.toUpperCase()))
    refuseLastOrWeekday(context);
  return null;
}

function refuseLastOrWeekday(context: ItemContext): never {
  if (/w/i.test(context.text)) {
    refuse(
      context,
      'BAD_W',
      'uses "W"',
      '"W" in dayOfMonth only, as "15W" (the weekday nearest to the 15th), "LW" or "LW-1" (up to 30)',
    );
  }
  refuse(
    context,
    'BAD_LAST',
    'uses "L"',
    '"L", "L-3" (up to 30) or "LW" in dayOfMonth, or a single weekday with L in dayOfWeek, e.g. "5L"',
  );
}

function readNth(context: ItemContext): CronItem {
  const { text, field, position } = context;
  const match = /^(\d+|[A-Za-z]{3})#([1-5])$/.exec(text);
  const expected = 'one weekday, "#" and 1-5, e.g. "5#2" or "FRI#2" for the second Friday, in dayOfWeek';
  if (field !== DAY_OF_WEEK || match === null)
    refuse(context, 'BAD_NTH', 'is not the nth weekday of a month', expected);
  const weekday = DIGITS.test(match[1]!) ? Number(match[1]) : field.names!.get(match[1]!.toUpperCase());
  if (weekday === undefined || weekday > 7) refuse(context, 'BAD_NTH', 'names no weekday', expected);
  return { kind: 'nthOfWeekday', weekday: weekday % 7, nth: Number(match[2]), text, position };
}

function readHash(context: ItemContext): CronItem {
  const { text, field, position } = context;
  const [base, stepText, ...more] = text.split('/') as [string, string?, ...string[]];
  const match = HASH.exec(base);
  const expected = '"H", "H(a-b)" with a up to b, or either with a step such as "H/15"; a capital H';
  if (match === null || more.length > 0) refuse(context, 'BAD_HASH', 'is not a hashed value', expected);
  if (stepText !== undefined && (!DIGITS.test(stepText) || Number(stepText) === 0)) {
    refuse(context, 'BAD_STEP', 'has no usable step', 'a number from 1 after "/"');
  }
  // A hashed day must not make a job skip months: every month has the days 1 to 28.
  const last = field === DAY_OF_MONTH ? 28 : field === DAY_OF_WEEK ? 6 : field.max;
  const from = match[1] === undefined ? field.min : readNumber(context, match[1]);
  const to = match[2] === undefined ? last : readNumber(context, match[2]);
  if (from > to) refuse(context, 'BAD_HASH', 'is a range that runs backwards', expected);
  const size = to - from + 1;
  if (match[1] !== undefined && Number(stepText ?? 1) > size)
    refuse(context, 'BAD_HASH', `has a step longer than its range`, `a step of up to ${size}`);
  return { kind: 'hash', from, to, step: stepText === undefined ? null : Number(stepText), text, position };
}

function readValue(context: ItemContext, text: string): number {
  if (DIGITS.test(text)) return readNumber(context, text);
  const named = context.field.names?.get(text.toUpperCase());
  if (named !== undefined) return named;
  const asWord = /^[A-Za-z]+$/.test(text) || (context.field.names !== null && /[A-Za-z]{3}/.test(text));
  if (asWord) {
    const hint = nameStart(context.field, text);
    refuse(context, 'UNKNOWN_NAME', `has the unknown name "${text}"`, hint ?? context.field.expected);
  }
  const commas = /[;|]/.test(text) ? ', and commas between several' : '';
  refuse(context, 'BAD_VALUE', `is not a value`, `${context.field.expected}${commas}`);
}

/** A hint for "MONDAY", which most likely means MON. */
function nameStart(field: CronField, text: string): string | null {
  const start = text.slice(0, 3).toUpperCase();
  return field.names?.has(start) ? `three letters, here ${start}` : null;
}

function readNumber(context: ItemContext, digits: string): number {
  const value = Number(digits);
  const { min, max, expected } = context.field;
  if (value < min || value > max)
    refuse(context, 'OUT_OF_RANGE', `has ${showNumber(digits)} outside ${min}-${max}`, expected);
  return value;
}

function showNumber(digits: string): string {
  return digits.length > 12 ? `${digits.slice(0, 12)}…` : digits;
}

function refuse(context: ItemContext, reason: CronFault, fact: string, expected: string): never {
  const { expression, field, text, position } = context;
  throw new InvalidCronError(fact, { reason, expression, field: field.name, text, position, expected });
}
