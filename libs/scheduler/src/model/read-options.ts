import { type Duration, nearestName, parseDuration, suggestNames, unknownKeyOf } from '../timing/index.js';
import { InvalidOptionsError } from './errors.js';

/** Control characters and lone surrogates: databases refuse or alter them. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;
const LONGEST_NAME = 255;
const ELSEWHERE = 'The options are listed in docs/options.md.';

/** @throws InvalidOptionsError unless `options` is an object; `remedy` shows one */
export function readObject(field: string, options: unknown, remedy: string): object {
  // Not a list, a Date, a Map or a promise: those have no options, and would be taken for none.
  if (Object.prototype.toString.call(options) === '[object Object]') return options as object;
  throw new InvalidOptionsError(field, options, remedy);
}

/** @throws InvalidOptionsError unless `options` is an object with names from `known` only; `remedy` shows one */
export function readNamed(options: unknown, known: readonly string[], remedy: string): void {
  rejectUnknown('', readObject('options', options, remedy), known);
}

/** @throws InvalidOptionsError for the first name in `options` that is not in `known` */
export function rejectUnknown(prefix: string, options: object, known: readonly string[]): void {
  const name = unknownKeyOf(options, known);
  if (name === null) return;
  const value = (options as Record<string, unknown>)[name];
  const fact = `There is no option \`${prefix}${name}\``;
  const nearest = nearestName(name, known);
  throw nearest === null
    ? new InvalidOptionsError(prefix + name, value, suggestNames(name, known, ELSEWHERE), `${fact}.`)
    : new InvalidOptionsError(prefix + name, value, '', `${fact}; did you mean \`${prefix}${nearest}\`?`);
}

/** @param elsewhere a sentence in place of a long list of names */
export function oneOf<T extends string>(
  field: string,
  value: unknown,
  allowed: readonly T[],
  elsewhere: string = ELSEWHERE,
): T {
  if (allowed.includes(value as T)) return value as T;
  throw new InvalidOptionsError(field, value, suggestNames(value, allowed, elsewhere));
}

/** A whole number of at least 1. */
export function count(field: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw new InvalidOptionsError(field, value, 'Give a whole number of at least 1.');
}

export function readFlag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionsError(field, value, 'Give true or false.');
}

/** An id or another name. @throws InvalidOptionsError unless it is a string of 1 to 255 fit characters */
export function checkName(field: string, value: unknown): string {
  const isFit =
    typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME && !UNFIT.test(value);
  if (isFit) return value;
  throw new InvalidOptionsError(
    field,
    value,
    `Give a string of 1 to ${LONGEST_NAME} characters without control characters and lone surrogates.`,
  );
}

/** Milliseconds, more than 0. */
export function positiveDuration(field: string, value: unknown): number {
  const ms = parseDuration(value as Duration, field);
  if (ms > 0) return ms;
  throw new InvalidOptionsError(
    field,
    value,
    "Give a duration over zero, for example '30s', or null for no limit.",
  );
}
