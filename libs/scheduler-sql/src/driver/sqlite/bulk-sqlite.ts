import { CompiledQuery } from 'kysely';
import type { BulkTable } from '../../schema/columns.js';
import {
  type BulkColumn,
  type BulkInsert,
  type BulkMove,
  type BulkShape,
  BulkTexts,
  type BulkUpdate,
  type MoveShape,
  type RowShape,
  unlessInHistory,
  valuesOf,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';

/** Rows of one statement. Few sizes, so that few statements are prepared. */
const SIZES = [100, 25, 5, 1] as const;

/** The text of a statement for so many rows. */
type Sized = (size: number) => string;
type Returning = CompiledQuery<{ id: string }>;

/** A statement for some of the rows. */
export interface Piece {
  readonly ids: readonly string[];
  readonly query: CompiledQuery;
}

/** Some of the runs: `insert` adds them to the history, then one of the others deletes them. */
export interface MovePiece {
  readonly ids: readonly string[];
  readonly insert: CompiledQuery;
  readonly removeAll: CompiledQuery;
  readonly removeFitting: Returning;
}

/** Sends rows as parameters: SQLite reads them faster than JSON, and many of them faster than a statement for each. */
export class SqliteBulk {
  readonly #texts = new BulkTexts<Sized, Sized, Record<'insert' | 'removeFitting' | 'removeAll', Sized>>({
    insert: (table, columns) => sized((size) => this.#insertText(table, columns, size)),
    update: (shape) => sized((size) => this.#updateText(shape, size)),
    move: (shape) => this.#moveTexts(shape),
  });

  constructor(private readonly names: TableNames) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): Piece[] {
    const { text, columns } = this.#texts.insert(insert);
    return Array.from(inPieces(insert.rows), (rows) => ({
      ids: rows.map(({ id }) => id),
      query: raw(text(rows.length), true, valuesOf(rows, columns, [])),
    }));
  }

  /** @param returning ids of the rows that fitted */
  update<T extends BulkTable>(update: BulkUpdate<T>, returning: boolean): Piece[] {
    const { text, shape } = this.#texts.update(update);
    return Array.from(inPieces(update.rows), (rows) => ({
      ids: rows.map(({ where }) => where.id),
      query: raw(text(rows.length), returning, changesOf(rows, shape)),
    }));
  }

  move(move: BulkMove): MovePiece[] {
    const { text, shape } = this.#texts.move(move);
    return Array.from(inPieces(move.rows), (rows) => {
      const values = changesOf(rows, shape);
      const ids = rows.map(({ where }) => where.id);
      return {
        ids,
        insert: raw(text.insert(rows.length), false, values),
        removeAll: raw(text.removeAll(rows.length), false, ids),
        removeFitting: raw(text.removeFitting(rows.length), true, values) as Returning,
      };
    });
  }

  idsOf(table: BulkTable, ids: readonly string[]): Returning {
    const text = `select "id" from ${this.names.quoted(table)} where "id" in ${marks(ids.length)}`;
    return raw(text, false, ids) as Returning;
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[], size: number): string {
    const into = `insert into ${this.names.quoted(table)} (${columns.map(({ name }) => `"${name}"`).join(', ')})`;
    const rows = rowsOf(size, columns.length);
    if (table !== 'live_runs') return `${into} ${rows} on conflict do nothing`;
    const named = columns.map(({ name }, index) => `column${index + 1} as "${name}"`).join(', ');
    return `${into} select * from (select ${named} from (${rows})) as r where ${unlessInHistory(this.names, '"')} on conflict do nothing`;
  }

  #updateText({ table, ...shape }: BulkShape, size: number): string {
    const sets = [
      ...shape.set.map(({ name }, index) => `"${name}" = r.${columnAt(shape, 'set', index)}`),
      ...shape.setAlike.map(([name, value]) => `"${name}" = ${value}`),
    ];
    return `update ${this.names.quoted(table)} as t set ${sets.join(', ')} from ${given(shape, size)} where ${fitting(shape)}`;
  }

  #moveTexts({ kept, ...shape }: MoveShape): Record<'insert' | 'removeFitting' | 'removeAll', Sized> {
    const live = this.names.quoted('live_runs');
    const history = this.names.quoted('history');
    const columns = [...kept, ...shape.set.map(({ name }) => name), ...shape.setAlike.map(([name]) => name)];
    const list = columns.map((name) => `"${name}"`).join(', ');
    const read = [
      ...kept.map((name) => `t."${name}"`),
      ...shape.set.map((_, index) => `r.${columnAt(shape, 'set', index)}`),
      ...shape.setAlike.map(([, value]) => value),
    ].join(', ');
    // CROSS JOIN keeps SQLite from walking over all live runs.
    const from = (size: number) =>
      `from ${given(shape, size)} cross join ${live} as t where ${fitting(shape)}`;
    return {
      insert: sized(
        (size) => `insert into ${history} (${list}) select ${read} ${from(size)} on conflict do nothing`,
      ),
      removeFitting: sized((size) => `delete from ${live} where "id" in (select t."id" ${from(size)})`),
      removeAll: sized((size) => `delete from ${live} where "id" in ${marks(size)}`),
    };
  }
}

function sized(write: Sized): Sized {
  const texts = new Map<number, string>();
  return (size) => {
    let text = texts.get(size);
    if (text === undefined) texts.set(size, (text = write(size)));
    return text;
  };
}

function* inPieces<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length;) {
    const size = SIZES.find((one) => one <= rows.length - from)!;
    yield rows.slice(from, from + size);
    from += size;
  }
}

function raw(text: string, returning: boolean, values: readonly unknown[]): CompiledQuery {
  return CompiledQuery.raw(returning ? `${text} returning "id"` : text, [...values]);
}

function marks(count: number): string {
  return `(${Array<string>(count).fill('?').join(', ')})`;
}

function rowsOf(size: number, columns: number): string {
  return `values ${Array<string>(size).fill(marks(columns)).join(', ')}`;
}

function given({ where, set }: RowShape, size: number): string {
  return `(${rowsOf(size, where.length + set.length)}) as r`;
}

/** The columns of VALUES are named by their number: those of `set` first. */
function columnAt({ set }: RowShape, part: 'set' | 'where', index: number): string {
  return `column${(part === 'set' ? 0 : set.length) + index + 1}`;
}

function fitting(shape: RowShape): string {
  return [
    ...shape.where.map(({ name }, index) => `t."${name}" = r.${columnAt(shape, 'where', index)}`),
    ...shape.whereAlike.map(([name, value]) => `t."${name}" = ${value}`),
  ].join(' and ');
}

function changesOf(rows: readonly { where: object; set: object }[], { where, set }: RowShape): unknown[] {
  const values: unknown[] = [];
  for (const row of rows) valuesOf([row.where], where, valuesOf([row.set], set, values));
  return values;
}
