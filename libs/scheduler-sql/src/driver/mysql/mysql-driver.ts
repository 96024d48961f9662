import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely';
import { WholeTransaction } from '../whole-transaction.js';
import { isConnectionLost, isDuplicate } from './mysql-errors.js';
import type { MysqlConnection, MysqlCorePool, MysqlPoolConnection } from './mysql-types.js';

/** What a write answers with. */
interface Header {
  affectedRows: number;
}

export class MysqlDriver implements Driver {
  /** @param isOurs our own pool has set the isolation level on each of its connections */
  constructor(
    private readonly pool: MysqlCorePool,
    private readonly isOurs: boolean,
  ) {}

  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return new Promise((resolve, reject) => {
      this.pool.getConnection((error, connection) => {
        if (error === null || error === undefined) resolve(new PooledConnection(connection));
        else reject(error);
      });
    });
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (!this.isOurs) await connection.executeQuery(CompiledQuery.raw(READ_COMMITTED_NEXT));
    await connection.executeQuery(CompiledQuery.raw('start transaction'));
    (connection as PooledConnection).transaction.begin();
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
    (connection as PooledConnection).transaction.end();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    (connection as PooledConnection).transaction.end();
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as PooledConnection).release();
  }

  destroy(): Promise<void> {
    if (!this.isOurs) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.pool.end((error) => (error ? reject(error) : resolve()));
    });
  }
}

const READ_COMMITTED_NEXT = 'set transaction isolation level read committed';
export const READ_COMMITTED = 'set session transaction isolation level read committed';

class PooledConnection implements DatabaseConnection {
  readonly transaction = new WholeTransaction(isDuplicate);
  #lost = false;

  constructor(private readonly connection: MysqlPoolConnection) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.transaction.run(() => queryOn<R>(this.connection, query));
    } catch (error) {
      if (isConnectionLost(error)) this.#lost = true;
      throw error;
    }
  }

  streamQuery(): never {
    throw new Error('The store reads page by page.');
  }

  release(): void {
    if (this.#lost) this.connection.destroy();
    else this.connection.release();
  }
}

export function queryOn<R>(
  connection: MysqlConnection,
  { sql, parameters }: CompiledQuery,
): Promise<QueryResult<R>> {
  return new Promise((resolve, reject) => {
    connection.query(sql, [...parameters], (error, result) => {
      if (error !== null && error !== undefined) reject(error);
      else if (Array.isArray(result)) resolve({ rows: result as R[] });
      else resolve({ rows: [], numAffectedRows: BigInt((result as Header).affectedRows) });
    });
  });
}
