import { type ErrorKind, isSocketError, kindOfConnectionError } from '../error-kinds.js';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  '40001': 'transient', // serialization_failure
  '40P01': 'transient', // deadlock_detected
  '55P03': 'down', // lock_not_available, after lock_timeout
  '25006': 'down', // read_only_sql_transaction
  '25P03': 'down', // idle_in_transaction_session_timeout
  '25P04': 'down', // transaction_timeout
  '42501': 'denied', // insufficient_privilege
  '42P01': 'missing', // undefined_table
  '42703': 'missing', // undefined_column
  '3F000': 'missing', // invalid_schema_name
  '3D000': 'missing', // invalid_catalog_name
};
const KINDS_OF_CLASSES: Readonly<Record<string, ErrorKind>> = {
  '08': 'down', // connection
  '53': 'down', // resources: disk full, too many connections
  '57': 'down', // intervention: cancelled, shutdown, terminated
  '58': 'down', // system
  '22': 'row', // data
  '23': 'row', // constraint
  '54': 'row', // program limit: a key too long for its index
  '28': 'denied', // authorization
};
/** pg's own messages, which have no code. */
const LOST =
  /connection terminated|connection error|timeout exceeded when trying to connect|timeout expired|client was closed|server closed the connection|query read timeout|connection ended/i;

/** A prepared statement is gone, exists already or no longer fits: behind a pooler, or after a migration. */
export function isStaleStatement(error: unknown): boolean {
  const { message } = error as { message?: string };
  const code = codeOf(error);
  return (
    code === '26000' || code === '42P05' || (code === '0A000' && message?.includes('cached plan') === true)
  );
}

/** An earlier statement of the transaction has failed. */
export function isAborted(error: unknown): boolean {
  return codeOf(error) === '25P02';
}

export function kindOfPostgresError(error: unknown): ErrorKind {
  if (isStaleStatement(error)) return 'transient';
  const code = codeOf(error);
  const kind = KINDS[code] ?? (code.length === 5 ? KINDS_OF_CLASSES[code.slice(0, 2)] : undefined);
  if (kind !== undefined) return kind;
  const ofConnection = kindOfConnectionError(error);
  if (ofConnection !== null) return ofConnection;
  if (isConnectionLost(error)) return 'down';
  return /^[0-9A-Z]{5}$/.test(code) ? 'refused' : 'program';
}

/** The connection is of no further use. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code.startsWith('57P') || code === '25P03' || code === '25P04' || isSocketError(error)) return true;
  return error instanceof Error && LOST.test(error.message);
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
