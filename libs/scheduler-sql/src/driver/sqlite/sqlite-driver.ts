import { setImmediate } from 'node:timers';
import { CompiledQuery, type Driver } from 'kysely';
import { isBusy } from './sqlite-errors.js';
import { SqliteConnection } from './sqlite-connection.js';
import type { SqliteHandle } from './sqlite-handle.js';

/** How long SQLite itself waits for the write lock: it blocks the whole process meanwhile. */
export const BUSY_TIMEOUT_MS = 20;
/** With the wait of each, five seconds. */
const TRIES = 250;

/** One connection, lent to one user at a time. Transactions begin with the write lock. */
export class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  readonly #waiting: (() => void)[] = [];
  #lent = false;

  constructor(private readonly handle: SqliteHandle) {
    this.#connection = new SqliteConnection(handle);
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
    await beginImmediate((text) => connection.executeQuery(CompiledQuery.raw(text)), TRIES);
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  /** A full disk has rolled back already. */
  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback')).catch((error: Error) => {
      if (!error.message.includes('no transaction is active')) throw error;
    });
  }

  async destroy(): Promise<void> {
    try {
      // libsql would leave the log as it is, and who copies the file alone would lack the newest.
      this.handle.exec('pragma wal_checkpoint(truncate)');
    } catch {
      // The log is read at the next opening.
    }
    this.handle.close();
  }
}

/**
 * Begins with the write lock: a reader that turned writer later would be refused when another has written meanwhile.
 *
 * @param tries of about 20 ms each, while another has the lock
 */
export async function beginImmediate(run: (text: string) => Promise<unknown>, tries: number): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      await run('begin immediate');
      return;
    } catch (error) {
      if (!isBusy(error) || tried >= tries) throw error;
      // Whoever has the lock may be this process, and needs its turn to give it back.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
