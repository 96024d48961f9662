import { CompiledQuery } from 'kysely';
import { COLUMNS, type ColumnKind } from '../schema/columns.js';
import type { Tables } from '../schema/tables.js';

export type BulkTable = 'jobs' | 'runs';

/** Whole rows: the column list is the table's own. */
export interface BulkInsert<T extends BulkTable> {
  table: T;
  rows: readonly Tables[T][];
}

/** All rows name the same columns, in any order. */
export interface BulkUpdate<T extends BulkTable> {
  table: T;
  rows: readonly BulkChange<T>[];
}

export interface BulkChange<T extends BulkTable> {
  /** The id, and what else must hold for the row to be changed; never null. */
  where: { id: string } & Partial<Tables[T]>;
  set: Partial<Tables[T]>;
}

/** A column of the table, and the key that its value has in the JSON. */
export interface BulkColumn {
  readonly name: string;
  readonly key: string;
  readonly kind: ColumnKind;
}

/** How a database says it; the one parameter is a JSON array of flat objects. */
export interface BulkWords {
  insert(table: BulkTable, columns: readonly BulkColumn[]): string;
  update(table: BulkTable, where: readonly BulkColumn[], set: readonly BulkColumn[]): string;
}

/** Statements of constant text, so that the database plans each of them once. */
export class BulkStatements {
  readonly #texts = new Map<string, string>();

  constructor(private readonly words: BulkWords) {}

  insert<T extends BulkTable>({ table, rows }: BulkInsert<T>): CompiledQuery<{ id: string }> {
    const text = this.#text(table, () => this.words.insert(table, tableColumns(table)));
    return CompiledQuery.raw(text, [JSON.stringify(rows)]) as CompiledQuery<{ id: string }>;
  }

  update<T extends BulkTable>({ table, rows }: BulkUpdate<T>): CompiledQuery<{ id: string }> {
    const { where, set } = changeColumns(table, rows[0]!);
    const names = [table, ...[...where, ...set].map(({ key }) => key)].join();
    const text = this.#text(names, () => this.words.update(table, where, set));
    return CompiledQuery.raw(text, [
      JSON.stringify(rows.map((row) => flatChange(row, where, set))),
    ]) as CompiledQuery<{
      id: string;
    }>;
  }

  #text(key: string, write: () => string): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = write();
    this.#texts.set(key, text);
    return text;
  }
}

export function tableColumns(table: BulkTable): BulkColumn[] {
  return columnsOf(table, Object.keys(COLUMNS[table]), '');
}

export function changeColumns<T extends BulkTable>(
  table: T,
  { where, set }: BulkChange<T>,
): { where: BulkColumn[]; set: BulkColumn[] } {
  return { where: columnsOf(table, Object.keys(where), 'w_'), set: columnsOf(table, Object.keys(set), 's_') };
}

function columnsOf(table: BulkTable, names: readonly string[], prefix: string): BulkColumn[] {
  const kinds: Readonly<Record<string, ColumnKind>> = COLUMNS[table];
  return names.map((name) => ({ name, key: `${prefix}${name}`, kind: kinds[name]! }));
}

export function flatChange<T extends BulkTable>(
  { where, set }: BulkChange<T>,
  whereColumns: readonly BulkColumn[],
  setColumns: readonly BulkColumn[],
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { name, key } of whereColumns) row[key] = (where as Record<string, unknown>)[name];
  for (const { name, key } of setColumns) row[key] = (set as Record<string, unknown>)[name];
  return row;
}
