import type { Kysely, RawBuilder, SqlBool } from 'kysely';
import type { Tables } from '../schema/tables.js';
import type { BulkInsert, BulkTable, BulkUpdate } from './bulk.js';
import type { TableNames } from './table-names.js';
import type { Templates } from './templates.js';

/** An open database with the store's tables in it. */
export interface Database {
  /**
   * Queries name the tables as `Tables` does, in `sql` by `sql.table('jobs')`; the store's prefix or schema is
   * put before them. On SQLite there is one connection, so that inside a transaction only the transaction may be used.
   * Partial indexes serve queries that say `live = 1`, `state = 'waiting'` and `holds_slot = 1` as literals
   * (`sql.lit`), and `due_at` and `outcome` compared with anything.
   */
  readonly kysely: Kysely<Tables>;
  readonly dialect: Dialect;
  /** For SQL that is written as text. */
  readonly names: TableNames;
  readonly templates: Templates;
  /** Null where the database has none. */
  readonly hints: Hints | null;
  /**
   * One transaction, on a connection of its own; it is over when this answers. READ COMMITTED on servers; on SQLite
   * it begins with the write lock. After a statement that failed it takes no further ones.
   *
   * @throws what `work` throws; the transaction is rolled back
   */
  transaction<T>(work: (trx: Kysely<Tables>) => Promise<T>): Promise<T>;
  /**
   * Runs statements inside a transaction of the user's, who begins and commits it.
   *
   * @param transaction of the store's database: a Kysely transaction, a pg client, a mysql2 connection, or a
   *   SQLite handle
   * @throws InvalidOptionsError when it is none of them
   */
  within(transaction: unknown): Kysely<Tables>;
  /** Closes what the store opened; a pool or handle of the user's stays open. */
  close(): Promise<void>;
}

/** `due`: something may be due earlier than they know; `cancel`: a run that one of them carries is to be cancelled. */
export type Hint = 'due' | 'cancel';

/** Tells other processes what they would find out later. Never a need. */
export interface Hints {
  /**
   * Listens on a connection of its own. To be called again from time to time (at each beat): does nothing while
   * that connection lives, opens another when it is lost.
   *
   * @param self what this process gives to `send`; its own hints are left out
   */
  listen(self: string, onHint: (hint: Hint) => void): Promise<void>;
  /** Told to the others when the transaction that `kysely` is has been committed. */
  send(kysely: Kysely<Tables>, self: string, hint: Hint): Promise<void>;
}

/** What differs between the databases. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres' | 'mysql';
  /** How MySQL and MariaDB compare text byte by byte, trailing blanks included; null elsewhere. */
  readonly collation: string | null;
  /** Rows can be locked: FOR UPDATE, and SKIP LOCKED. Elsewhere a transaction has the whole database. */
  readonly skipLocked: boolean;

  /**
   * One statement of constant text for any number of rows.
   *
   * @returns the ids of the rows that are new; the others met a unique key, and are left out
   */
  insertMany<T extends BulkTable>(kysely: Kysely<Tables>, insert: BulkInsert<T>): Promise<string[]>;
  /**
   * One statement of constant text for any number of rows (on MySQL two, within a transaction, where more than the
   * id must fit). Every row names the same columns.
   *
   * @returns the ids of the rows that fitted `where`, and are changed
   */
  updateMany<T extends BulkTable>(kysely: Kysely<Tables>, update: BulkUpdate<T>): Promise<string[]>;
  /** `column in (values)` with one parameter; true for nothing when there are no values. */
  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool>;
  /** As `isOneOf`, with what `list` makes of the values for the parameter. */
  isIn(column: string, list: unknown): RawBuilder<SqlBool>;
  list(values: readonly string[]): unknown;

  /** The transaction is rolled back and would do well if it were repeated: deadlock, serialization. */
  isTransient(error: unknown): boolean;
  /** The database cannot be reached, or cannot write: connection, disk, read-only. */
  isDown(error: unknown): boolean;
  /** A table of the query does not exist. */
  isMissingTable(error: unknown): boolean;
  /** The database's own time, UTC ms. */
  now(kysely: Kysely<Tables>): Promise<number>;
}
