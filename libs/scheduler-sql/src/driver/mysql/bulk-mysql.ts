import { CompiledQuery } from 'kysely';
import {
  type BulkColumn,
  type BulkInsert,
  type BulkShape,
  type BulkTable,
  BulkTexts,
  type BulkUpdate,
  flatChange,
  flatRow,
  toJson,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';
import type { MysqlFlavour } from './mysql-flavour.js';

/** The character set of a column would be the database's by default. */
const TYPES = {
  key: 'varchar(255) character set utf8mb4',
  text: 'longtext character set utf8mb4',
  integer: 'bigint',
};

type Returning = CompiledQuery<{ id: string }>;

/** MySQL returns no rows from a write: `select` locks and returns those that fit. */
export class MysqlBulk {
  readonly #texts = new BulkTexts<{ select: string; update: string }>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => this.#updateTexts(shape),
  });

  constructor(
    private readonly names: TableNames,
    private readonly flavour: MysqlFlavour,
  ) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): CompiledQuery {
    const { text, columns } = this.#texts.insert(insert);
    return CompiledQuery.raw(text, [json(insert.rows.map((row) => flatRow(row, columns)))]);
  }

  /** Leaves out rows that meet a unique key. INSERT IGNORE would hide other errors, too. */
  insertNew<T extends BulkTable>(insert: BulkInsert<T>): CompiledQuery {
    const { sql, parameters } = this.insert(insert);
    const id = `${this.names.quoted(insert.table)}.\`id\``;
    return CompiledQuery.raw(`${sql} on duplicate key update ${id} = ${id}`, [...parameters]);
  }

  idsOf(table: BulkTable, ids: readonly string[]): Returning {
    const marks = ids.map(() => '?').join(', ');
    return CompiledQuery.raw(`select \`id\` from ${this.names.quoted(table)} where \`id\` in (${marks})`, [
      ...ids,
    ]) as Returning;
  }

  update<T extends BulkTable>(update: BulkUpdate<T>): { select: Returning; update: CompiledQuery } {
    const { text, shape } = this.#texts.update(update);
    const data = [json(update.rows.map((row) => flatChange(row, shape)))];
    return {
      select: CompiledQuery.raw(text.select, data) as Returning,
      update: CompiledQuery.raw(text.update, data),
    };
  }

  #updateTexts({ table, where, set, whereAlike, setAlike }: BulkShape): { select: string; update: string } {
    const conditions = [
      ...where.map((column) => this.#fits(column)),
      ...whereAlike.map(([name, value]) => `t.\`${name}\` = ${value}`),
    ].join(' and ');
    const joined = (columns: readonly BulkColumn[]): string =>
      `${jsonTable(columns)} straight_join ${this.names.quoted(table)} as t on ${conditions}`;
    const sets = [
      ...set.map(({ name, key }) => `t.\`${name}\` = r.\`${key}\``),
      ...setAlike.map(([name, value]) => `t.\`${name}\` = ${value}`),
    ].join(', ');
    return {
      select: `select t.\`id\` from ${joined(where)} ${this.flavour.lockJoined}`,
      update: `update ${joined([...where, ...set])} set ${sets}`,
    };
  }

  #fits({ name, key, kind }: BulkColumn): string {
    const value = `r.\`${key}\``;
    return `t.\`${name}\` = ${kind === 'integer' ? value : `convert(${value} using utf8mb4) collate ${this.flavour.collation}`}`;
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const names = columns.map(({ name }) => `\`${name}\``).join(', ');
    const values = columns.map(({ key }) => `r.\`${key}\``).join(', ');
    return `insert into ${this.names.quoted(table)} (${names}) select ${values} from ${jsonTable(columns)}`;
  }
}

function jsonTable(columns: readonly BulkColumn[]): string {
  const parts = columns.map(({ key, kind }) => `\`${key}\` ${TYPES[kind]} path '$.${key}' error on error`);
  return `json_table(?, '$[*]' columns (${parts.join(', ')})) as r`;
}

/** Leaves out nulls: an absent key is NULL everywhere, JSON's null only in some versions. */
function json(rows: readonly object[]): string {
  return toJson(rows.map(withoutNulls));
}

function withoutNulls(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
