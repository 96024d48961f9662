import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { pause } from '../real-time.js';
import { WholeTransaction } from '../whole-transaction.js';
import { isBusy } from './sqlite-errors.js';
import type { SqliteHandle, SqliteStatement } from './sqlite-handle.js';

/** Statements that are kept prepared. The store's own are far fewer. */
const KEPT_STATEMENTS = 200;
/** How long SQLite itself waits for a lock: it blocks the whole process meanwhile. */
export const BUSY_TIMEOUT_MS = 10;
/** Frees the event loop in between: the lock may be held by this process, which needs it to release the lock. */
const PAUSE_MS = 10;
const READS = /^\s*(?:select|with|pragma|explain|values)\b|\breturning\b/i;

interface Prepared {
  readonly statement: SqliteStatement;
  /** Whether it returns rows. */
  readonly reads: boolean;
}

/** Evens out the differences of the three packages. */
export class SqliteConnection implements DatabaseConnection {
  readonly transaction = new WholeTransaction();
  readonly #statements = new Map<string, Prepared>();

  /** @param waitMs while another connection has the lock: users repeat their statements themselves */
  constructor(
    readonly handle: SqliteHandle,
    private readonly waitMs: number,
  ) {}

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.transaction.run(() => this.#executeUnlocked(query));
  }

  async #executeUnlocked<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (let waitedMs = 0; ; waitedMs += BUSY_TIMEOUT_MS + PAUSE_MS) {
      try {
        return this.#execute(query);
      } catch (error) {
        if (!isBusy(error) || waitedMs >= this.waitMs) throw error;
        await pause(PAUSE_MS);
      }
    }
  }

  #execute<R>({ sql, parameters }: CompiledQuery): QueryResult<R> {
    const { statement, reads } = this.#prepared(sql);
    if (reads) {
      return { rows: withoutMetadata(statement.all(...parameters)) as R[] };
    }
    const { changes } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  streamQuery(): never {
    throw new Error('The store reads page by page.');
  }

  #prepared(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= KEPT_STATEMENTS) this.#statements.clear();
    const statement = this.handle.prepare(sql);
    const prepared = { statement, reads: statement.reader ?? READS.test(sql) };
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/** A property that libsql adds to the first row: the duration of the query. */
const LIBSQL_EXTRA = '_metadata';

function withoutMetadata(rows: unknown[]): unknown[] {
  const [first] = rows;
  if (typeof first !== 'object' || first === null || !Object.hasOwn(first, LIBSQL_EXTRA)) return rows;
  for (const row of rows as Record<string, unknown>[]) delete row[LIBSQL_EXTRA];
  return rows;
}
