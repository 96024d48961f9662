import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A pooler is one, too: PgBouncer in transaction mode, before the PostgreSQL server of the tests. */
export type ServerKind = 'postgres' | 'mysql' | 'pgbouncer';

export interface KindOfServer {
  /** Environment variable with the URL of a server that runs already. */
  readonly variable: 'TEST_POSTGRES_URL' | 'TEST_MYSQL_URL' | 'TEST_PGBOUNCER_URL';
  readonly binaries: readonly string[];
  readonly install: string;
}

export const SERVERS: Readonly<Record<ServerKind, KindOfServer>> = {
  postgres: {
    variable: 'TEST_POSTGRES_URL',
    binaries: ['postgres', 'initdb'],
    install: 'apt-get install postgresql',
  },
  mysql: {
    variable: 'TEST_MYSQL_URL',
    binaries: ['mariadbd', 'mariadb-install-db'],
    install: 'apt-get install mariadb-server',
  },
  pgbouncer: {
    variable: 'TEST_PGBOUNCER_URL',
    binaries: ['pgbouncer'],
    install: 'apt-get install pgbouncer',
  },
};

/** Finds a server for the tests: the URL of one, the paths of its binaries, or null. */
export function whereIs(kind: ServerKind): { url: string } | { binaries: Record<string, string> } | null {
  const { variable, binaries } = SERVERS[kind];
  const url = process.env[variable];
  if (url !== undefined && url !== '') return { url };
  const found = Object.fromEntries(binaries.map((name) => [name, findBinary(name)]));
  return Object.values(found).includes(null) ? null : { binaries: found as Record<string, string> };
}

/** Debian keeps PostgreSQL's binaries off the PATH, one folder a version. Newest first, so that both come from one version. */
function findBinary(name: string): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
