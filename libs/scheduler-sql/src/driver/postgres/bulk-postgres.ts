import type { BulkColumn, BulkTable, BulkWords } from '../bulk.js';
import type { TableNames } from '../table-names.js';

const TYPES = { key: 'text', text: 'text', integer: 'bigint' };

export function postgresBulkWords(names: TableNames): BulkWords {
  const recordset = (columns: readonly BulkColumn[]): string =>
    `json_to_recordset($1::json) as r(${columns.map(({ key, kind }) => `"${key}" ${TYPES[kind]}`).join(', ')})`;
  return {
    insert: (table: BulkTable, columns: readonly BulkColumn[]) =>
      `insert into ${names.quoted(table)} (${columns.map(({ name }) => `"${name}"`).join(', ')}) ` +
      `select ${columns.map(({ key }) => `r."${key}"`).join(', ')} ` +
      `from ${recordset(columns)} on conflict do nothing returning "id"`,
    update: (table: BulkTable, where: readonly BulkColumn[], set: readonly BulkColumn[]) =>
      `update ${names.quoted(table)} as t ` +
      `set ${set.map(({ name, key }) => `"${name}" = r."${key}"`).join(', ')} ` +
      `from ${recordset([...where, ...set])} ` +
      `where ${where.map(({ name, key }) => `t."${name}" = r."${key}"`).join(' and ')} ` +
      'returning t."id"',
  };
}
