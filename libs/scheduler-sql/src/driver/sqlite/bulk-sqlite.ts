import type { BulkColumn, BulkTable, BulkWords } from '../bulk.js';
import type { TableNames } from '../table-names.js';

export function sqliteBulkWords(names: TableNames): BulkWords {
  return {
    // "where true" keeps the parser from reading "on conflict" as a join's condition.
    insert: (table: BulkTable, columns: readonly BulkColumn[]) =>
      `insert into ${names.quoted(table)} (${columns.map(({ name }) => `"${name}"`).join(', ')}) ` +
      `select ${columns.map(({ key }) => `value ->> '${key}'`).join(', ')} ` +
      'from json_each(?) where true on conflict do nothing returning "id"',
    update: (table: BulkTable, where: readonly BulkColumn[], set: readonly BulkColumn[]) =>
      `update ${names.quoted(table)} as t ` +
      `set ${set.map(({ name, key }) => `"${name}" = r.value ->> '${key}'`).join(', ')} ` +
      'from json_each(?) as r ' +
      `where ${where.map(({ name, key }) => `t."${name}" = r.value ->> '${key}'`).join(' and ')} ` +
      'returning "id"',
  };
}
