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
  unlessInHistory,
} from '../bulk.js';
import type { TableNames } from '../table-names.js';
import type { MysqlFlavour } from './mysql-flavour.js';

/** The character set of a column would be the database's by default. */
const TYPES = {
  key: 'varchar(255) character set utf8mb4',
  text: 'longtext character set utf8mb4',
  integer: 'bigint',
};

type Returning = CompiledQuery<{ id: string }>;
type Texts<Write extends string> = Record<'select' | Write, string>;

/** MySQL returns no rows from a write: `select` locks and returns those that fit. */
export class MysqlBulk {
  readonly #texts = new BulkTexts<string, Texts<'update'>, Texts<'insert'>>({
    insert: (table, columns) => this.#insertText(table, columns),
    update: (shape) => this.#updateTexts(shape),
    move: (shape) => this.#moveTexts(shape),
  });

  constructor(
    private readonly names: TableNames,
    private readonly flavour: MysqlFlavour,
  ) {}

  insert<T extends BulkTable>(insert: BulkInsert<T>): CompiledQuery {
    const { text, columns } = this.#texts.insert(insert);
    return CompiledQuery.raw(text, [json(insert.rows.map((row) => flatRow(row, columns)))]);
  }

  /** Leaves out rows that meet a unique key. INSERT IGNORE would hide other errors, too. */
  insertNew<T extends BulkTable>(insert: BulkInsert<T>): CompiledQuery {
    const { sql, parameters } = this.insert(insert);
    const id = `${this.names.quoted(insert.table)}.\`id\``;
    return CompiledQuery.raw(`${sql} on duplicate key update ${id} = ${id}`, [...parameters]);
  }

  idsOf(table: BulkTable, ids: readonly string[]): Returning {
    return this.#byIds('select `id`', table, ids) as Returning;
  }

  #byIds(verb: 'select `id`' | 'delete', table: BulkTable, ids: readonly string[]): CompiledQuery {
    const marks = ids.map(() => '?').join(', ');
    const text = `${verb} from ${this.names.quoted(table)} where \`id\` in (${marks})`;
    return CompiledQuery.raw(text, [...ids]);
  }

  update<T extends BulkTable>(update: BulkUpdate<T>): { select: Returning; update: CompiledQuery } {
    const { text, shape } = this.#texts.update(update);
    const data = [json(update.rows.map((row) => flatChange(row, shape)))];
    return {
      select: CompiledQuery.raw(text.select, data) as Returning,
      update: CompiledQuery.raw(text.update, data),
    };
  }

  /** To be followed by `remove` with the ids that `select` returned. */
  move(move: BulkMove): { select: Returning; insert: CompiledQuery } {
    const { text, shape } = this.#texts.move(move);
    const data = [json(move.rows.map((row) => flatChange(row, shape)))];
    return {
      select: CompiledQuery.raw(text.select, data) as Returning,
      insert: CompiledQuery.raw(text.insert, data),
    };
  }

  remove(ids: readonly string[]): CompiledQuery {
    return this.#byIds('delete', 'live_runs', ids);
  }

  #updateTexts({ table, set, setAlike, ...conditions }: BulkShape): Texts<'update'> {
    const { where } = conditions;
    const sets = [
      ...set.map(({ name, key }) => `t.\`${name}\` = r.\`${key}\``),
      ...setAlike.map(([name, value]) => `t.\`${name}\` = ${value}`),
    ].join(', ');
    return {
      select: this.#selectText(table, conditions),
      update: `update ${this.#joined(table, [...where, ...set], conditions)} set ${sets}`,
    };
  }

  #moveTexts({ set, setAlike, kept, ...conditions }: MoveShape): Texts<'insert'> {
    const columns = [...kept, ...set.map(({ name }) => name), ...setAlike.map(([name]) => name)];
    const values = [
      ...kept.map((name) => `t.\`${name}\``),
      ...set.map(({ key }) => `r.\`${key}\``),
      ...setAlike.map(([, value]) => value),
    ];
    const history = this.names.quoted('history');
    return {
      select: this.#selectText('live_runs', conditions),
      insert:
        `insert into ${history} (${columns.map((name) => `\`${name}\``).join(', ')}) select ${values.join(', ')} ` +
        `from ${this.#joined('live_runs', [...conditions.where, ...set], conditions)} ` +
        `on duplicate key update ${history}.\`id\` = ${history}.\`id\``,
    };
  }

  #selectText(table: BulkTable, conditions: Conditions): string {
    return `select t.\`id\` from ${this.#joined(table, conditions.where, conditions)} ${this.flavour.lockJoined}`;
  }

  #joined(table: BulkTable, columns: readonly BulkColumn[], { where, whereAlike }: Conditions): string {
    const conditions = [
      ...where.map((column) => this.#fits(column)),
      ...whereAlike.map(([name, value]) => `t.\`${name}\` = ${value}`),
    ].join(' and ');
    return `${jsonTable(columns)} straight_join ${this.names.quoted(table)} as t on ${conditions}`;
  }

  #fits({ name, key, kind }: BulkColumn): string {
    const value = `r.\`${key}\``;
    return `t.\`${name}\` = ${kind === 'integer' ? value : `convert(${value} using utf8mb4) collate ${this.flavour.collation}`}`;
  }

  #unlessInHistory(): string {
    return unlessInHistory(this.names, '`', this.flavour.collation);
  }

  #insertText(table: BulkTable, columns: readonly BulkColumn[]): string {
    const names = columns.map(({ name }) => `\`${name}\``).join(', ');
    const values = columns.map(({ key }) => `r.\`${key}\``).join(', ');
    const unless = table === 'live_runs' ? ` where ${this.#unlessInHistory()}` : '';
    return `insert into ${this.names.quoted(table)} (${names}) select ${values} from ${jsonTable(columns)}${unless}`;
  }
}

type Conditions = Pick<RowShape, 'where' | 'whereAlike'>;

function jsonTable(columns: readonly BulkColumn[]): string {
  const parts = columns.map(({ key, kind }) => `\`${key}\` ${TYPES[kind]} path '$.${key}' error on error`);
  return `json_table(?, '$[*]' columns (${parts.join(', ')})) as r`;
}

/** Leaves out nulls: an absent key is NULL everywhere, JSON's null only in some versions. */
function json(rows: readonly object[]): string {
  return toJson(rows.map(withoutNulls));
}

function withoutNulls(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
