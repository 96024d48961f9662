/** Primary result codes: https://www.sqlite.org/rescode.html */
const CODES: Readonly<Record<string, number>> = {
  SQLITE_PERM: 3,
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_NOTADB: 26,
};
const DOWN = new Set([3, 5, 6, 8, 10, 11, 13, 14, 26]);

/** node:sqlite has the number in `errcode`, the others have the name, with an extension, in `code`. */
function primaryCode(error: unknown): number | null {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return errcode & 0xff;
  if (typeof code !== 'string') return null;
  for (const [name, number] of Object.entries(CODES)) if (code.startsWith(name)) return number;
  return null;
}

export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 5 || code === 6;
}

export function isSqliteDown(error: unknown): boolean {
  const code = primaryCode(error);
  return code !== null && DOWN.has(code);
}

export function isMissingSqliteTable(error: unknown): boolean {
  return error instanceof Error && error.message.includes('no such table');
}
