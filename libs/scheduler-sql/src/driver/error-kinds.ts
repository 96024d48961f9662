import { SchedulerError, SchedulerNotRunningError, StoreUnavailableError } from '@carillon/scheduler/store';
import { DatabaseRefusedError } from './errors.js';
import { NoResponseError } from './real-time.js';

/**
 * The store's reaction depends on it, and each database has one function that decides it:
 * - `transient`: the transaction is rolled back, and may succeed if it is repeated: a deadlock, a conflict.
 * - `down`: the database does not respond in time, also for a lock, or cannot write. Try again later.
 * - `row`: the values of a row are the reason.
 * - `denied`, `missing`: a privilege, or a table.
 * - `closed`: the store has closed its connections.
 * - `refused`: any other error of the database.
 * - `program`: no error of a database.
 */
export type ErrorKind =
  | 'transient'
  | 'down'
  | 'row'
  | 'denied'
  | 'missing'
  | 'closed'
  | 'refused'
  | 'program';

const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENOENT',
]);
const CLOSED = /pool is closed|cannot use a pool after|driver has already been destroyed/i;

/** Classifies errors that concern the connection, whatever the database; null for all others. */
export function kindOfConnectionError(error: unknown): 'down' | 'closed' | null {
  if (isSocketError(error)) return 'down';
  return error instanceof Error && CLOSED.test(error.message) ? 'closed' : null;
}

/** The connection is of no further use. */
export function isSocketError(error: unknown): boolean {
  if (error instanceof NoResponseError) return true;
  if (error instanceof AggregateError) return error.errors.some(isSocketError);
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return SOCKET.has(String(code)) || (typeof syscall === 'string' && /^(connect|read|write)$/.test(syscall));
}

/** Converts an error of a verb, so that users meet only errors of the scheduler. */
export function toStoreError(kind: ErrorKind, error: unknown): SchedulerError {
  if (error instanceof SchedulerError) return error;
  switch (kind) {
    case 'transient':
    case 'down':
      return new StoreUnavailableError(error);
    case 'closed':
      return new SchedulerNotRunningError('stopping');
    case 'row':
    case 'denied':
    case 'missing':
    case 'refused':
    case 'program':
      return new DatabaseRefusedError(kind, error);
    default:
      return kind satisfies never;
  }
}
