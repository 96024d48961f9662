/** Deadlock, lock wait timeout, MariaDB's "record has changed since last read", NOWAIT. */
const TRANSIENT = new Set([1213, 1205, 1020, 3572]);
/** Connections, memory, disk, shutdown, read-only. */
const DOWN = new Set([
  1021, 1030, 1037, 1040, 1041, 1053, 1114, 1129, 1203, 1290, 1792, 1836, 1927, 3100, 3169,
]);
const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
const CLOSED = /connection (?:is in closed state|lost)|pool is closed|can't add new command/i;

const errnoOf = (error: unknown): number => (error as { errno?: number }).errno ?? 0;

export function isTransientMysql(error: unknown): boolean {
  return TRANSIENT.has(errnoOf(error));
}

export function isMysqlDown(error: unknown): boolean {
  return DOWN.has(errnoOf(error)) || isConnectionLost(error);
}

export function isConnectionLost(error: unknown): boolean {
  const { code, fatal, message } = error as { code?: string; fatal?: boolean; message?: string };
  return fatal === true || LOST.has(code ?? '') || CLOSED.test(message ?? '');
}

export function isDuplicate(error: unknown): boolean {
  return errnoOf(error) === 1062;
}

export function isMissingMysqlTable(error: unknown): boolean {
  return errnoOf(error) === 1146;
}
