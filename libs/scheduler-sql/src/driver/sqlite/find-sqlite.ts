import { DriverMissingError } from '../errors.js';
import { defaultOf, isMissing } from '../load-driver.js';
import type { SqliteHandle } from './sqlite-handle.js';

export type OpenFile = (file: string) => SqliteHandle;

/** By preference; see "Drivers" in the README of this package. */
export const SQLITE_DRIVERS = ['node:sqlite', 'better-sqlite3', 'libsql'] as const;
export type SqliteDriverName = (typeof SQLITE_DRIVERS)[number];

type Constructor = new (file: string) => SqliteHandle;

/**
 * Opens files with the first package that is present.
 *
 * @throws DriverMissingError when none is, or when one would end the process
 */
export async function findSqlite(): Promise<OpenFile> {
  for (const name of SQLITE_DRIVERS) {
    const open = await loadSqlite(name);
    if (open !== null) return open;
  }
  throw new DriverMissingError(
    SQLITE_DRIVERS.slice(1),
    `No SQLite is installed, and Node ${process.versions.node} has none of its own.`,
    'Use Node 22.13 or newer, or install one: npm install better-sqlite3@12 (it compiles), or npm install libsql (prebuilt).',
  );
}

/** Null when it is not present. */
export async function loadSqlite(name: SqliteDriverName): Promise<OpenFile | null> {
  if (name === 'node:sqlite') return ownSqlite();
  if (name === 'better-sqlite3') await refuseCrash();
  const Database = await present(name);
  return Database === null ? null : (file) => new Database(file);
}

/** Present without a flag since Node 22.13. */
function ownSqlite(): OpenFile | null {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  if (major < 22 || (major === 22 && minor < 13)) return null;
  const own = process.getBuiltinModule('node:sqlite') as unknown as { DatabaseSync: Constructor } | undefined;
  return own === undefined ? null : (file) => new own.DatabaseSync(file);
}

async function present(name: string): Promise<Constructor | null> {
  try {
    return defaultOf(await import(name)) as Constructor;
  } catch (error) {
    if (isMissing(error, name)) return null;
    throw new DriverMissingError(
      [name],
      `The package "${name}" is installed and cannot be loaded: ${(error as Error).message}.`,
      `Reinstall it for Node ${process.versions.node} on ${process.platform}-${process.arch}: npm rebuild ${name}`,
      { cause: error },
    );
  }
}

/** Refuses better-sqlite3 13 on Node 20: it installs with a warning, and ends the process when it is loaded. */
async function refuseCrash(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) >= 22) return;
  const version = await versionOf('better-sqlite3');
  if (version === null || Number(version.split('.')[0]) < 13) return;
  throw new DriverMissingError(
    ['better-sqlite3'],
    `better-sqlite3 ${version} does not run on Node ${process.versions.node}: it would end the process.`,
    'Install the line that does, npm install better-sqlite3@12, or use Node 22.',
  );
}

async function versionOf(name: string): Promise<string | null> {
  const manifest = `${name}/package.json`;
  try {
    const found = await import(manifest, { with: { type: 'json' } });
    return (defaultOf(found) as { version: string }).version;
  } catch (error) {
    if (isMissing(error, name) || isMissing(error, manifest)) return null;
    throw error;
  }
}
