import { CompiledQuery } from 'kysely';
import type { BulkTable } from '../../schema/columns.js';
import {
  type BulkColumn,
  type BulkInsert,
  type BulkMove,
  type BulkShape,
  BulkTexts,
  type BulkUpdate,
  flatChange,
  flatRow,
  type MoveShape,
  type RowShape,
  toJson,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';

const TYPES = { key: 'text', text: 'text', integer: 'bigint' };

type Returning = CompiledQuery<{ id: string }>;

/** Sends rows as a JSON array of flat objects. */
export class PostgresBulk {
  readonly #texts = new BulkTexts<string, { byId: string; byCtid: string }, string>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => ({
      byId: this.#updateText(shape, 't."id" = any($2::text[])'),
      // Goes to the last version of a row: an index holds an entry for each version that anybody may still see.
      byCtid: this.#updateText(shape, 't.ctid = any($2::tid[]) and t."id" = r."w_id"'),
    }),
    move: (shape) => this.#moveText(shape),
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

  move(move: BulkMove): Returning {
    const { text, shape } = this.#texts.move(move);
    const rows = move.rows.map((row) => flatChange(row, shape));
    return CompiledQuery.raw(text, [toJson(rows), move.rows.map(({ where }) => where.id)]) as Returning;
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const values = columns.map(({ key }) => `r."${key}"`).join(', ');
    return (
      `insert into ${this.names.quoted(table)} (${list}) select ${values} from ${recordset(columns)} ` +
      'on conflict do nothing returning "id"'
    );
  }

  #moveText({ where, set, whereAlike, setAlike, carried }: MoveShape): string {
    const columns = [...carried, ...set.map(({ name }) => name), ...setAlike.map(([name]) => name)];
    const values = [
      ...carried.map((name) => `"${name}"`),
      ...set.map(({ key }) => `"${key}"`),
      ...setAlike.map(([, value]) => value),
    ];
    const returned = [...carried.map((name) => `t."${name}"`), ...set.map(({ key }) => `r."${key}"`)];
    return (
      `with ended as (delete from ${this.names.quoted('live_runs')} as t using ${recordset([...where, ...set])} ` +
      `where ${fitting('t."id" = any($2::text[])', { where, whereAlike })} returning ${returned.join(', ')}) ` +
      `insert into ${this.names.quoted('history')} (${columns.map((name) => `"${name}"`).join(', ')}) ` +
      `select ${values.join(', ')} from ended on conflict do nothing returning "id"`
    );
  }

  #updateText({ table, where, set, whereAlike, setAlike }: BulkShape, which: string): string {
    const sets = [
      ...set.map(({ name, key }) => `"${name}" = r."${key}"`),
      ...setAlike.map(([name, value]) => `"${name}" = ${value}`),
    ];
    return (
      `update ${this.names.quoted(table)} as t set ${sets.join(', ')} from ${recordset([...where, ...set])} ` +
      `where ${fitting(which, { where, whereAlike })} returning t."id"`
    );
  }
}

/** @param which repeats the rows as an array: a join with the JSON alone is planned as a scan of the whole table */
function fitting(which: string, { where, whereAlike }: Pick<RowShape, 'where' | 'whereAlike'>): string {
  return [
    which,
    ...where.map(({ name, key }) => `t."${name}" = r."${key}"`),
    ...whereAlike.map(([name, value]) => `t."${name}" = ${value}`),
  ].join(' and ');
}

function recordset(columns: readonly BulkColumn[]): string {
  return `json_to_recordset($1::json) as r(${columns.map(({ key, kind }) => `"${key}" ${TYPES[kind]}`).join(', ')})`;
}
