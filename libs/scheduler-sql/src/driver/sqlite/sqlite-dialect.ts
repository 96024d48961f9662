import { type Kysely, type RawBuilder, sql, type SqlBool } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import type { BulkTable } from '../../schema/columns.js';
import { type BulkInsert, type BulkMove, type BulkUpdate, toJson } from '../bulk.js';
import type { Dialect } from '../database.js';
import type { TableNames } from '../table-names.js';
import { SqliteBulk } from './bulk-sqlite.js';
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
    const { rows } = await kysely.executeQuery(this.#bulk.insert(insert));
    return rows.map(({ id }) => id);
  }

  async updateMany<T extends BulkTable>(kysely: Kysely<Tables>, update: BulkUpdate<T>): Promise<string[]> {
    if (update.rows.length === 0) return [];
    const { rows } = await kysely.executeQuery(this.#bulk.update(update));
    return rows.map(({ id }) => id);
  }

  async moveMany(kysely: Kysely<Tables>, move: BulkMove): Promise<string[]> {
    if (move.rows.length === 0) return [];
    const { insert, remove } = this.#bulk.move(move);
    await kysely.executeQuery(insert);
    const { rows } = await kysely.executeQuery(remove);
    return rows.map(({ id }) => id);
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
