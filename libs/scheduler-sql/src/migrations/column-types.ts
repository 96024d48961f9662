import { type RawBuilder, sql } from 'kysely';
import type { Dialect } from '../driver/database.js';
import type { ColumnKind } from '../schema/columns.js';

/** Keys are compared byte by byte everywhere, so that ids sort alike and "A" is not "a". */
export const COLUMN_TYPES: Readonly<
  Record<Dialect['name'], Readonly<Record<ColumnKind, RawBuilder<unknown>>>>
> = {
  sqlite: { key: sql`text`, text: sql`text`, integer: sql`integer` },
  postgres: { key: sql`text collate "C"`, text: sql`text`, integer: sql`bigint` },
  mysql: {
    key: sql`varchar(255) character set utf8mb4 collate utf8mb4_bin`,
    text: sql`longtext character set utf8mb4 collate utf8mb4_bin`,
    integer: sql`bigint`,
  },
};
