import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import { Deadlines, isOverWithin, type Limits, type NoResponseError, repeat } from '../real-time.js';
import { WholeTransaction } from '../whole-transaction.js';
import { isConnectionLost, isDuplicate } from './mysql-errors.js';
import { checkEncoding, PATIENT, READ_SETTINGS, restoringText, sessionText } from './mysql-session.js';
import type { MysqlCorePool, MysqlPoolConnection } from './mysql-types.js';
import { queryOn } from './query-on.js';

/** Runs over a pool of the store's own, or of the user's, whose connections get their settings back. */
export class MysqlDriver implements Driver {
  readonly #deadlines: Deadlines;
  readonly #session: CompiledQuery;
  /** Connections of the store's pool, and the period of the last use of each. */
  readonly #ours = new Map<MysqlPoolConnection, number>();
  #period = 0;
  readonly #stopPeriods: () => void;
  /** The settings of the user's connections. */
  readonly #theirs = new WeakMap<MysqlPoolConnection, string>();
  /** Bytes of the longest statement that the server takes; null until it is known. */
  maxPacket: number | null = null;

  constructor(
    private readonly pool: MysqlCorePool,
    private readonly isOurs: boolean,
    private readonly limits: Limits,
  ) {
    this.#deadlines = new Deadlines(limits.responseMs);
    this.#session = CompiledQuery.raw(sessionText(limits));
    this.#stopPeriods = repeat(limits.idleMs / 4, () => this.#period++);
    if (isOurs) {
      pool.on('connection', (connection) => {
        // Without a listener the event ends the process.
        connection.on('error', () => this.#ours.delete(connection));
        connection.on('end', () => this.#ours.delete(connection));
      });
    }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    for (;;) {
      const raw = await this.#deadlines.acquire<MysqlPoolConnection>(
        (done) => this.pool.getConnection(done),
        (late) => late.release(),
      );
      if (this.#period - (this.#ours.get(raw) ?? this.#period) > 1) {
        // The server ends idle sessions, perhaps right now.
        this.#ours.delete(raw);
        raw.destroy();
        continue;
      }
      const connection = new PooledConnection(raw, this.#deadlines, () => this.maxPacket);
      try {
        await this.#prepare(raw, connection);
        return connection;
      } catch (error) {
        connection.release();
        throw error;
      }
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('start transaction'));
    (connection as PooledConnection).transaction.begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
    (connection as PooledConnection).transaction.end();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const pooled = connection as PooledConnection;
    pooled.transaction.end();
    if (!pooled.isLost) await pooled.executeQuery(CompiledQuery.raw('rollback'));
  }

  /** Runs statements on one connection without a deadline. */
  async patiently<T>(work: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    const connection = await this.acquireConnection();
    try {
      await connection.executeQuery(PATIENT);
      connection.cancelDeadline();
      return await work(connection);
    } finally {
      if (this.isOurs) {
        const again = this.#session;
        await connection.executeQuery(again).catch(() => undefined);
      }
      await this.releaseConnection(connection);
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const { raw, isLost } = connection as PooledConnection;
    if (this.isOurs && !isLost) this.#ours.set(raw, this.#period);
    if (isLost) this.#ours.delete(raw);
    (connection as PooledConnection).release();
  }

  async destroy(): Promise<void> {
    this.#stopPeriods();
    if (!this.isOurs) return;
    // Waits for the server's response to each goodbye.
    const ended = new Promise<void>((resolve) => this.pool.end(() => resolve()));
    if (await isOverWithin(ended, this.limits.responseMs)) return;
    for (const connection of this.#ours.keys()) connection.destroy();
  }

  async #prepare(raw: MysqlPoolConnection, connection: PooledConnection): Promise<void> {
    if (this.isOurs) {
      if (this.#ours.has(raw)) return;
      await connection.executeQuery(this.#session);
      this.#ours.set(raw, this.#period);
      return;
    }
    let restoring = this.#theirs.get(raw);
    if (restoring === undefined) {
      checkEncoding(raw);
      const { rows } = await connection.executeQuery<Record<string, string | null>>(READ_SETTINGS);
      this.#theirs.set(raw, (restoring = restoringText(rows[0]!)));
    }
    connection.restoring = restoring;
    await connection.executeQuery(this.#session);
  }
}

class PooledConnection implements DatabaseConnection {
  readonly transaction = new WholeTransaction(isDuplicate);
  isLost = false;
  /** Sent at the release: gives a user's connection its settings back. */
  restoring: string | null = null;
  #released = false;
  readonly #expired: Promise<never>;
  readonly cancelDeadline: () => void;

  constructor(
    readonly raw: MysqlPoolConnection,
    private readonly deadlines: Deadlines,
    private readonly maxPacket: () => number | null,
  ) {
    let expire!: (error: NoResponseError) => void;
    this.#expired = new Promise((_resolve, reject) => (expire = reject));
    this.#expired.catch(() => undefined);
    this.cancelDeadline = deadlines.start((error) => {
      this.isLost = true;
      expire(error);
      raw.destroy();
    });
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#released) throw new Error('The connection is in closed state');
    try {
      const result = await this.transaction.run(() =>
        Promise.race([queryOn<R>(this.raw, query, this.maxPacket()), this.#expired]),
      );
      this.deadlines.responded();
      return result;
    } catch (error) {
      if (isConnectionLost(error)) this.isLost = true;
      else this.deadlines.responded();
      throw error;
    }
  }

  streamQuery(): never {
    throw new Error('The store reads page by page.');
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.cancelDeadline();
    if (this.isLost) return this.raw.destroy();
    // Statements of a connection are carried out in order: the next user's come after it.
    if (this.restoring !== null) this.raw.query({ sql: this.restoring }, [], () => undefined);
    this.raw.release();
  }
}
