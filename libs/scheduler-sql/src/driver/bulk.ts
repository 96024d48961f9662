import { COLUMNS, type ColumnKind, DEFAULTS } from '../schema/columns.js';
import type { Tables } from '../schema/tables.js';

export type BulkTable = 'jobs' | 'runs';

/** Whole rows. The statement leaves out columns that are at their default in all of them. */
export interface BulkInsert<T extends BulkTable> {
  table: T;
  rows: readonly Tables[T][];
}

/** All rows name the same columns, in any order. */
export interface BulkUpdate<T extends BulkTable> {
  table: T;
  rows: readonly BulkChange<T>[];
  /** Holds for all rows, as literals in the statement: few distinct values, and words of the store's own. */
  alike?: { where?: Partial<Tables[T]>; set?: Partial<Tables[T]> };
}

export interface BulkChange<T extends BulkTable> {
  /** The id and further conditions for the change; never null. */
  where: { id: string } & Partial<Tables[T]>;
  set: Partial<Tables[T]>;
  /** The ctid of the row on PostgreSQL, if it was read under lock. */
  at?: string | undefined;
}

/** The order in which several rows are changed, so that two transactions do not wait for each other. */
export function byId({ where: one }: BulkChange<BulkTable>, { where: other }: BulkChange<BulkTable>): number {
  return one.id < other.id ? -1 : 1;
}

/** A column of the table, and its value's key in the data of a statement. */
export interface BulkColumn {
  readonly name: string;
  readonly key: string;
  readonly kind: ColumnKind;
}

/** Determines the SQL of a bulk statement: the columns that differ from row to row, and `[name, literal]` of the others. */
export interface BulkShape {
  readonly table: BulkTable;
  readonly where: readonly BulkColumn[];
  readonly set: readonly BulkColumn[];
  readonly whereAlike: readonly (readonly [string, string])[];
  readonly setAlike: readonly (readonly [string, string])[];
}

type Values = Record<string, unknown>;

/** The SQL of bulk statements, each built once: few constant strings, so that the database plans each of them once. */
export class BulkTexts<Update = string> {
  readonly #inserts = new Map<string, string>();
  readonly #updates = new Map<string, Update>();

  constructor(
    private readonly words: {
      insert(table: BulkTable, columns: readonly BulkColumn[]): string;
      update(shape: BulkShape): Update;
    },
  ) {}

  insert<T extends BulkTable>({ table, rows }: BulkInsert<T>): { text: string; columns: BulkColumn[] } {
    const columns = usedColumns(table, rows);
    const key = `${table} ${columns.map(({ name }) => name).join()}`;
    return { columns, text: known(this.#inserts, key, () => this.words.insert(table, columns)) };
  }

  update<T extends BulkTable>({ table, rows, alike }: BulkUpdate<T>): { text: Update; shape: BulkShape } {
    const { where, set } = rows[0]!;
    const shape = {
      table,
      where: columnsOf(table, Object.keys(where), 'w_'),
      set: columnsOf(table, Object.keys(set), 's_'),
      whereAlike: literals(alike?.where),
      setAlike: literals(alike?.set),
    };
    const names = [Object.keys(where), Object.keys(set)];
    const key = JSON.stringify([table, names, shape.whereAlike, shape.setAlike]);
    return { shape, text: known(this.#updates, key, () => this.words.update(shape)) };
  }
}

function known<Text>(texts: Map<string, Text>, key: string, write: () => Text): Text {
  let text = texts.get(key);
  if (text === undefined) texts.set(key, (text = write()));
  return text;
}

export function flatRow(row: object, columns: readonly BulkColumn[]): Values {
  const flat: Values = {};
  for (const { name, key } of columns) flat[key] = (row as Values)[name];
  return flat;
}

export function flatChange<T extends BulkTable>(change: BulkChange<T>, { where, set }: BulkShape): Values {
  const flat: Values = {};
  for (const { name, key } of where) flat[key] = (change.where as Values)[name];
  for (const { name, key } of set) flat[key] = (change.set as Values)[name];
  return flat;
}

/** Replaces half of a surrogate pair, which no database stores, by the replacement character. */
export function toJson(rows: readonly unknown[]): string {
  const text = JSON.stringify(rows);
  return HALF_ESCAPED.test(text) ? JSON.stringify(rows, wellFormed) : text;
}

const HALF_ESCAPED = /\\ud[89a-f]/;

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Cs}/gu, '\uFFFD') : value;
}

function usedColumns<T extends BulkTable>(table: T, rows: readonly Tables[T][]): BulkColumn[] {
  const defaults: Values = DEFAULTS[table];
  const names = Object.keys(COLUMNS[table]).filter((name) => {
    const usual = defaults[name] ?? null;
    return rows.some((row) => (row as unknown as Values)[name] !== usual);
  });
  return columnsOf(table, names, '');
}

function columnsOf(table: BulkTable, names: readonly string[], prefix: string): BulkColumn[] {
  const kinds: Readonly<Record<string, ColumnKind>> = COLUMNS[table];
  return names.map((name) => ({ name, key: `${prefix}${name}`, kind: kinds[name]! }));
}

function literals(values: object = {}): [string, string][] {
  return Object.entries(values).map(([name, value]) => [name, literal(value)]);
}

function literal(value: unknown): string {
  if (value === null || Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'string' && /^\w+$/.test(value)) return `'${value}'`;
  throw new TypeError(`Not a word of the store's own: ${JSON.stringify(value)}`);
}
