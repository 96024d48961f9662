import { InvalidOptionsError, type Store } from '@carillon/scheduler';
import { mysqlStore, postgresStore, sqliteStore } from '@carillon/sql';

/** Shorter than the defaults, to show the recovery of a killed process's runs within seconds. */
const IMPATIENT = { lease: '5s', poll: '1s' } as const;

const REMEDY =
  'Give memory, sqlite:jobs.db, postgres://user:password@host/database or mysql://user:password@host/database.';

/**
 * Returns the store of `memory`, `sqlite:file` or a server's url, not opened yet; undefined for memory.
 *
 * @param refuse returns the error for an address that names none
 */
export function readStore(text: string, refuse: (text: string, remedy: string) => Error): Store | undefined {
  const kind = /^(\w+):/.exec(text)?.[1];
  try {
    switch (kind) {
      case undefined:
        if (text === 'memory') return undefined;
        break;
      case 'sqlite':
        return sqliteStore(text.slice('sqlite:'.length), IMPATIENT);
      case 'postgres':
      case 'postgresql':
        return postgresStore(text, IMPATIENT);
      case 'mysql':
      case 'mariadb':
        return mysqlStore(text, IMPATIENT);
    }
  } catch (error) {
    if (!(error instanceof InvalidOptionsError)) throw error;
  }
  throw refuse(withoutPassword(text), REMEDY);
}

/** Returns an address that is safe for a terminal or a log. */
export function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):.*@/, '$1:…@');
}
