import {
  type CompiledQuery,
  type Kysely,
  type QueryResult,
  type RawBuilder,
  sql,
  type SqlBool,
} from 'kysely';
import type { Tables } from '../../schema/tables.js';
import type { BulkTable } from '../../schema/columns.js';
import { type BulkInsert, type BulkMove, type BulkUpdate, isById, toJson } from '../bulk.js';
import type { Dialect } from '../database.js';
import type { TableNames } from '../table-names.js';
import { type Piece, SqliteBulk } from './bulk-sqlite.js';
import { kindOfSqliteError } from './sqlite-errors.js';

export class SqliteDialect implements Dialect {
  readonly name = 'sqlite';
  readonly collation = null;
  readonly skipLocked = false;
  readonly kindOf = kindOfSqliteError;
  readonly #bulk: SqliteBulk;

  constructor(names: TableNames) {
    this.#bulk = new SqliteBulk(names);
  }

  async insertMany<T extends BulkTable>(kysely: Kysely<Tables>, insert: BulkInsert<T>): Promise<string[]> {
    if (insert.rows.length === 0) return [];
    return this.#each(kysely, insert.table, this.#bulk.insert(insert));
  }

  async updateMany<T extends BulkTable>(kysely: Kysely<Tables>, update: BulkUpdate<T>): Promise<string[]> {
    if (update.rows.length === 0) return [];
    return this.#each(kysely, update.table, this.#bulk.update(update, !isById(update)));
  }

  async moveMany(kysely: Kysely<Tables>, move: BulkMove): Promise<string[]> {
    const moved: string[] = [];
    if (move.rows.length === 0) return moved;
    for (const { ids, insert, removeAll, removeFitting } of this.#bulk.move(move)) {
      const { numAffectedRows } = await kysely.executeQuery(insert);
      if (numAffectedRows === BigInt(ids.length)) {
        await kysely.executeQuery(removeAll);
        moved.push(...ids);
      } else moved.push(...idsIn(await kysely.executeQuery(removeFitting)));
    }
    return moved;
  }

  /** Returns the ids of the rows that were written: asked for only where some were not. */
  async #each(kysely: Kysely<Tables>, table: BulkTable, pieces: readonly Piece[]): Promise<string[]> {
    const written: string[] = [];
    for (const { ids, query } of pieces) {
      const result = await kysely.executeQuery<{ id: string }>(query as CompiledQuery<{ id: string }>);
      if (result.numAffectedRows === undefined) written.push(...idsIn(result));
      else if (result.numAffectedRows === BigInt(ids.length)) written.push(...ids);
      else written.push(...idsIn(await kysely.executeQuery(this.#bulk.idsOf(table, ids))));
    }
    return written;
  }

  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool> {
    return this.isIn(column, this.list(values));
  }

  isIn(column: string, list: unknown): RawBuilder<SqlBool> {
    return sql`${sql.ref(column)} in (select value from json_each(${list}))`;
  }

  list(values: readonly string[]): unknown {
    return toJson(values);
  }

  async now(kysely: Kysely<Tables>): Promise<number> {
    const { rows } = await sql<{ now: number }>`
      select cast(round((julianday('now') - 2440587.5) * 86400000) as integer) as now`.execute(kysely);
    return rows[0]!.now;
  }
}

function idsIn({ rows }: QueryResult<{ id: string }>): string[] {
  return rows.map(({ id }) => id);
}
