/** The part of a `Pool` of pg that the store uses, so that its types need not be installed. */
export interface PgPool {
  /** Passes the client in the call in which it is ready. */
  connect(callback: (error: Error | undefined, client: never) => void): void;
  end(): Promise<unknown>;
  readonly options?: object;
}

export interface PgClient {
  query(query: PgQuery): Promise<PgResult>;
  /** Statements are sent without waiting for the responses to earlier ones; absent in older versions of pg. */
  readonly pipeline?: boolean;
  /** Absent in pg-native. */
  readonly connection?: { readonly stream?: { destroy(): void } };
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

export interface PgOwnPool extends PgPool {
  on(event: 'error', listener: () => void): unknown;
  on(event: 'connect' | 'remove', listener: (client: PgPoolClient) => void): unknown;
}

export interface PgModule {
  Pool: new (options: object) => PgOwnPool;
  Client: new (options: object) => PgOwnClient;
}
