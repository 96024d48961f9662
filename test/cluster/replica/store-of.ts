import mysql from 'mysql2';
import pg from 'pg';
import type { Store } from '@carillon/scheduler';
import { mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';

export interface StoreSettings {
  kind: 'sqlite' | 'postgres' | 'mysql';
  /** The file, or the server's url. */
  url: string;
  schema?: string;
  prefix?: string;
  leaseMs: number;
  pollMs: number;
  /** Connections; left out, as many as the driver likes. */
  pool?: number;
}

export function storeOf({ kind, url, schema, prefix, leaseMs, pollMs, pool }: StoreSettings): Store {
  const options = { lease: leaseMs, poll: pollMs };
  if (kind === 'sqlite') return sqliteStore(url, options);
  if (kind === 'postgres') {
    // By this name a test finds the replicas' backends.
    const named = new URL(url);
    named.searchParams.set('application_name', `of ${schema}`);
    const server = pool === undefined ? named.href : new pg.Pool({ connectionString: named.href, max: pool });
    // A pool of the user's: its idle connections may be lost, and that is the user's to hear.
    if (typeof server !== 'string') server.on('error', () => {});
    return postgresStore(server, { ...options, schema });
  }
  const server = pool === undefined ? url : mysql.createPool({ uri: url, connectionLimit: pool });
  return mysqlStore(server, { ...options, prefix });
}
