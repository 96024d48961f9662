import { CompiledQuery } from 'kysely';
import type { Tables } from '../../schema/tables.js';
import {
  type BulkChange,
  type BulkColumn,
  type BulkTable,
  changeColumns,
  flatChange,
  tableColumns,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';

const TYPES = { key: 'varchar(255)', text: 'longtext', integer: 'bigint' };

type Returning = CompiledQuery<{ id: string }>;

/** MySQL returns no rows from a write, so an update locks the rows that fit, and tells them, before it writes. */
export class MysqlBulk {
  constructor(
    private readonly names: TableNames,
    private readonly collation: string,
  ) {}

  insert<T extends BulkTable>(table: T, rows: readonly Tables[T][]): CompiledQuery {
    return CompiledQuery.raw(this.#insertText(table), [json(rows)]);
  }

  /** Leaves out the rows that meet a unique key. INSERT IGNORE would leave out any other mistake, too. */
  insertNew<T extends BulkTable>(table: T, rows: readonly Tables[T][]): CompiledQuery {
    const id = `${this.names.quoted(table)}.\`id\``;
    return CompiledQuery.raw(`${this.#insertText(table)} on duplicate key update ${id} = ${id}`, [
      json(rows),
    ]);
  }

  idsOf(table: BulkTable, ids: readonly string[]): Returning {
    const marks = ids.map(() => '?').join(', ');
    return CompiledQuery.raw(`select \`id\` from ${this.names.quoted(table)} where \`id\` in (${marks})`, [
      ...ids,
    ]) as Returning;
  }

  update<T extends BulkTable>(
    table: T,
    rows: readonly BulkChange<T>[],
  ): { select: Returning; update: CompiledQuery } {
    const { where, set } = changeColumns(table, rows[0]!);
    const data = [json(rows.map((row) => flatChange(row, where, set)))];
    const joined = (columns: readonly BulkColumn[]): string =>
      `${jsonTable(columns)} straight_join ${this.names.quoted(table)} as t on ${where.map((column) => this.#fits(column)).join(' and ')}`;
    const assignments = set.map(({ name, key }) => `t.\`${name}\` = r.\`${key}\``).join(', ');
    return {
      select: CompiledQuery.raw(`select t.\`id\` from ${joined(where)} for update`, data) as Returning,
      update: CompiledQuery.raw(`update ${joined([...where, ...set])} set ${assignments}`, data),
    };
  }

  #fits({ name, key, kind }: BulkColumn): string {
    const value = `r.\`${key}\``;
    return `t.\`${name}\` = ${kind === 'integer' ? value : `convert(${value} using utf8mb4) collate ${this.collation}`}`;
  }

  #insertText(table: BulkTable): string {
    const columns = tableColumns(table);
    const names = columns.map(({ name }) => `\`${name}\``).join(', ');
    const values = columns.map(({ key }) => `r.\`${key}\``).join(', ');
    return `insert into ${this.names.quoted(table)} (${names}) select ${values} from ${jsonTable(columns)}`;
  }
}

function jsonTable(columns: readonly BulkColumn[]): string {
  const parts = columns.map(({ key, kind }) => `\`${key}\` ${TYPES[kind]} path '$.${key}' error on error`);
  return `json_table(?, '$[*]' columns (${parts.join(', ')})) as r`;
}

/** A key that is absent is NULL everywhere; JSON's null is so only in some versions. */
function json(rows: readonly object[]): string {
  return JSON.stringify(rows, (_, value: unknown) => (value === null ? undefined : value));
}
