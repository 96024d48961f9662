import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type ServerKind = 'postgres' | 'mysql';

export interface KindOfServer {
  /** Names a server that is there already. */
  readonly variable: 'TEST_POSTGRES_URL' | 'TEST_MYSQL_URL';
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
};

/** Where a server for the tests can come from: a url, the folders of its binaries, or null. */
export function whereIs(kind: ServerKind): { url: string } | { binaries: Record<string, string> } | null {
  const { variable, binaries } = SERVERS[kind];
  const url = process.env[variable];
  if (url !== undefined && url !== '') return { url };
  const found = Object.fromEntries(binaries.map((name) => [name, findBinary(name)]));
  return Object.values(found).includes(null) ? null : { binaries: found as Record<string, string> };
}

/** Debian keeps PostgreSQL's off the PATH, one folder for each version; mixed versions would not fit together. */
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
