import { type ErrorKind, kindOfConnectionError } from '../error-kinds.js';

interface Code {
  readonly name: string;
  readonly number: number;
  readonly kind: ErrorKind;
}

/** Primary result codes: https://www.sqlite.org/rescode.html */
const CODES: readonly Code[] = [
  { name: 'SQLITE_PERM', number: 3, kind: 'down' },
  { name: 'SQLITE_BUSY', number: 5, kind: 'down' },
  { name: 'SQLITE_LOCKED', number: 6, kind: 'down' },
  { name: 'SQLITE_READONLY', number: 8, kind: 'down' },
  { name: 'SQLITE_INTERRUPT', number: 9, kind: 'down' },
  { name: 'SQLITE_IOERR', number: 10, kind: 'down' },
  { name: 'SQLITE_CORRUPT', number: 11, kind: 'down' },
  { name: 'SQLITE_FULL', number: 13, kind: 'down' },
  { name: 'SQLITE_CANTOPEN', number: 14, kind: 'down' },
  { name: 'SQLITE_TOOBIG', number: 18, kind: 'row' },
  { name: 'SQLITE_CONSTRAINT', number: 19, kind: 'row' },
  { name: 'SQLITE_MISMATCH', number: 20, kind: 'row' },
  { name: 'SQLITE_AUTH', number: 23, kind: 'denied' },
  { name: 'SQLITE_NOTADB', number: 26, kind: 'down' },
];
/** Messages of handles that are closed. */
const CLOSED = /database (?:connection )?is not open|database is closed/i;
/** libsql gives no code when it opens a file. */
const UNOPENABLE = /unable to open/i;

export function kindOfSqliteError(error: unknown): ErrorKind {
  const known = codeOf(error);
  if (known !== undefined) return known.kind;
  const message = error instanceof Error ? error.message : '';
  if (/no such (?:table|column)/.test(message)) return 'missing';
  if (CLOSED.test(message)) return 'closed';
  if (UNOPENABLE.test(message)) return 'down';
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  const isSqlite = typeof errcode === 'number' || String(code).startsWith('SQLITE_');
  return kindOfConnectionError(error) ?? (isSqlite ? 'refused' : 'program');
}

export function isBusy(error: unknown): boolean {
  return ['SQLITE_BUSY', 'SQLITE_LOCKED'].includes(codeOf(error)?.name ?? '');
}

/** node:sqlite has the number in `errcode`, the others have the name, with an extension, in `code`. */
function codeOf(error: unknown): Code | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return CODES.find(({ number }) => number === (errcode & 0xff));
  return typeof code === 'string' ? CODES.find(({ name }) => code.startsWith(name)) : undefined;
}
