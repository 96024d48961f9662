import { type Duration, parseDuration, unknownKeyOf } from '../timing/index.js';
import { InvalidOptionsError } from './errors.js';

/** @throws InvalidOptionsError unless `options` is an object; `remedy` shows one */
export function readObject(field: string, options: unknown, remedy: string): object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
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
  throw new InvalidOptionsError(
    `${prefix}${name}`,
    (options as Record<string, unknown>)[name],
    `There is no such option. Known here: ${known.join(', ')}.`,
  );
}

export function oneOf<T extends string>(field: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw new InvalidOptionsError(field, value, `Use one of ${allowed.map((item) => `'${item}'`).join(', ')}.`);
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
