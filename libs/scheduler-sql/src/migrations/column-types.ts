import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { ColumnKind } from '../schema/columns.js';

/** Compares keys byte by byte everywhere, so that ids sort alike, and "a" is neither "A" nor "a ". */
export function columnTypes({ name, collation }: Dialect): Readonly<Record<ColumnKind, RawBuilder<unknown>>> {
  switch (name) {
    case 'sqlite':
      return { key: sql`text`, text: sql`text`, integer: sql`integer` };
    case 'postgres':
      return { key: sql`text collate "C"`, text: sql`text`, integer: sql`bigint` };
    case 'mysql': {
      const how = sql.raw(`character set utf8mb4 collate ${collation}`);
      return { key: sql`varchar(255) ${how}`, text: sql`longtext ${how}`, integer: sql`bigint` };
    }
    default:
      return name satisfies never;
  }
}
