/** What the store uses of pg, so that its types need not be installed. A `Pool` of pg is one. */
export interface PgPool {
  /** Hands over a client of pg in the very call in which it is ready. */
  connect(callback: (error: Error | undefined, client: never) => void): void;
  end(): Promise<unknown>;
  readonly options?: object;
}

export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
  /** Statements are sent without waiting for the answers to those before; older versions of pg do not know of it. */
  readonly pipeline?: boolean;
  on(event: string, listener: (...args: never[]) => void): unknown;
  removeListener(event: string, listener: (...args: never[]) => void): unknown;
}

export interface PgPoolClient extends PgClient {
  release(destroy?: boolean): void;
}

/** A connection beside the pool. */
export interface PgOwnClient extends PgClient {
  connect(): Promise<unknown>;
  end(): Promise<unknown>;
}

export interface PgQuery {
  text: string;
  values: unknown[];
  /** Prepared under this name, once for each connection. */
  name?: string | undefined;
  types: { getTypeParser(oid: number): (text: string) => unknown };
}

export interface PgResult {
  command: string;
  rowCount: number | null;
  rows: unknown[];
}

export interface PgModule {
  Pool: new (options: object) => PgPool & { on(event: 'error', listener: () => void): unknown };
  Client: new (options: object) => PgOwnClient;
}
