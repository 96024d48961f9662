import { daysInMonth, FIRST_SECOND, LAST_SECOND } from './civil-calendar.js';
import { InvalidTriggerError } from '../errors/trigger-errors.js';

export const FIRST_INSTANT_MS = FIRST_SECOND * 1000;
export const LAST_INSTANT_MS = LAST_SECOND * 1000 + 999;

const ISO_WITH_ZONE =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * UTC ms of a caller's instant: a `Date`, or an ISO 8601 string that names its zone.
 * @throws InvalidTriggerError for anything else, and outside the years 1 to 9999
 */
export function parseInstant(value: unknown, field: string): number {
  const at = typeof value === 'string' ? fromText(value, field) : fromDate(value, field);
  if (at < FIRST_INSTANT_MS || at > LAST_INSTANT_MS) {
    throw new InvalidTriggerError(
      field,
      value,
      'which is outside the years 1 to 9999',
      'Give an instant within them.',
    );
  }
  return at;
}

/** UTC ms of a `Date` argument. @throws InvalidTriggerError when it is none, or invalid */
export function fromDate(value: unknown, field: string): number {
  if (!(value instanceof Date)) {
    throw new InvalidTriggerError(field, value, 'which is not a Date', 'Give a Date object.');
  }
  const at = value.getTime();
  if (at !== at) {
    throw new InvalidTriggerError(
      field,
      value,
      'which is not an instant',
      'Check what the Date was made from.',
    );
  }
  return at;
}

function fromText(text: string, field: string): number {
  const match = ISO_WITH_ZONE.exec(text);
  if (match === null) {
    const zoneless = /^\d{4}-\d\d-\d\d(T[\d:.]+)?$/.test(text);
    throw new InvalidTriggerError(
      field,
      text,
      zoneless ? 'which names no time zone' : 'which is not an instant in ISO 8601',
      `End it with "Z" or an offset, e.g. "2027-03-28T09:00:00Z" or "2027-03-28T09:00:00+02:00", or give a Date.`,
    );
  }
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(Number(match[1]) * 12 + month - 1)) {
    throw new InvalidTriggerError(
      field,
      text,
      'which names a day that does not exist',
      'Check its month and day.',
    );
  }
  return Date.parse(text);
}

export function toIso(at: number): string {
  return new Date(at).toISOString();
}

/** At the public edge, where instants are `Date`s and null means none. */
export function toDate(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
