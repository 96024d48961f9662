import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { ColumnKind } from '../schema/columns.js';
import { columnTypes } from './column-types.js';

/** A kind with `?` may be null; one with a number has that for a default. */
export type Columns = Readonly<Record<string, ColumnKind | `${ColumnKind}?` | `integer=${number}`>>;

/** The first column is the primary key. */
export async function createTable(
  kysely: Kysely<unknown>,
  dialect: Dialect,
  table: string,
  columns: Columns,
): Promise<void> {
  const types = columnTypes(dialect);
  let builder: CreateTableBuilder<string, string> = kysely.schema.createTable(table).ifNotExists();
  for (const [index, [name, kind]] of Object.entries(columns).entries()) {
    const [bare, usual] = kind.replace('?', '').split('=');
    const type = types[bare as ColumnKind] as RawBuilder<string>;
    builder = builder.addColumn(name, type, (column) => {
      const filled = kind.endsWith('?') ? column : column.notNull();
      if (usual !== undefined) return filled.defaultTo(Number(usual));
      return index === 0 ? filled.primaryKey() : filled;
    });
  }
  const end = { sqlite: sql`strict`, mysql: sql`engine = InnoDB`, postgres: sql`` };
  await builder.modifyEnd(end[dialect.name]).execute();
}
