/** An open file: `DatabaseSync` of node:sqlite, `Database` of better-sqlite3 and libsql. */
export interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatement {
  all(...params: unknown[]): unknown[];
  run(...params: unknown[]): { changes: number | bigint };
  /** Only better-sqlite3 and libsql have it. */
  readonly reader?: boolean;
}

export function isSqliteHandle(value: unknown): value is SqliteHandle {
  const handle = value as Partial<SqliteHandle> | null;
  return (
    typeof handle === 'object' && typeof handle?.prepare === 'function' && typeof handle.exec === 'function'
  );
}

/** Path of the file that the handle is open on; null in memory. */
export function fileOf(handle: SqliteHandle): string | null {
  const databases = handle.prepare('pragma database_list').all() as { name: string; file: string | null }[];
  return databases.find(({ name }) => name === 'main')?.file || null;
}

/** Opens a second connection to its file with the same package. */
export function reopen(handle: SqliteHandle, file: string): SqliteHandle {
  return new (handle.constructor as new (file: string) => SqliteHandle)(file);
}
