import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { SqliteHandle, SqliteStatement } from './sqlite-handle.js';

/** Statements that are kept prepared. The store's own are far fewer. */
const KEPT_STATEMENTS = 200;
const READS = /^\s*(?:select|with|pragma|explain|values)\b|\breturning\b/i;

/** Evens out what the packages make of the same API. */
export class SqliteConnection implements DatabaseConnection {
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(readonly handle: SqliteHandle) {}

  // Not async: a rejected promise is what Kysely expects of a failure.
  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepared(sql);
    if (statement.reader ?? READS.test(sql)) {
      return { rows: withoutMetadata(statement.all(...parameters)) as R[] };
    }
    const { changes } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes) };
  }

  streamQuery(): never {
    throw new Error('The store reads page by page.');
  }

  #prepared(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= KEPT_STATEMENTS) this.#statements.clear();
    const statement = this.handle.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** libsql adds to each row how long the query took. */
const LIBSQL_EXTRA = '_metadata';

function withoutMetadata(rows: unknown[]): unknown[] {
  const [first] = rows;
  if (typeof first !== 'object' || first === null || !Object.hasOwn(first, LIBSQL_EXTRA)) return rows;
  for (const row of rows as Record<string, unknown>[]) delete row[LIBSQL_EXTRA];
  return rows;
}
