import { type BulkTable, COLUMNS, type ColumnKind, DEFAULTS } from '../schema/columns.js';
import type { HistoryTable, LiveRunTable, Tables } from '../schema/tables.js';
import type { TableNames } from './table-names.js';

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

/** Ends live runs: each row goes to the history with what `set` says, and is deleted. */
export interface BulkMove {
  rows: readonly RunMove[];
  /** As of a BulkUpdate. */
  alike?: { where?: Partial<LiveRunTable>; set?: Partial<HistoryTable> };
}

export interface RunMove {
  where: { id: string } & Partial<LiveRunTable>;
  set: Partial<HistoryTable>;
}

/** The order in which several rows are changed, so that two transactions do not wait for each other. */
export function byId({ where: one }: HasId, { where: other }: HasId): number {
  return one.id < other.id ? -1 : 1;
}

interface HasId {
  readonly where: { readonly id: string };
}

/** A column of the table, and its value's key in the data of a statement. */
export interface BulkColumn {
  readonly name: string;
  readonly key: string;
  readonly kind: ColumnKind;
}

/** The columns that differ from row to row, and `[name, literal]` of the others. */
export interface RowShape {
  readonly where: readonly BulkColumn[];
  readonly set: readonly BulkColumn[];
  readonly whereAlike: readonly (readonly [string, string])[];
  readonly setAlike: readonly (readonly [string, string])[];
}

/** Determines the SQL of an update. */
export interface BulkShape extends RowShape {
  readonly table: BulkTable;
}

/** Determines the SQL of a move. */
export interface MoveShape extends RowShape {
  /** Columns of both tables that stay as they are. */
  readonly kept: readonly string[];
}

type Values = Record<string, unknown>;

/** The SQL of bulk statements, each built once: few constant strings, so that the database plans each of them once. */
export class BulkTexts<Insert, Update, Move> {
  readonly #inserts = new Map<string, Insert>();
  readonly #updates = new Map<string, Update>();
  readonly #moves = new Map<string, Move>();

  constructor(
    private readonly words: {
      insert(table: BulkTable, columns: readonly BulkColumn[]): Insert;
      update(shape: BulkShape): Update;
      move(shape: MoveShape): Move;
    },
  ) {}

  insert<T extends BulkTable>({ table, rows }: BulkInsert<T>): { text: Insert; columns: BulkColumn[] } {
    const columns = usedColumns(table, rows);
    const key = `${table} ${columns.map(({ name }) => name).join()}`;
    return { columns, text: known(this.#inserts, key, () => this.words.insert(table, columns)) };
  }

  update<T extends BulkTable>({ table, rows, alike }: BulkUpdate<T>): { text: Update; shape: BulkShape } {
    const shape = { table, ...shapeOf({ from: table, to: table }, rows[0]!, alike) };
    return { shape, text: known(this.#updates, keyOf(table, shape), () => this.words.update(shape)) };
  }

  move({ rows, alike }: BulkMove): { text: Move; shape: RowShape } {
    const shape = shapeOf({ from: 'live_runs', to: 'history' }, rows[0]!, alike);
    const words = () => this.words.move({ ...shape, kept: keptBeside(shape) });
    return { shape, text: known(this.#moves, keyOf('history', shape), words) };
  }
}

function shapeOf(
  { from, to }: { from: BulkTable; to: BulkTable },
  { where, set }: { where: object; set: object },
  alike: { where?: object; set?: object } = {},
): RowShape {
  return {
    where: columnsOf(from, Object.keys(where), 'w_'),
    set: columnsOf(to, Object.keys(set), 's_'),
    whereAlike: literals(alike.where),
    setAlike: literals(alike.set),
  };
}

function keyOf(table: BulkTable, { where, set, whereAlike, setAlike }: RowShape): string {
  const names = (columns: readonly BulkColumn[]) => columns.map(({ name }) => name);
  return JSON.stringify([table, names(where), names(set), whereAlike, setAlike]);
}

function keptBeside({ set, setAlike }: RowShape): string[] {
  const given = new Set([...set.map(({ name }) => name), ...setAlike.map(([name]) => name)]);
  return Object.keys(COLUMNS.history).filter((name) => name in COLUMNS.live_runs && !given.has(name));
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

export function flatChange(change: { where: object; set: object }, { where, set }: RowShape): Values {
  const flat: Values = {};
  for (const { name, key } of where) flat[key] = (change.where as Values)[name];
  for (const { name, key } of set) flat[key] = (change.set as Values)[name];
  return flat;
}

/** Replaces half of a surrogate pair, which no database stores, by the replacement character. */
export function toJson(rows: readonly unknown[]): string {
  const text = JSON.stringify(rows);
  return HALF_ESCAPED.test(text) ? JSON.stringify(rows, (_key, value: unknown) => wellFormed(value)) : text;
}

const HALF_ESCAPED = /\\ud[89a-f]/;

export function wellFormed(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\p{Cs}/gu, '\uFFFD') : value;
}

/** The values of the columns in each row, one after the other. */
export function valuesOf(
  rows: readonly object[],
  columns: readonly BulkColumn[],
  into: unknown[],
): unknown[] {
  for (const row of rows) {
    for (const { name, kind } of columns) {
      const value = (row as Values)[name];
      into.push(kind === 'text' && value !== null ? wellFormed(value) : value);
    }
  }
  return into;
}

/** True of a row `r` of live runs whose tick has no outcome: a schedule that was set back makes no second run of it. */
export function unlessInHistory(names: TableNames, quote: '"' | '`', collation?: string): string {
  const column = (of: 'h' | 'r', name: string) => `${of}.${quote}${name}${quote}`;
  const job = column('r', 'job_id');
  const given = collation === undefined ? job : `convert(${job} using utf8mb4) collate ${collation}`;
  return (
    `not exists (select 1 from ${names.quoted('history')} as h where ${column('h', 'job_id')} = ${given} ` +
    `and ${column('h', 'generation')} = ${column('r', 'generation')} ` +
    `and ${column('h', 'scheduled_at')} = ${column('r', 'scheduled_at')})`
  );
}

/** The row of `where` fits by its id alone, whatever else it holds. */
export function isById({ rows, alike }: Pick<BulkUpdate<BulkTable> | BulkMove, 'rows' | 'alike'>): boolean {
  return alike?.where === undefined && Object.keys(rows[0]!.where).length === 1;
}

function usedColumns<T extends BulkTable>(table: T, rows: readonly Tables[T][]): BulkColumn[] {
  const defaults: Values = DEFAULTS[table];
  const names = Object.keys(COLUMNS[table]).filter((name) => {
    const usual = defaults[name] ?? null;
    return name === 'scheduled_at' || rows.some((row) => (row as unknown as Values)[name] !== usual);
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
