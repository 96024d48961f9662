import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect as KyselyDialect,
  type Driver,
  Kysely,
  type KyselyPlugin,
  type QueryResult,
} from 'kysely';
import type { Tables } from '../schema/tables.js';

type Execute = <R>(query: CompiledQuery) => Promise<QueryResult<R>>;

/** Runs statements where somebody else decides about the transaction. */
export function borrow(
  dialect: Omit<KyselyDialect, 'createDriver'>,
  execute: Execute,
  plugins: KyselyPlugin[],
): Kysely<Tables> {
  const driver = new BorrowedDriver({ executeQuery: execute, streamQuery: refuse });
  return new Kysely({
    dialect: {
      createDriver: () => driver,
      createAdapter: () => dialect.createAdapter(),
      createQueryCompiler: () => dialect.createQueryCompiler(),
      createIntrospector: (db) => dialect.createIntrospector(db),
    },
    plugins,
  });
}

/** What another copy of Kysely makes counts too, so no `instanceof`. */
export function isKyselyTransaction(value: unknown): value is Kysely<unknown> {
  const kysely = value as Kysely<unknown> | null;
  return (
    typeof kysely === 'object' &&
    typeof kysely?.executeQuery === 'function' &&
    typeof kysely.withoutPlugins === 'function'
  );
}

/** The plugins of the user's, such as CamelCasePlugin, are for the user's tables. */
export function executeIn(transaction: Kysely<unknown>): Execute {
  const bare = transaction.withoutPlugins();
  return (query) => bare.executeQuery(CompiledQuery.raw(query.sql, [...query.parameters]));
}

class BorrowedDriver implements Driver {
  constructor(readonly connection: DatabaseConnection) {}

  async init(): Promise<void> {}
  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.resolve(this.connection);
  }
  beginTransaction(): Promise<void> {
    return refuse();
  }
  commitTransaction(): Promise<void> {
    return refuse();
  }
  rollbackTransaction(): Promise<void> {
    return refuse();
  }
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

function refuse(): never {
  throw new Error('The transaction is the user’s.');
}
