import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import type { PgClient, PgPool, PgPoolClient } from './pg-types.js';
import { isAborted, isConnectionLost, isStaleStatement } from './postgres-errors.js';

/**
 * Each statement of the store has an index to go by. A plan that was kept from the time when a table was small would
 * walk over all of it: until the next ANALYZE, which is a minute away at best. What has none is not worth compiling.
 */
const BEGIN = 'begin isolation level read committed; set local enable_seqscan = off; set local jit = off';
/** Further texts are sent whole each time. The store's own are far fewer. */
const KEPT_STATEMENTS = 200;
const WRITES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/**
 * Over a pool that may be the user's, so nothing is set on it or its connections: how values are read goes with
 * each query, the isolation level with each transaction.
 */
export class PostgresDriver implements Driver {
  readonly #names = new StatementNames();

  constructor(private readonly pool: () => Promise<{ pool: PgPool; isOurs: boolean }>) {}

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const { pool } = await this.pool();
    return new Promise((resolve, reject) => {
      // Not by the promise: an error that comes in one packet with the client would find nobody listening.
      pool.connect((error: Error | undefined, client: PgPoolClient) => {
        if (error) reject(error);
        else resolve(new PostgresConnection(client, this.#names));
      });
    });
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  /** @throws what `work` throws, rather than what the rollback makes of it */
  async transaction<T>(work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    const connection = await this.acquireConnection();
    try {
      await this.beginTransaction(connection);
      const answer = await work(connection);
      await this.commitTransaction(connection);
      return answer;
    } catch (error) {
      await this.rollbackTransaction(connection).catch(() => undefined);
      throw error;
    } finally {
      await this.releaseConnection(connection);
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as PostgresConnection).release();
  }

  async destroy(): Promise<void> {
    const { pool, isOurs } = await this.pool();
    if (isOurs) await pool.end();
  }
}

class PostgresConnection implements DatabaseConnection {
  #lost = false;
  /** Sent, and not answered yet. */
  #begun: Promise<unknown> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  /** What ended the transaction. */
  #failure: unknown = null;
  /** A connection that is lost between two queries says so here; unheard, it would end the process. */
  readonly #onError = (): void => {
    this.#lost = true;
  };

  constructor(
    private readonly client: PgPoolClient,
    private readonly names: StatementNames,
  ) {
    client.on('error', this.#onError);
  }

  async begin(): Promise<void> {
    this.#failure = null;
    const begun = this.#send(CompiledQuery.raw(BEGIN));
    if (this.client.pipeline !== true) return void (await this.#heard(begun));
    // What follows need not wait for it.
    begun.catch(() => undefined);
    this.#begun = begun;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const begun = this.#begun;
    this.#begun = null;
    const answer = this.#send<R>(query, this.names.of(query.sql));
    return this.#heard(begun === null ? answer : Promise.all([answer, begun]).then(([result]) => result));
  }

  /** pg frowns on statements that it has to queue itself. */
  #send<R>(query: CompiledQuery, name?: string): Promise<QueryResult<R>> {
    if (this.client.pipeline === true) return queryOn<R>(this.client, query, name);
    const answer = this.#last.then(() => queryOn<R>(this.client, query, name));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #heard<R>(answer: Promise<R>): Promise<R> {
    try {
      return await answer;
    } catch (error) {
      if (this.#failure === null && isStaleStatement(error)) {
        this.#lost = true;
        this.names.distrust(error);
      }
      if (isConnectionLost(error)) this.#lost = true;
      if (!isAborted(error)) this.#failure ??= error;
      // Statements that were sent together fail together: the first says why.
      throw this.#failure ?? error;
    }
  }

  streamQuery(): never {
    throw new Error('The store reads page by page.');
  }

  release(): void {
    this.client.removeListener('error', this.#onError);
    this.client.release(this.#lost);
  }
}

/** @param name prepares the statement under it; undefined: it is parsed and planned each time */
export async function queryOn<R>(
  client: PgClient,
  { sql, parameters }: CompiledQuery,
  name?: string,
): Promise<QueryResult<R>> {
  const result = await client.query({ text: sql, values: [...parameters], name, types: PARSERS });
  return {
    rows: result.rows as R[],
    ...(WRITES.has(result.command) && { numAffectedRows: BigInt(result.rowCount ?? 0) }),
  };
}

class StatementNames {
  readonly #names = new Map<string, string>();
  #trusted = true;

  of(text: string): string | undefined {
    if (!this.#trusted) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= KEPT_STATEMENTS) return known;
    const name = `carillon_${this.#names.size}_${hash(text)}`;
    this.#names.set(text, name);
    return name;
  }

  /** A pooler in transaction mode gives each transaction another connection, so names mean nothing. */
  distrust(error: unknown): void {
    if ((error as { code?: string }).code !== '0A000') this.#trusted = false;
  }
}

/** On one connection two stores may prepare; pg would take equal names for equal texts. */
function hash(text: string): string {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) | 0;
  return (value >>> 0).toString(36);
}

/** `pg_type.oid`: bool; int8, int2, int4, float4, float8, numeric. The store has nothing else but text. */
const NUMBERS = new Set([20, 21, 23, 700, 701, 1700]);
const PARSERS = {
  getTypeParser: (oid: number) => {
    if (NUMBERS.has(oid)) return Number;
    return oid === 16 ? (text: string) => text === 't' : (text: string) => text;
  },
};
