import { CompiledQuery } from 'kysely';
import {
  type BulkColumn,
  type BulkInsert,
  type BulkShape,
  type BulkTable,
  BulkTexts,
  type BulkUpdate,
  toJson,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';

type Values = Record<string, unknown>;
type Returning = CompiledQuery<{ id: string }>;

/** Sends rows as a JSON array of arrays: SQLite reads it faster than objects, or a statement for each row. */
export class SqliteBulk {
  readonly #texts = new BulkTexts<string>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => this.#updateText(shape),
  });

  constructor(private readonly names: TableNames) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): Returning {
    const { text, columns } = this.#texts.insert(insert);
    return raw(
      text,
      insert.rows.map((row) => values(row, columns)),
    );
  }

  update<T extends BulkTable>(update: BulkUpdate<T>): Returning {
    const { text, shape } = this.#texts.update(update);
    return raw(
      text,
      update.rows.map(({ where, set }) => [...values(set, shape.set), ...values(where, shape.where)]),
    );
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const read = columns.map((_, index) => `r.value->>${index}`).join(', ');
    return (
      `insert into ${this.names.quoted(table)} (${list}) select ${read} from json_each(?) as r where true ` +
      'on conflict do nothing returning "id"'
    );
  }

  #updateText({ table, where, set, whereAlike, setAlike }: BulkShape): string {
    const sets = [
      ...set.map(({ name }, index) => `"${name}" = r.value->>${index}`),
      ...setAlike.map(([name, value]) => `"${name}" = ${value}`),
    ];
    const conditions = [
      ...where.map(({ name }, index) => `t."${name}" = r.value->>${set.length + index}`),
      ...whereAlike.map(([name, value]) => `t."${name}" = ${value}`),
    ];
    return (
      `update ${this.names.quoted(table)} as t set ${sets.join(', ')} from json_each(?) as r ` +
      `where ${conditions.join(' and ')} returning "id"`
    );
  }
}

function values(row: object, columns: readonly BulkColumn[]): unknown[] {
  return columns.map(({ name }) => (row as Values)[name]);
}

function raw(text: string, rows: unknown[][]): Returning {
  return CompiledQuery.raw(text, [toJson(rows)]) as Returning;
}
