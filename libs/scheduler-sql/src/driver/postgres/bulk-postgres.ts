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

const TYPES = { key: 'text', text: 'text', integer: 'bigint' };

type Returning = CompiledQuery<{ id: string }>;

/** Sends rows as a JSON array of flat objects. */
export class PostgresBulk {
  readonly #texts = new BulkTexts<{ byId: string; byCtid: string }>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => ({
      byId: this.#updateText(shape, 't."id" = any($2::text[])'),
      // Goes to the last version of a row: an index holds an entry for each version that anybody may still see.
      byCtid: this.#updateText(shape, 't.ctid = any($2::tid[]) and t."id" = r."w_id"'),
    }),
  });

  constructor(private readonly names: TableNames) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): Returning {
    const { text, columns } = this.#texts.insert(insert);
    const rows = insert.rows.map((row) => flatRow(row, columns));
    return CompiledQuery.raw(text, [toJson(rows)]) as Returning;
  }

  update<T extends BulkTable>(update: BulkUpdate<T>): Returning {
    const { text, shape } = this.#texts.update(update);
    const rows = update.rows.map((row) => flatChange(row, shape));
    const hasCtids = update.rows.every(({ at }) => at !== undefined);
    const which = update.rows.map(({ where, at }) => (hasCtids ? at : where.id));
    return CompiledQuery.raw(hasCtids ? text.byCtid : text.byId, [toJson(rows), which]) as Returning;
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const values = columns.map(({ key }) => `r."${key}"`).join(', ');
    return (
      `insert into ${this.names.quoted(table)} (${list}) select ${values} from ${recordset(columns)} ` +
      'on conflict do nothing returning "id"'
    );
  }

  /** Repeats the ids as an array: a join with the JSON alone is planned as a scan of the whole table. */
  #updateText({ table, where, set, whereAlike, setAlike }: BulkShape, which: string): string {
    const sets = [
      ...set.map(({ name, key }) => `"${name}" = r."${key}"`),
      ...setAlike.map(([name, value]) => `"${name}" = ${value}`),
    ];
    const conditions = [
      which,
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
