import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { InvalidTimezoneError } from '../errors/trigger-errors.js';
import { RuntimeReader, type OffsetReader } from './offset-reader.js';
import { isTzif, TzifReader } from './tzif-reader.js';

/**
 * Source of zone rules (semantics.md Z5): the system's compiled files, the runtime's ICU, the newer of the
 * two, or the compiled files below an absolute path.
 */
export type ZoneinfoChoice = 'auto' | 'runtime' | 'system' | (string & {});

export interface Zoneinfo {
  /** Folder of compiled files; null for the runtime. */
  readonly folder: string | null;
  /** As in `2026f`; `unknown` where nothing names it. */
  readonly version: string;
}

const UNKNOWN = 'unknown';
/** Such as 2025c: a year, and letters that rise within it. */
const VERSION = /^\d{4}[a-z]+$/;
const SYSTEM_FOLDERS = [
  '/usr/share/zoneinfo',
  '/usr/lib/zoneinfo',
  '/usr/share/lib/zoneinfo',
  '/etc/zoneinfo',
];

/** Files that are no zones of their own, and trees whose files count leap seconds. */
const NO_ZONE = /^(?:right|posix)\/|^(?:localtime|posixrules|Factory)$/;
const ZONE_NAME = /^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/;

/** Null until the first need: `'auto'`. */
let inUse: Zoneinfo | null = null;

/**
 * Chooses the source of zone rules for the whole process.
 *
 * @returns false when zones that were read before need not be read again
 * @throws InvalidTimezoneError when the system, or the path, has no compiled zone files
 */
export function chooseZoneinfo(choice: ZoneinfoChoice): boolean {
  const before = inUse;
  const { folder, version } = (inUse = findZoneinfo(choice));
  // Files without a version may have changed.
  return before?.folder !== folder || before.version !== version || version === UNKNOWN;
}

export function zoneinfoInUse(): Zoneinfo {
  return (inUse ??= findZoneinfo('auto'));
}

/** The version of the zone rules in use, e.g. `2026f`; `unknown` for files that do not name theirs. */
export function zoneinfoVersion(): string {
  return zoneinfoInUse().version;
}

/** The runtime, or the system's files where the runtime is in use; null where there are none. */
export function otherZoneinfo(): Zoneinfo | null {
  if (zoneinfoInUse().folder !== null) return runtimeZoneinfo();
  const folder = systemFolder();
  return folder === null ? null : { folder, version: versionOf(folder) };
}

/**
 * Those of the zones whose offsets differ, in the five years after `fromAt` (UTC ms), between the source in
 * use and the other one.
 */
export function zonesThatDiffer(zones: Iterable<string>, fromAt: number): string[] {
  const { folder } = zoneinfoInUse();
  const other = otherZoneinfo();
  if (other === null) return [];
  const from = Math.floor(fromAt / 1000);
  const to = from + 5 * 366 * 86_400;
  const offsets = (name: string, source: string | null): string => {
    const reader = readerFrom(source, name) ?? runtimeReader(name);
    return reader === null ? '' : JSON.stringify([reader.offsetAt(from), reader.changesBetween(from, to)]);
  };
  return [...zones].filter(
    (name) => ZONE_NAME.test(name) && offsets(name, folder) !== offsets(name, other.folder),
  );
}

/** Reads a zone from the source in use, else from the runtime. @throws RangeError for an unknown zone */
export function readerOf(name: string): OffsetReader {
  return readerFrom(zoneinfoInUse().folder, name) ?? new RuntimeReader(name);
}

/**
 * Returns the source that a choice means, without choosing it.
 *
 * @throws InvalidTimezoneError for no choice, and when the system, or the path, has no compiled zone files
 */
export function findZoneinfo(choice: unknown): Zoneinfo {
  const runtime = runtimeZoneinfo();
  if (choice === 'runtime') return runtime;
  const isSystem = choice === 'auto' || choice === 'system';
  if (!isSystem && (typeof choice !== 'string' || !isAbsolute(choice))) refuse(choice, 'which is no choice');
  const folder = isSystem ? systemFolder() : resolve(choice as string);
  if (choice === 'auto') {
    const version = folder === null ? UNKNOWN : versionOf(folder);
    return isNewerZoneinfo(version, runtime.version) ? { folder, version } : runtime;
  }
  if (folder === null) refuse(choice, `and this system has no compiled zone files${namedFolder()}`);
  if (readZone(folder, 'Etc/UTC') === null) refuse(choice, 'where there are no compiled zone files');
  return { folder, version: versionOf(folder) };
}

function runtimeZoneinfo(): Zoneinfo {
  return { folder: null, version: process.versions.tz ?? UNKNOWN };
}

function namedFolder(): string {
  const named = process.env['TZDIR'];
  return named ? ` in TZDIR=${JSON.stringify(named)}` : '';
}

function systemFolder(): string | null {
  // The variable replaces the usual folders, as for the C library.
  const named = process.env['TZDIR'];
  const folders = named ? [resolve(named)] : SYSTEM_FOLDERS;
  return folders.find((folder) => readZone(folder, 'Etc/UTC') !== null) ?? null;
}

/** Null when the folder does not have the zone, under this name or the one that the runtime has for it. */
function readerFrom(folder: string | null, name: string): OffsetReader | null {
  if (folder === null) return runtimeReader(name);
  return readZone(folder, name) ?? readZone(folder, canonicalName(name));
}

function runtimeReader(name: string): OffsetReader | null {
  try {
    return new RuntimeReader(name);
  } catch {
    return null;
  }
}

function readZone(folder: string, name: string | null): OffsetReader | null {
  if (name === null || !ZONE_NAME.test(name) || NO_ZONE.test(name)) return null;
  try {
    const file = readFileSync(join(folder, name));
    return isTzif(file) ? new TzifReader(file) : null;
  } catch {
    // No such file, or none that can be read: the runtime has the zone, or nobody.
    return null;
  }
}

/** The runtime takes names in any case, files only in their own. */
function canonicalName(name: string): string | null {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

/** Named in the first line of `tzdata.zi`, or in `+VERSION`. */
function versionOf(folder: string): string {
  const written = startOf(join(folder, 'tzdata.zi')) ?? startOf(join(folder, '+VERSION')) ?? '';
  return /^(?:# version )?(\d{4}[a-z]+)/.exec(written)?.[1] ?? UNKNOWN;
}

/** The first characters of a file; null when there is none. */
function startOf(path: string): string | null {
  try {
    const file = openSync(path, 'r');
    try {
      const start = Buffer.alloc(40);
      return start.toString('latin1', 0, readSync(file, start));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/**
 * Whether a version of zone rules is newer: 2026c than 2026b, 2026za than 2026z. A string that is no version, such as
 * `unknown`, is older than any.
 */
export function isNewerZoneinfo(version: string, than: string): boolean {
  return VERSION.test(version) && (!VERSION.test(than) || version > than);
}

function refuse(chosen: unknown, fact: string): never {
  throw InvalidTimezoneError.ofZoneinfo(chosen, fact);
}
