import { CompiledQuery } from 'kysely';
import {
  type BulkColumn,
  type BulkInsert,
  type BulkShape,
  type BulkTable,
  BulkTexts,
  type BulkUpdate,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';
import { RowByRow } from '../row-by-row.js';

type Values = Record<string, unknown>;
type Changes = CompiledQuery<{ changes: number }>;

/** A statement of constant text, carried out for each row; it answers a row `{ changes }` for each. */
export class SqliteBulk {
  readonly #texts = new BulkTexts<string>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => this.#updateText(shape),
  });

  constructor(private readonly names: TableNames) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): Changes {
    const { text, columns } = this.#texts.insert(insert);
    return raw(
      text,
      insert.rows.map((row) => values(row, columns)),
    );
  }

  update<T extends BulkTable>(update: BulkUpdate<T>): Changes {
    const { text, shape } = this.#texts.update(update);
    return raw(
      text,
      update.rows.map(({ where, set }) => [...values(set, shape.set), ...values(where, shape.where)]),
    );
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const list = columns.map(({ name }) => `"${name}"`).join(', ');
    const marks = columns.map(() => '?').join(', ');
    return `insert into ${this.names.quoted(table)} (${list}) values (${marks}) on conflict do nothing`;
  }

  #updateText({ table, where, set, whereAlike, setAlike }: BulkShape): string {
    const list = (columns: readonly BulkColumn[], alike: BulkShape['setAlike']): string[] => [
      ...columns.map(({ name }) => `"${name}" = ?`),
      ...alike.map(([name, value]) => `"${name}" = ${value}`),
    ];
    return (
      `update ${this.names.quoted(table)} set ${list(set, setAlike).join(', ')} ` +
      `where ${list(where, whereAlike).join(' and ')}`
    );
  }
}

function values(row: object, columns: readonly BulkColumn[]): unknown[] {
  return columns.map(({ name }) => (row as Values)[name] ?? null);
}

function raw(text: string, rows: unknown[][]): Changes {
  return CompiledQuery.raw(text, [new RowByRow(rows)]) as Changes;
}
