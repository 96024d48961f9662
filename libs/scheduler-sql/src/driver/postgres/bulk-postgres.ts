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
} from '../bulk.js';
import type { TableNames } from '../table-names.js';

const TYPES = { key: 'text', text: 'text', integer: 'bigint' };

type Returning = CompiledQuery<{ id: string }>;

/** Rows are a JSON array of flat objects. */
export class PostgresBulk {
  readonly #texts = new BulkTexts<string>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => this.#updateText(shape),
  });

  constructor(private readonly names: TableNames) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): Returning {
    const { text, columns } = this.#texts.insert(insert);
    const rows = insert.rows.map((row) => flatRow(row, columns));
    return CompiledQuery.raw(text, [JSON.stringify(rows)]) as Returning;
  }

  update<T extends BulkTable>(update: BulkUpdate<T>): Returning {
    const { text, shape } = this.#texts.update(update);
    const rows = update.rows.map((row) => flatChange(row, shape));
    const ids = update.rows.map(({ where }) => where.id);
    return CompiledQuery.raw(text, [JSON.stringify(rows), ids]) as Returning;
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const values = columns.map(({ key }) => `r."${key}"`).join(', ');
    return (
      `insert into ${this.names.quoted(table)} (${list}) select ${values} from ${recordset(columns)} ` +
      'on conflict do nothing returning "id"'
    );
  }

  /** The ids stand by themselves, too: a join with rows of JSON alone would be planned as a walk over the whole table. */
  #updateText({ table, where, set, whereAlike, setAlike }: BulkShape): string {
    const sets = [
      ...set.map(({ name, key }) => `"${name}" = r."${key}"`),
      ...setAlike.map(([name, value]) => `"${name}" = ${value}`),
    ];
    const conditions = [
      't."id" = any($2::text[])',
      ...where.map(({ name, key }) => `t."${name}" = r."${key}"`),
      ...whereAlike.map(([name, value]) => `t."${name}" = ${value}`),
    ];
    return (
      `update ${this.names.quoted(table)} as t set ${sets.join(', ')} from ${recordset([...where, ...set])} ` +
      `where ${conditions.join(' and ')} returning t."id"`
    );
  }
}

function recordset(columns: readonly BulkColumn[]): string {
  return `json_to_recordset($1::json) as r(${columns.map(({ key, kind }) => `"${key}" ${TYPES[kind]}`).join(', ')})`;
}
