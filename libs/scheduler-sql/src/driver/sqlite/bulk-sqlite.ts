import { CompiledQuery } from 'kysely';
import { type BulkInsert, type BulkTable, type BulkUpdate, changeColumns, tableColumns } from '../bulk.js';
import type { TableNames } from '../table-names.js';
import { RowByRow } from '../row-by-row.js';

type Values = Record<string, unknown>;

/** A statement of constant text, carried out for each row; it answers a row `{ changes }` for each. */
export class SqliteBulk {
  readonly #texts = new Map<string, string>();

  constructor(private readonly names: TableNames) {}

  insert<T extends BulkTable>({ table, rows }: BulkInsert<T>): CompiledQuery<{ changes: number }> {
    const columns = tableColumns(table).map(({ name }) => name);
    const text = this.#text(table, () => {
      const list = columns.map((name) => `"${name}"`).join(', ');
      const marks = columns.map(() => '?').join(', ');
      return `insert into ${this.names.quoted(table)} (${list}) values (${marks}) on conflict do nothing`;
    });
    return raw(
      text,
      rows.map((row) => columns.map((name) => (row as unknown as Values)[name] ?? null)),
    );
  }

  update<T extends BulkTable>({ table, rows }: BulkUpdate<T>): CompiledQuery<{ changes: number }> {
    const { where, set } = changeColumns(table, rows[0]!);
    const key = [table, ...[...where, ...set].map((column) => column.key)].join();
    const text = this.#text(key, () => {
      const list = (columns: typeof set, glue: string): string =>
        columns.map(({ name }) => `"${name}" = ?`).join(glue);
      return `update ${this.names.quoted(table)} set ${list(set, ', ')} where ${list(where, ' and ')}`;
    });
    return raw(
      text,
      rows.map((row) => [
        ...set.map(({ name }) => (row.set as Values)[name] ?? null),
        ...where.map(({ name }) => (row.where as Values)[name]),
      ]),
    );
  }

  #text(key: string, write: () => string): string {
    let text = this.#texts.get(key);
    if (text === undefined) this.#texts.set(key, (text = write()));
    return text;
  }
}

function raw(text: string, rows: unknown[][]): CompiledQuery<{ changes: number }> {
  return CompiledQuery.raw(text, [new RowByRow(rows)]) as CompiledQuery<{ changes: number }>;
}
