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

export type Execute = <R>(query: CompiledQuery<R>) => Promise<QueryResult<R>>;

/** A Kysely over a connection whose transaction is begun and ended elsewhere. */
export function borrow(
  dialect: Omit<KyselyDialect, 'createDriver'>,
  execute: Execute,
  plugins: KyselyPlugin[],
): Kysely<Tables> {
  const executeQuery = execute as DatabaseConnection['executeQuery'];
  const driver = new BorrowedDriver({ executeQuery, streamQuery: refuse });
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

/** Accepts transactions of another copy of Kysely, so no `instanceof`. */
export function isKyselyTransaction(value: unknown): value is Kysely<unknown> {
  const kysely = value as Kysely<unknown> | null;
  return (
    typeof kysely === 'object' &&
    typeof kysely?.executeQuery === 'function' &&
    typeof kysely.withoutPlugins === 'function'
  );
}

/** Leaves out the user's plugins, such as CamelCasePlugin, which are for the user's tables. */
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
  throw new Error('This transaction is begun and ended elsewhere.');
}
