import type { BulkColumn, BulkTable } from '../bulk.js';
import type { TableNames } from '../table-names.js';

const TYPES = { key: 'varchar(255)', text: 'longtext', integer: 'bigint' };

/** MySQL returns no rows from a write, so an update locks and tells first which rows fit. */
export function mysqlBulkWords(names: TableNames) {
  const rows = (columns: readonly BulkColumn[]): string =>
    `json_table(?, '$[*]' columns (${columns.map(({ key, kind }) => `\`${key}\` ${TYPES[kind]} path '$.${key}'`).join(', ')})) as r`;
  const fits = (where: readonly BulkColumn[]): string =>
    where
      .map(({ name, key, kind }) =>
        kind === 'integer'
          ? `t.\`${name}\` = r.\`${key}\``
          : `t.\`${name}\` = convert(r.\`${key}\` using utf8mb4) collate utf8mb4_bin`,
      )
      .join(' and ');
  const insert = (table: BulkTable, columns: readonly BulkColumn[]): string =>
    `insert into ${names.quoted(table)} (${columns.map(({ name }) => `\`${name}\``).join(', ')}) ` +
    `select ${columns.map(({ key }) => `r.\`${key}\``).join(', ')} from ${rows(columns)}`;
  return {
    insert,
    insertNew: (table: BulkTable, columns: readonly BulkColumn[]) =>
      `${insert(table, columns)} on duplicate key update ${names.quoted(table)}.\`id\` = ${names.quoted(table)}.\`id\``,
    fitting: (table: BulkTable, where: readonly BulkColumn[]) =>
      `select t.\`id\` from ${rows(where)} straight_join ${names.quoted(table)} as t on ${fits(where)} for update`,
    update: (table: BulkTable, where: readonly BulkColumn[], set: readonly BulkColumn[]) =>
      `update ${rows([...where, ...set])} straight_join ${names.quoted(table)} as t on ${fits(where)} ` +
      `set ${set.map(({ name, key }) => `t.\`${name}\` = r.\`${key}\``).join(', ')}`,
  };
}
