import { CompiledQuery, type Kysely, type RawBuilder, sql, type SqlBool } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import type { BulkTable } from '../../schema/columns.js';
import { type BulkInsert, type BulkMove, type BulkUpdate, isById } from '../bulk.js';
import type { Dialect } from '../database.js';
import type { TableNames } from '../table-names.js';
import { MysqlBulk } from './bulk-mysql.js';
import { isDuplicate, kindOfMysqlError } from './mysql-errors.js';
import type { MysqlFlavour } from './mysql-flavour.js';

export class MysqlDialect implements Dialect {
  readonly name = 'mysql';
  readonly skipLocked = true;
  readonly kindOf = kindOfMysqlError;
  readonly collation: string;
  readonly #bulk: MysqlBulk;

  constructor(names: TableNames, flavour: MysqlFlavour) {
    this.collation = flavour.collation;
    this.#bulk = new MysqlBulk(names, flavour);
  }

  async insertMany<T extends BulkTable>(kysely: Kysely<Tables>, insert: BulkInsert<T>): Promise<string[]> {
    const { table, rows } = insert;
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return ids;
    try {
      const { numAffectedRows } = await kysely.executeQuery(this.#bulk.insert(insert));
      if (numAffectedRows === BigInt(ids.length)) return ids;
      // Left out were runs whose tick is in the history. Their ids are new, so those that are there are inserted.
      return (await kysely.executeQuery(this.#bulk.idsOf(table, ids))).rows.map(({ id }) => id);
    } catch (error) {
      // InnoDB has undone this statement, and nothing else of the transaction.
      if (!isDuplicate(error)) throw error;
    }
    const before = await kysely.executeQuery(this.#bulk.idsOf(table, ids));
    await kysely.executeQuery(this.#bulk.insertNew(insert));
    const after = await kysely.executeQuery(this.#bulk.idsOf(table, ids));
    const known = new Set(before.rows.map(({ id }) => id));
    return after.rows.map(({ id }) => id).filter((id) => !known.has(id));
  }

  async updateMany<T extends BulkTable>(kysely: Kysely<Tables>, changes: BulkUpdate<T>): Promise<string[]> {
    if (changes.rows.length === 0) return [];
    const { select, update } = this.#bulk.update(changes);
    if (isById(changes)) {
      // In most cases all of them are there, and the one statement is enough.
      const { numAffectedRows } = await kysely.executeQuery(update);
      if (numAffectedRows === BigInt(changes.rows.length)) return changes.rows.map(({ where }) => where.id);
      return (await kysely.executeQuery(select)).rows.map(({ id }) => id);
    }
    const fitting = await kysely.executeQuery(select);
    if (fitting.rows.length > 0) await kysely.executeQuery(update);
    return fitting.rows.map(({ id }) => id);
  }

  async moveMany(kysely: Kysely<Tables>, move: BulkMove): Promise<string[]> {
    if (move.rows.length === 0) return [];
    const { select, insert } = this.#bulk.move(move);
    const ids = (await kysely.executeQuery(select)).rows.map(({ id }) => id);
    if (ids.length === 0) return ids;
    await kysely.executeQuery(insert);
    await kysely.executeQuery(this.#bulk.remove(ids));
    return ids;
  }

  /** The driver fills in the values, so that a list needs no plan of its own. */
  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool> {
    return this.isIn(column, this.list(values));
  }

  isIn(column: string, list: unknown): RawBuilder<SqlBool> {
    return sql`${sql.ref(column)} in (${list})`;
  }

  /** The driver writes the values of an array one after the other. */
  list(values: readonly string[]): unknown {
    return values.length === 0 ? [null] : [...values];
  }

  async now(kysely: Kysely<Tables>): Promise<number> {
    const { rows } = await kysely.executeQuery<{ now: number | string }>(NOW);
    return Number(rows[0]!.now);
  }
}

/** Not unix_timestamp(), which goes through the session's zone and its repeated hour. */
const NOW = CompiledQuery.raw(
  "select timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000 as now",
) as CompiledQuery<{ now: number | string }>;
