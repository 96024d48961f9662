import { CompiledQuery, type Driver } from 'kysely';
import type { Limits } from '../real-time.js';
import { SqliteConnection } from './sqlite-connection.js';
import type { SqliteHandle } from './sqlite-handle.js';

/** Of a statement for the lock of another process. */
const LONGEST_WAIT_MS = 5_000;

/** One connection, lent to one caller at a time. Transactions begin with the write lock. */
export class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  readonly #waiting: (() => void)[] = [];
  #lent = false;

  constructor(
    private readonly handle: SqliteHandle,
    limits: Limits,
  ) {
    this.#connection = new SqliteConnection(handle, Math.min(limits.responseMs, LONGEST_WAIT_MS));
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    if (this.#lent) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#lent = true;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) this.#lent = false;
    else next();
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    // A transaction that reads first is refused its first write when another has written meanwhile.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    connection.transaction.begin();
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
    connection.transaction.end();
  }

  /** Accepts that SQLite has rolled back already, as after a full disk. */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    connection.transaction.end();
    await connection.executeQuery(CompiledQuery.raw('rollback')).catch((error: Error) => {
      if (!error.message.includes('no transaction is active')) throw error;
    });
  }

  async destroy(): Promise<void> {
    try {
      // libsql keeps the log, and a copy of the file alone would lack the newest rows.
      this.handle.exec('pragma wal_checkpoint(truncate)');
    } catch {
      // The next opening reads the log.
    }
    this.handle.close();
  }
}
