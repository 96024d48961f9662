import { type ErrorKind, isSocketError, kindOfConnectionError } from '../error-kinds.js';

/** https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and https://mariadb.com/kb/en/mariadb-error-codes/ */
const KINDS: Readonly<Record<Exclude<ErrorKind, 'closed' | 'refused' | 'program'>, ReadonlySet<number>>> = {
  // Deadlock, MariaDB's "record has changed since last read", NOWAIT.
  transient: new Set([1213, 1020, 3572]),
  // Connections, memory, disk, shutdown, read-only; a statement that was cancelled, or waited or took too long.
  down: new Set([
    1021, 1030, 1037, 1040, 1041, 1053, 1114, 1129, 1203, 1205, 1226, 1290, 1317, 1836, 1927, 1969, 3024,
    3100, 3169, 4031,
  ]),
  // Null, duplicate, row size, packet size, range, truncation, characters, length, JSON of MySQL and of MariaDB.
  row: new Set([
    1048, 1062, 1118, 1153, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1690, 3140, 3141, 3144, 3146,
    3147, 3150, 3155, 3156, 3157, 3158, 3669, 3854, 3903, 3904, 3905, 4025, 4035, 4036, 4037, 4038, 4039,
    4176, 4177, 4178,
  ]),
  // Database, password, table, column, super, routine.
  denied: new Set([1044, 1045, 1142, 1143, 1227, 1370, 1698]),
  // Database, table, column.
  missing: new Set([1049, 1146, 1054]),
};
const LOST = new Set(['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT']);
/** mysql2's own messages, which have no code. */
const UNUSABLE = /connection (?:is in closed state|lost)|can't add new command|malformed packet/i;
const NO_CONNECTION = /queue limit reached|no connections available/i;
const PACKET_TOO_LARGE = 1153;

const errnoOf = (error: unknown): number => (error as { errno?: number } | null)?.errno ?? 0;

export function kindOfMysqlError(error: unknown): ErrorKind {
  const errno = errnoOf(error);
  for (const [kind, numbers] of Object.entries(KINDS)) if (numbers.has(errno)) return kind as ErrorKind;
  const ofConnection = kindOfConnectionError(error);
  if (ofConnection !== null) return ofConnection;
  if (isConnectionLost(error) || NO_CONNECTION.test((error as Error).message)) return 'down';
  return errno > 0 ? 'refused' : 'program';
}

export function isConnectionLost(error: unknown): boolean {
  // The server closes the connection after a packet that is too large, which is no outage.
  if (errnoOf(error) === PACKET_TOO_LARGE) return true;
  const { code, fatal, message } = error as { code?: string; fatal?: boolean; message?: string };
  return fatal === true || LOST.has(code ?? '') || UNUSABLE.test(message ?? '') || isSocketError(error);
}

export function isDuplicate(error: unknown): boolean {
  return errnoOf(error) === 1062;
}

/** As the server's error, for a statement that is not sent: the server would close the connection. */
export function packetTooLarge(bytes: number, limit: number): Error {
  const message = `the statement has ${bytes} bytes, and max_allowed_packet is ${limit}`;
  return Object.assign(new Error(message), { errno: PACKET_TOO_LARGE, code: 'ER_NET_PACKET_TOO_LARGE' });
}
