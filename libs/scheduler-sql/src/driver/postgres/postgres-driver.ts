import { randomBytes } from 'node:crypto';
import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import { Deadlines, type Limits, type NoResponseError } from '../real-time.js';
import type { PgPool, PgPoolClient } from './pg-types.js';
import { isAborted, isConnectionLost, isStaleStatement } from './postgres-errors.js';
import { queryOn } from './query-on.js';

/** Further statements are not prepared. The store's own are far fewer. */
const KEPT_STATEMENTS = 200;

/**
 * Runs over a pool that may be the user's: sets nothing on it or its connections. Parsers go with each query,
 * isolation and timeouts with each transaction.
 */
export class PostgresDriver implements Driver {
  readonly #names = new StatementNames();
  readonly #deadlines: Deadlines;
  readonly #begin: string;

  constructor(
    private readonly pool: PgPool,
    limits: Limits,
  ) {
    this.#deadlines = new Deadlines(limits.responseMs);
    this.#begin = beginText(limits);
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<PostgresConnection> {
    return this.#acquire(false);
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).begin(this.#begin);
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).end('commit');
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).end('rollback');
  }

  /** @throws the error of `work`, rather than that of the rollback */
  async transaction<T>(work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    const connection = await this.acquireConnection();
    try {
      await this.beginTransaction(connection);
      const result = await connection.withinDeadline(work(connection));
      await this.commitTransaction(connection);
      return result;
    } catch (error) {
      await this.rollbackTransaction(connection).catch(() => undefined);
      throw error;
    } finally {
      connection.release();
    }
  }

  /** Runs statements on one connection without a deadline, and prepares none of them. */
  async patiently<T>(work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    const connection = await this.#acquire(true);
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as PostgresConnection).release();
  }

  async destroy(): Promise<void> {}

  #acquire(isPatient: boolean): Promise<PostgresConnection> {
    const deadlines = this.#deadlines;
    const names = isPatient ? null : this.#names;
    return deadlines.acquire<PostgresConnection>(
      // Wrapped in the callback: an error in the same packet as the client's readiness would find no listener later.
      (done) =>
        this.pool.connect((error, client: PgPoolClient) => {
          if (error) done(error, client as never);
          else done(null, new PostgresConnection(client, names, deadlines, isPatient));
        }),
      (late) => late.release(),
    );
  }
}

/**
 * Every statement of the store has an index. Without these settings a plan from the time when a table was small scans
 * the whole table until the next ANALYZE, a minute later at best; a statement without an index is not worth compiling.
 */
function beginText({ responseMs, idleMs }: Limits): string {
  return (
    'begin isolation level read committed read write; set local enable_seqscan = off; set local jit = off; ' +
    `set local lock_timeout = ${responseMs}; set local statement_timeout = ${responseMs}; ` +
    `set local idle_in_transaction_session_timeout = ${idleMs}`
  );
}

class PostgresConnection implements DatabaseConnection {
  #lost = false;
  #inTransaction = false;
  #released = false;
  /** Sent, and without a response yet. */
  #begun: Promise<unknown> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  /** The reason that the transaction, or the connection, takes no further statements. */
  #failure: Error | null = null;
  readonly #expired: Promise<never>;
  readonly #cancelDeadline: () => void;
  /** An error of a connection that is lost between two queries: without a listener it would end the process. */
  readonly #onError = (): void => {
    this.#lost = true;
  };

  constructor(
    private readonly client: PgPoolClient,
    private readonly names: StatementNames | null,
    private readonly deadlines: Deadlines,
    isPatient: boolean,
  ) {
    client.on('error', this.#onError);
    let expire!: (error: NoResponseError) => void;
    this.#expired = new Promise((_resolve, reject) => (expire = reject));
    this.#expired.catch(() => undefined);
    const onOver = (error: NoResponseError): void => {
      this.#lost = true;
      this.#failure ??= error;
      expire(error);
      client.connection?.stream?.destroy();
    };
    this.#cancelDeadline = isPatient ? () => undefined : deadlines.start(onOver);
  }

  /** Rejects at the deadline, if `work` is not over by then. */
  withinDeadline<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#expired]);
  }

  async begin(text: string): Promise<void> {
    this.#failure = null;
    this.#inTransaction = true;
    const begun = this.#send(CompiledQuery.raw(text));
    if (this.client.pipeline !== true) return void (await this.#result(begun));
    // The next statement need not wait for it.
    begun.catch(() => undefined);
    this.#begun = begun;
  }

  async end(text: 'commit' | 'rollback'): Promise<void> {
    if (!this.#lost) await this.executeQuery(CompiledQuery.raw(text));
    else if (text === 'commit') throw this.#failure ?? new Error('Connection terminated');
    this.#inTransaction = false;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#released) throw this.#failure ?? new Error('Connection ended');
    const begun = this.#begun;
    this.#begun = null;
    const name = this.names?.of(this.client, query.sql);
    const response = this.#send<R>(query, name);
    const result = begun === null ? response : Promise.all([response, begun]).then(([one]) => one);
    try {
      return await this.#result(result);
    } catch (error) {
      // A transaction has to be repeated as a whole.
      if (this.#inTransaction || name === undefined || !isStaleStatement(error)) throw error;
      this.#failure = null;
      return this.#result(this.#send<R>(query));
    }
  }

  streamQuery(): never {
    throw new Error('The store reads page by page.');
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#cancelDeadline();
    this.client.removeListener('error', this.#onError);
    this.client.release(this.#lost);
  }

  /** Waits for earlier statements without a pipeline: pg deprecates a queue of its own. */
  #send<R>(query: CompiledQuery, name?: string): Promise<QueryResult<R>> {
    if (this.client.pipeline === true) return queryOn<R>(this.client, query, name);
    const response = this.#last.then(() => queryOn<R>(this.client, query, name));
    this.#last = response.catch(() => undefined);
    return response;
  }

  async #result<R>(response: Promise<R>): Promise<R> {
    try {
      const result = await this.withinDeadline(response);
      this.deadlines.responded();
      return result;
    } catch (error) {
      if (this.#failure === null && isStaleStatement(error)) {
        this.#lost = true;
        this.names?.distrust(error);
      }
      if (isConnectionLost(error)) this.#lost = true;
      else this.deadlines.responded();
      if (!isAborted(error)) this.#failure ??= error as Error;
      // Statements that were sent at once fail at once: the first has the reason.
      throw this.#failure ?? error;
    }
  }
}

/** Names of prepared statements: unique per process and connection, since a pooler lends its connections to many. */
class StatementNames {
  readonly #process = randomBytes(6).toString('hex');
  readonly #statements = new Map<string, number>();
  readonly #connections = new WeakMap<object, number>();
  #connectionCount = 0;
  #trusted = true;

  /** @returns undefined when the statement is not to be prepared */
  of(client: object, text: string): string | undefined {
    if (!this.#trusted) return undefined;
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      if (this.#statements.size >= KEPT_STATEMENTS) return undefined;
      this.#statements.set(text, (statement = this.#statements.size));
    }
    let connection = this.#connections.get(client);
    if (connection === undefined) this.#connections.set(client, (connection = this.#connectionCount++));
    return `carillon_${this.#process}_${connection}_${statement}`;
  }

  /** A pooler in transaction mode gives each transaction another connection, so names mean nothing. */
  distrust(error: unknown): void {
    if ((error as { code?: string }).code !== '0A000') this.#trusted = false;
  }
}
