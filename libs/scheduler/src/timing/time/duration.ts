import { InvalidDurationError } from '../errors/trigger-errors.js';

/** Milliseconds, a string such as `'1h30m'`, or an object. Every unit may be fractional; days are 24 h. */
export type Duration =
  | number
  | string
  | {
      weeks?: number;
      days?: number;
      hours?: number;
      minutes?: number;
      seconds?: number;
      milliseconds?: number;
    };

const UNIT_MS: Record<string, number> = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};
const KEY_MS = new Map<string, number>([
  ['weeks', UNIT_MS.w!],
  ['days', UNIT_MS.d!],
  ['hours', UNIT_MS.h!],
  ['minutes', UNIT_MS.m!],
  ['seconds', UNIT_MS.s!],
  ['milliseconds', 1],
]);
const WHOLE_TEXT = /^\s*(?:\d+(?:\.\d+)?\s*(?:ms|[wdhms])\s*)+$/;
const PART = /(\d+(?:\.\d+)?)\s*(ms|[wdhms])/g;
/** ISO 8601, as Java writes durations: `PT1H30M`. */
const ISO_TEXT = /^\s*P(?:\d|T\d)/i;
const LONGEST_TEXT = 100;
const LONGEST_MS = 2 ** 53;

/**
 * Whole milliseconds, rounded to the nearest; 0 is allowed.
 * @param field the option's name, for the message
 * @throws InvalidDurationError when it is negative, not finite, over 2^53 ms, empty, or in an unknown unit
 */
export function parseDuration(value: Duration, field: string): number {
  const ms = milliseconds(value, field);
  if (Number.isNaN(ms)) throw new InvalidDurationError(field, value, 'which is not a number');
  if (ms < 0) throw new InvalidDurationError(field, value, 'which is negative');
  if (ms > LONGEST_MS) throw new InvalidDurationError(field, value, 'which is more than 2^53 ms');
  // Rounding also removes errors of binary fractions (0.1 s is 100 ms), and adding 0 turns -0 into 0.
  return Math.round(ms) + 0;
}

function milliseconds(value: unknown, field: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return fromText(value, field);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return fromObject(value, field);
  throw new InvalidDurationError(field, value, 'which is not a duration');
}

function fromText(text: string, field: string): number {
  if (text.trim() === '') throw new InvalidDurationError(field, text, 'which is empty');
  if (text.length > LONGEST_TEXT)
    throw new InvalidDurationError(field, text, `which is over ${LONGEST_TEXT} characters`);
  if (/^\s*-/.test(text)) throw new InvalidDurationError(field, text, 'which is negative');
  if (/^\s*\d+(\.\d+)?\s*$/.test(text)) throw new InvalidDurationError(field, text, 'which names no unit');
  if (ISO_TEXT.test(text))
    throw new InvalidDurationError(field, text, 'which is an ISO 8601 duration, and those are not read');
  if (!WHOLE_TEXT.test(text)) {
    throw new InvalidDurationError(
      field,
      text,
      'which is not a number with one of the units w, d, h, m, s, ms',
    );
  }
  let sum = 0;
  const seen = new Set<string>();
  for (const [, amount, unit] of text.matchAll(PART)) {
    if (seen.has(unit!)) throw new InvalidDurationError(field, text, `which names the unit "${unit}" twice`);
    seen.add(unit!);
    sum += Number(amount) * UNIT_MS[unit!]!;
  }
  return sum;
}

function fromObject(value: object, field: string): number {
  const entries = Object.entries(value);
  if (entries.length === 0) throw new InvalidDurationError(field, value, 'which is empty');
  let sum = 0;
  for (const [key, amount] of entries) {
    const unitMs = KEY_MS.get(key);
    if (unitMs === undefined) {
      throw new InvalidDurationError(
        field,
        value,
        `in which "${key}" is none of ${[...KEY_MS.keys()].join(', ')}`,
      );
    }
    if (typeof amount !== 'number' || !Number.isFinite(amount)) {
      throw new InvalidDurationError(field, value, `in which "${key}" is not a finite number`);
    }
    if (amount < 0) throw new InvalidDurationError(field, value, `in which "${key}" is negative`);
    sum += amount * unitMs;
  }
  return sum;
}

/** For people, in the largest units that keep it exact: `1h30m`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0ms';
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of Object.entries(UNIT_MS)) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text;
}
