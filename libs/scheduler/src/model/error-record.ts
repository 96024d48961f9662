import { types } from 'node:util';
import { clip } from '../timing/index.js';

/** An error as the history keeps it. Plain data of bounded size, whatever was thrown. */
export interface ErrorRecord {
  name: string;
  message: string;
  stack: string | null;
  /** The error's own `code` and `status`, such as `ECONNREFUSED` or 503. */
  code?: string | number;
  status?: string | number;
  cause?: ErrorRecord;
  /** The errors of an AggregateError. */
  errors?: ErrorRecord[];
}

const LONGEST_NAME = 200;
/** Characters of a message, and of a stack. */
const LONGEST_TEXT = 4_096;
/** Characters of a record with all of its causes: completions are written many at a time. */
const LONGEST_RECORD = 16_384;
/** Errors in one record: bounds long chains, and chains that go round. */
const MOST_ERRORS = 20;

/** Converts a thrown value to plain data. Never throws, even when the value's getters do. */
export function toErrorRecord(error: unknown): ErrorRecord {
  try {
    return new Recorder().record(error);
  } catch {
    return { name: 'NonError', message: `(a thrown ${typeof error} that cannot be shown)`, stack: null };
  }
}

/** One line for people: the message, with those of its causes and of the errors of an AggregateError. */
export function describeError({ message, cause, errors = [] }: ErrorRecord): string {
  const all = errors.map(describeError).join('; ');
  const own = all === '' ? message : message === '' ? all : `${message} (${all})`;
  if (cause === undefined) return own;
  return own === '' ? describeError(cause) : `${own}: ${describeError(cause)}`;
}

class Recorder {
  private errors = MOST_ERRORS;
  private characters = LONGEST_RECORD;

  record(error: unknown): ErrorRecord {
    this.errors--;
    if (!isError(error))
      return { name: 'NonError', message: this.clip(shown(error), LONGEST_TEXT), stack: null };
    const name = this.string(error, 'name', LONGEST_NAME) ?? 'Error';
    const message = this.string(error, 'message', LONGEST_TEXT) ?? '(a message that cannot be read)';
    const result: ErrorRecord = { name, message, stack: this.string(error, 'stack', LONGEST_TEXT) };
    for (const key of ['code', 'status'] as const) {
      const value = Object.hasOwn(error, key) ? read(error, key) : undefined;
      if (typeof value === 'number') result[key] = value;
      if (typeof value === 'string') result[key] = this.clip(value, LONGEST_NAME);
    }
    const errors = read(error, 'errors');
    if (Array.isArray(errors)) {
      result.errors = [];
      for (const each of errors as unknown[]) if (this.errors > 0) result.errors.push(this.record(each));
    }
    const cause = read(error, 'cause');
    if (cause !== undefined && cause !== null && this.errors > 0) result.cause = this.record(cause);
    return result;
  }

  private string(error: object, key: string, longest: number): string | null {
    const value = read(error, key);
    return typeof value === 'string' ? this.clip(value, longest) : null;
  }

  private clip(text: string, longest: number): string {
    const clipped = clip(text, Math.min(longest, this.characters));
    this.characters = Math.max(1, this.characters - clipped.length);
    return clipped;
  }
}

/** True for errors of another realm, too: under Jest those of Node itself. */
export function isError(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return value instanceof Error || types.isNativeError(value) || typeof read(value, 'stack') === 'string';
  } catch {
    return false; // A proxy that refuses to be looked at.
  }
}

function read(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}
