import type { CompiledQuery, QueryResult } from 'kysely';
import type { PgClient } from './pg-types.js';

const WRITES = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** @param name prepares the statement under it; undefined: it is parsed and planned each time */
export async function queryOn<R>(
  client: PgClient,
  { sql, parameters }: CompiledQuery,
  name?: string,
): Promise<QueryResult<R>> {
  const result = await client.query({ text: sql, values: [...parameters], name, types: PARSERS });
  return {
    rows: result.rows as R[],
    ...(WRITES.has(result.command) && { numAffectedRows: BigInt(result.rowCount ?? 0) }),
  };
}

/** `pg_type.oid`: bool; int8, int2, int4, float4, float8, numeric. The store's other columns are strings. */
const NUMBERS = new Set([20, 21, 23, 700, 701, 1700]);
const PARSERS = {
  getTypeParser: (oid: number) => {
    if (NUMBERS.has(oid)) return Number;
    return oid === 16 ? (text: string) => text === 't' : (text: string) => text;
  },
};
