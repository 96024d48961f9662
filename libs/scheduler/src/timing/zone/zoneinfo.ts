import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidTimezoneError } from '../errors/trigger-errors.js';
import { RuntimeReader, type OffsetReader } from './offset-reader.js';
import { isTzif, TzifReader } from './tzif-reader.js';

/**
 * Source of zone rules (semantics.md Z5): the system's compiled files, the runtime's ICU, the newer of the
 * two, or the compiled files below a path.
 */
export type ZoneinfoChoice = 'auto' | 'runtime' | 'system' | (string & {});

interface Source {
  /** Folder of compiled files; null for the runtime. */
  readonly folder: string | null;
  /** As in `2026f`; `unknown` where nothing names it. */
  readonly version: string;
}

const UNKNOWN = 'unknown';
const SYSTEM_FOLDERS = [
  '/usr/share/zoneinfo',
  '/usr/lib/zoneinfo',
  '/usr/share/lib/zoneinfo',
  '/etc/zoneinfo',
];

/** Files that are no zones of their own, and trees whose files count leap seconds. */
const NO_ZONE = /^(?:right|posix)\/|^(?:localtime|posixrules|Factory)$/;
const ZONE_NAME = /^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/;

let choice: ZoneinfoChoice = 'auto';
let inUse: Source | null = null;

/**
 * Chooses the source of zone rules for the whole process; the default is `'auto'`.
 * @throws InvalidTimezoneError when the system, or the path, has no compiled zone files
 */
export function chooseZoneinfo(chosen: ZoneinfoChoice): void {
  const source = sourceOf(chosen);
  choice = chosen;
  inUse = source;
}

/** The version of the zone rules in use, e.g. `2026f`; `unknown` for files that do not name theirs. */
export function zoneinfoVersion(): string {
  return currentSource().version;
}

/**
 * Those of the zones whose offsets differ, in the five years after `fromAt` (UTC ms), between the source in
 * use and the other one: the runtime, or the system's files where the runtime is in use.
 */
export function zonesThatDiffer(zones: Iterable<string>, fromAt: number): string[] {
  const { folder } = currentSource();
  const other = folder === null ? systemFolder() : null;
  if (folder === other) return [];
  const from = Math.floor(fromAt / 1000);
  const to = from + 5 * 366 * 86_400;
  const offsets = (name: string, source: string | null): string => {
    const reader = readerFrom(source, name) ?? runtimeReader(name);
    return reader === null ? '' : JSON.stringify([reader.offsetAt(from), reader.changesBetween(from, to)]);
  };
  return [...zones].filter((name) => ZONE_NAME.test(name) && offsets(name, folder) !== offsets(name, other));
}

/** Reads a zone from the source in use, else from the runtime. @throws RangeError for an unknown zone */
export function readerOf(name: string): OffsetReader {
  return readerFrom(currentSource().folder, name) ?? new RuntimeReader(name);
}

function currentSource(): Source {
  return (inUse ??= sourceOf(choice));
}

function sourceOf(chosen: unknown): Source {
  const runtime = { folder: null, version: process.versions.tz ?? UNKNOWN };
  if (chosen === 'runtime') return runtime;
  if (typeof chosen !== 'string' || chosen === '') refuse(chosen, 'which is no choice');
  const folder = chosen === 'auto' || chosen === 'system' ? systemFolder() : chosen;
  if (chosen === 'auto') {
    const version = folder === null ? UNKNOWN : versionOf(folder);
    return isNewerZoneinfo(version, runtime.version) ? { folder, version } : runtime;
  }
  if (folder === null) refuse(chosen, 'and this system has no compiled zone files');
  if (readZone(folder, 'Etc/UTC') === null) refuse(chosen, 'where there are no compiled zone files');
  return { folder, version: versionOf(folder) };
}

function systemFolder(): string | null {
  const named = process.env['TZDIR'];
  const folders = named ? [named, ...SYSTEM_FOLDERS] : SYSTEM_FOLDERS;
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

/** Whether a version of zone rules is known to be newer: 2026c than 2026b, 2026za than 2026z, any than `unknown`. */
export function isNewerZoneinfo(version: string, than: string): boolean {
  if (version === UNKNOWN) return false;
  if (than === UNKNOWN) return true;
  const [a, b] = [version, than].map((one) => one.slice(0, 4) + String(one.length) + one.slice(4));
  return a! > b!;
}

function refuse(chosen: unknown, fact: string): never {
  throw InvalidTimezoneError.ofZoneinfo(chosen, fact);
}
