import type { CompiledQuery, QueryResult } from 'kysely';
import { packetTooLarge } from './mysql-errors.js';
import type { MysqlConnection } from './mysql-types.js';

/** The response to a write. */
interface Header {
  affectedRows: number;
}

/** Rows are objects of mysql2's own values, whatever the options of the connection. */
const OPTIONS = { rowsAsArray: false, nestTables: false, typeCast: true, namedPlaceholders: false };
/** mysql2 prefers a connection's function to a query's `true`. */
const CASTS_OF_MYSQL2 = { ...OPTIONS, typeCast: (_: unknown, next: () => unknown) => next() };
/** A statement is measured if its strings may exceed the limit once they are escaped and encoded. */
const LONGEST_GROWTH = 8;

/** @param maxPacket bytes of the longest statement that the server takes; null if that is not known */
export function queryOn<R>(
  connection: MysqlConnection,
  { sql, parameters }: CompiledQuery,
  maxPacket: number | null = null,
): Promise<QueryResult<R>> {
  return new Promise((resolve, reject) => {
    const values = [...parameters];
    if (maxPacket !== null && lengthOf(values) * LONGEST_GROWTH > maxPacket) {
      const bytes = Buffer.byteLength(connection.format(sql, values));
      if (bytes >= maxPacket) return reject(packetTooLarge(bytes, maxPacket));
    }
    const options = typeof connection.config?.typeCast === 'function' ? CASTS_OF_MYSQL2 : OPTIONS;
    connection.query({ sql, ...options }, values, (error, result) => {
      if (error !== null && error !== undefined) reject(error);
      else if (Array.isArray(result)) resolve({ rows: result as R[] });
      else resolve({ rows: [], numAffectedRows: BigInt((result as Header).affectedRows) });
    });
  });
}

function lengthOf(values: readonly unknown[]): number {
  return values.reduce<number>((sum, one) => sum + (typeof one === 'string' ? one.length : 0), 0);
}
