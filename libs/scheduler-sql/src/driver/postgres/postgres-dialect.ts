import { type CompiledQuery, type Kysely, type RawBuilder, sql, type SqlBool } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import type { BulkTable } from '../../schema/columns.js';
import { type BulkInsert, type BulkMove, type BulkUpdate, isById } from '../bulk.js';
import type { Dialect } from '../database.js';
import type { TableNames } from '../table-names.js';
import { PostgresBulk } from './bulk-postgres.js';
import { kindOfPostgresError } from './postgres-errors.js';

export class PostgresDialect implements Dialect {
  readonly name = 'postgres';
  readonly collation = null;
  readonly skipLocked = true;
  readonly kindOf = kindOfPostgresError;
  readonly #bulk: PostgresBulk;

  constructor(names: TableNames) {
    this.#bulk = new PostgresBulk(names);
  }

  async insertMany<T extends BulkTable>(kysely: Kysely<Tables>, insert: BulkInsert<T>): Promise<string[]> {
    if (insert.rows.length === 0) return [];
    const { rows } = await kysely.executeQuery(this.#bulk.insert(insert));
    return rows.map(({ id }) => id);
  }

  async updateMany<T extends BulkTable>(kysely: Kysely<Tables>, update: BulkUpdate<T>): Promise<string[]> {
    const { table, rows } = update;
    if (rows.length === 0) return [];
    const returning = !isById(update) || rows.some(({ at }) => at !== undefined);
    const ids = rows.map(({ where }) => where.id);
    return this.#written(kysely, { table, ids, query: this.#bulk.update(update, returning), returning });
  }

  async moveMany(kysely: Kysely<Tables>, move: BulkMove): Promise<string[]> {
    if (move.rows.length === 0) return [];
    const { rows } = await kysely.executeQuery(this.#bulk.move(move));
    return rows.map(({ id }) => id);
  }

  /** Returns the ids of the rows that were written: asked for only where some were not. */
  async #written(kysely: Kysely<Tables>, { table, ids, query, returning }: Write): Promise<string[]> {
    const { rows, numAffectedRows } = await kysely.executeQuery(query);
    if (!returning && numAffectedRows === BigInt(ids.length)) return [...ids];
    const found = returning ? rows : (await kysely.executeQuery(this.#bulk.idsOf(table, ids))).rows;
    return found.map(({ id }) => id);
  }

  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool> {
    return this.isIn(column, this.list(values));
  }

  isIn(column: string, list: unknown): RawBuilder<SqlBool> {
    return sql`${sql.ref(column)} = any(${list}::text[])`;
  }

  list(values: readonly string[]): unknown {
    return [...values];
  }

  async now(kysely: Kysely<Tables>): Promise<number> {
    const { rows } = await sql<{ now: number }>`
      select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(kysely);
    return rows[0]!.now;
  }
}

interface Write {
  readonly table: BulkTable;
  readonly ids: readonly string[];
  readonly query: CompiledQuery<{ id: string }>;
  readonly returning: boolean;
}
