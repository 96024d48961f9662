/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const TRANSIENT = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
]);
/** Connection, resources (disk full, too many connections), intervention (shutdown, terminated), system. */
const DOWN_CLASSES = new Set(['08', '53', '57', '58']);
const READ_ONLY = '25006';
const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOENT',
  'ENETUNREACH',
]);
/** pg's own words, which have no code. */
const LOST =
  /connection terminated|connection error|timeout exceeded when trying to connect|timeout expired|client was closed|server closed the connection/i;

/** A statement that was prepared is gone, or no longer fits: a pooler between, or a migration meanwhile. */
export function isStaleStatement(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    code === '26000' || code === '42P05' || (code === '0A000' && message?.includes('cached plan') === true)
  );
}

/** A statement before it in the transaction has failed. */
export function isAborted(error: unknown): boolean {
  return codeOf(error) === '25P02';
}

export function isTransientPostgres(error: unknown): boolean {
  return TRANSIENT.has(codeOf(error)) || isStaleStatement(error);
}

export function isPostgresDown(error: unknown): boolean {
  const code = codeOf(error);
  return DOWN_CLASSES.has(code.slice(0, 2)) || code === READ_ONLY || isConnectionLost(error);
}

/** The server did not say it: the connection is of no further use. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (SOCKET.has(code) || code.startsWith('57P')) return true;
  if (error instanceof AggregateError) return error.errors.some(isConnectionLost);
  return error instanceof Error && LOST.test(error.message);
}

export function isMissingPostgresTable(error: unknown): boolean {
  return ['42P01', '3F000'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
