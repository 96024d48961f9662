import { CompiledQuery, type Kysely } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { TableNames } from '../driver/table-names.js';

export interface Index {
  /** Gets the store's prefix. */
  name: string;
  table: string;
  columns: readonly string[];
  unique?: boolean;
  where?: string;
  /** A kind of index that only PostgreSQL has. */
  using?: 'brin';
  /** The column that `where` tests, for databases without partial indexes. */
  lead?: string;
}

export async function createIndexes(
  kysely: Kysely<unknown>,
  dialect: Dialect,
  names: TableNames,
  indexes: readonly Index[],
): Promise<void> {
  for (const index of indexes) {
    const text =
      dialect.name === 'mysql' ? whole(index, names) : partial(index, names, dialect.name === 'postgres');
    try {
      await kysely.executeQuery(CompiledQuery.raw(text));
    } catch (error) {
      // MySQL commits each change of the tables by itself: an earlier migration may have stopped after this index.
      if ((error as { errno?: number }).errno !== DUPLICATE_INDEX) throw error;
    }
  }
}

const DUPLICATE_INDEX = 1061;

function partial(index: Index, names: TableNames, hasKinds: boolean): string {
  const using = hasKinds && index.using !== undefined ? ` using ${index.using}` : '';
  const where = index.where === undefined ? '' : ` where ${index.where}`;
  return `${head(index, names)}${using} (${index.columns.map((name) => `"${name}"`).join(', ')})${where}`;
}

function whole({ lead, ...index }: Index, names: TableNames): string {
  const columns = lead === undefined ? index.columns : [lead, ...index.columns];
  return `${head(index, names)} (${columns.map((name) => `\`${name}\``).join(', ')})`;
}

/** Names no schema for the index: it is in its table's. */
function head({ name, table, unique = false }: Index, names: TableNames): string {
  const { prefix, quote } = names;
  return `create ${unique ? 'unique ' : ''}index ${quote}${prefix}${name}${quote} on ${names.quoted(table)}`;
}
