import type { Kysely, RawBuilder, SqlBool } from 'kysely';
import type { BulkTable } from '../schema/columns.js';
import type { Tables } from '../schema/tables.js';
import type { BulkInsert, BulkMove, BulkUpdate } from './bulk.js';
import type { ErrorKind } from './error-kinds.js';
import type { TableNames } from './table-names.js';
import type { Templates } from './templates.js';

/** An open database with the store's tables in it. */
export interface Database {
  /**
   * Queries name the tables as `Tables` does, in `sql` by `sql.table('jobs')`; the store's prefix or schema is
   * put before them. Each statement has a deadline. On SQLite there is one connection: inside a transaction use only
   * the transaction. Partial indexes serve queries that say `state = 'waiting'` and `holds_slot = 1` as literals (`sql.lit`), and
   * `due_at` compared with anything.
   */
  readonly kysely: Kysely<Tables>;
  readonly dialect: Dialect;
  /** For SQL that is built as a string. */
  readonly names: TableNames;
  readonly templates: Templates;
  /** Null where the database has none. */
  readonly hints: Hints | null;
  /**
   * Runs one transaction on a connection of its own, with a deadline as a whole. READ COMMITTED on servers; on SQLite
   * it begins with the write lock. After a statement that failed it takes no further ones.
   *
   * @throws the error of `work`; the transaction is rolled back
   */
  transaction<T>(work: (trx: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** Runs statements on one connection without a deadline: changes of the tables may take long. */
  readonly patiently: <T>(work: (connection: Kysely<Tables>) => Promise<T>) => Promise<T>;
  /**
   * Runs statements inside a transaction that the user begins and commits.
   *
   * @param transaction of the store's database: a Kysely transaction, a pg client, a mysql2 connection, or a
   *   SQLite handle
   * @throws InvalidOptionsError when it is none of them
   */
  within(transaction: unknown): Kysely<Tables>;
  /** Closes the store's own connections, within the deadline; a pool or handle of the user's stays open. */
  close(): Promise<void>;
}

/** `due`: something may be due earlier than other replicas know; `cancel`: a run that one of them holds is to be cancelled. */
export type Hint = 'due' | 'cancel';

/** Notifies other processes of changes that they would find later. Never a need. */
export interface Hints {
  /**
   * Listens on a connection of its own. Call it again at each beat: it opens another connection when that one is lost,
   * and checks that hints still arrive. While they do not, `due` hints come from a timer.
   *
   * @param self the name that this process passes to `send`; its own hints are left out
   */
  listen(self: string, onHint: (hint: Hint) => void): Promise<void>;
  /** Notifies the others once the transaction `kysely` is committed. */
  send(kysely: Kysely<Tables>, self: string, hint: Hint): Promise<void>;
}

/** The differences between the databases. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres' | 'mysql';
  /** The collation of MySQL or MariaDB that compares strings byte by byte, trailing blanks included; null elsewhere. */
  readonly collation: string | null;
  /** Rows can be locked: FOR UPDATE, and SKIP LOCKED. Elsewhere a transaction locks the whole database. */
  readonly skipLocked: boolean;

  /**
   * Inserts any number of rows by one constant statement.
   *
   * @returns the ids of the rows that are new; the others met a unique key, and are left out
   */
  insertMany<T extends BulkTable>(kysely: Kysely<Tables>, insert: BulkInsert<T>): Promise<string[]>;
  /**
   * Changes any number of rows by one constant statement (on MySQL two, within a transaction, where more than the id
   * must fit). Every row names the same columns.
   *
   * @returns the ids of the rows that fitted `where`, and are changed
   */
  updateMany<T extends BulkTable>(kysely: Kysely<Tables>, update: BulkUpdate<T>): Promise<string[]>;
  /**
   * Moves any number of live runs to the history, by one constant statement on PostgreSQL, elsewhere by two or three
   * within a transaction. Every row names the same columns.
   *
   * @returns the ids of the runs that fitted `where`, and are moved
   */
  moveMany(kysely: Kysely<Tables>, move: BulkMove): Promise<string[]>;
  /** `column in (values)` with one parameter; never true when there are no values. */
  isOneOf(column: string, values: readonly string[]): RawBuilder<SqlBool>;
  /** As `isOneOf`, with a parameter made by `list`. */
  isIn(column: string, list: unknown): RawBuilder<SqlBool>;
  list(values: readonly string[]): unknown;

  kindOf(error: unknown): ErrorKind;
  /** The database's own time, UTC ms. */
  now(kysely: Kysely<Tables>): Promise<number>;
}
