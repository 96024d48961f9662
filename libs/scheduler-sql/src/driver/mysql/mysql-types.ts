/** The part of mysql2 that the store uses, with callbacks: each connection of mysql2/promise wraps one. */
export interface MysqlConnection {
  query(
    query: { readonly sql: string },
    values: unknown[],
    callback: (error: Error | null, result: unknown) => void,
  ): unknown;
  format(sql: string, values: unknown[]): string;
  /** The encoding in which it sends strings. */
  readonly clientEncoding?: string;
  readonly config?: { readonly typeCast?: unknown };
}

export interface MysqlPoolConnection extends MysqlConnection {
  on(event: 'error' | 'end', listener: () => void): unknown;
  release(): void;
  destroy(): void;
}

export interface MysqlCorePool {
  getConnection(callback: (error: Error | null, connection: MysqlPoolConnection) => void): void;
  end(callback: (error?: Error | null) => void): void;
  on(event: 'connection', listener: (connection: MysqlPoolConnection) => void): unknown;
}

export interface MysqlModule {
  createPool(options: object): MysqlCorePool;
}

/** A `Pool` of mysql2 or of mysql2/promise. */
export type MysqlPool = { getConnection: MysqlCorePool['getConnection'] } | { readonly pool: unknown };

export function corePool(pool: MysqlPool): MysqlCorePool {
  return ('pool' in pool ? pool.pool : pool) as MysqlCorePool;
}

/** Null when it is no connection of mysql2 or mysql2/promise. */
export function coreConnection(value: unknown): MysqlConnection | null {
  const given = value as { promise?: unknown; connection?: { promise?: unknown } } | null;
  if (typeof given !== 'object' || given === null) return null;
  const core = typeof given.promise === 'function' ? given : given.connection;
  const connection = core as (MysqlConnection & { getConnection?: unknown }) | undefined;
  // Not a pool, which runs each statement on another connection.
  return typeof connection?.query === 'function' && connection.getConnection === undefined
    ? connection
    : null;
}
