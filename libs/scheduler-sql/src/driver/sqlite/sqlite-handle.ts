/** What the three packages make of a file: `DatabaseSync` of node:sqlite, `Database` of better-sqlite3 and libsql. */
export interface SqliteHandle {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface SqliteStatement {
  all(...params: unknown[]): unknown[];
  run(...params: unknown[]): { changes: number | bigint };
  /** Of better-sqlite3 and libsql. */
  readonly reader?: boolean;
}

export function isSqliteHandle(value: unknown): value is SqliteHandle {
  const handle = value as Partial<SqliteHandle> | null;
  return (
    typeof handle === 'object' && typeof handle?.prepare === 'function' && typeof handle.exec === 'function'
  );
}

/** The file that the handle is open on; null in memory. */
export function fileOf(handle: SqliteHandle): string | null {
  const databases = handle.prepare('pragma database_list').all() as { name: string; file: string | null }[];
  return databases.find(({ name }) => name === 'main')?.file || null;
}

/** A second connection to its file, made by the same package. */
export function reopen(handle: SqliteHandle, file: string): SqliteHandle {
  return new (handle.constructor as new (file: string) => SqliteHandle)(file);
}
