import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  RootOperationNode,
  UnknownRow,
} from 'kysely';
import { COLUMNS } from '../schema/columns.js';

const INTEGERS: ReadonlySet<string> = new Set(
  Object.values(COLUMNS).flatMap((columns) =>
    Object.entries(columns).flatMap(([name, kind]) => (kind === 'integer' ? [name] : [])),
  ),
);

/** Converts 64-bit integers, which a connection of the user's may return as strings or bigints. */
export const numbersPlugin: KyselyPlugin = {
  transformQuery: ({ node }: PluginTransformQueryArgs): RootOperationNode => node,
  transformResult: ({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> => {
    for (const row of result.rows) {
      for (const name in row) {
        const value = row[name];
        if ((typeof value === 'string' || typeof value === 'bigint') && INTEGERS.has(name))
          row[name] = Number(value);
      }
    }
    return Promise.resolve(result);
  },
};
