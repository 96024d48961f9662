import { InvalidTimezoneError } from '../errors/trigger-errors.js';
import { RuntimeReader } from './offset-reader.js';
import { zoneOf, type Zone } from './zone.js';

/** Instants of well known offsets, in both halves of some years. */
const PROBES = [2005, 2010, 2015, 2020, 2024].flatMap((year) => [
  Date.UTC(year, 0, 15),
  Date.UTC(year, 6, 15),
]);

let known: { setting: string | undefined; name: string } | null = null;

/**
 * The zone of this process, from `TZ` or the system's setting; an empty `TZ` is UTC, as POSIX has it.
 * @throws InvalidTimezoneError for a `TZ` that names no zone, or that Date and the zone rules read differently
 */
export function processTimezone(): string {
  // Programs may change it while they run.
  const setting = process.env['TZ'];
  if (known === null || known.setting !== setting) known = { setting, name: readTimezone(setting) };
  return known.name;
}

export function processZone(): Zone {
  return zoneOf(processTimezone());
}

function readTimezone(setting: string | undefined): string {
  if (setting === '') return 'UTC';
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  // A system without a setting.
  if (setting === undefined && (name === undefined || name === 'Etc/Unknown')) return 'UTC';
  if (name !== undefined && isReadAlike(name)) return name;
  const fact =
    name === undefined || name === 'Etc/Unknown' ? 'which is unknown here' : 'which is read in two ways';
  throw InvalidTimezoneError.ofProcess(setting, fact);
}

/** Whether Date has the offsets that the zone's rules have; `GMT+5` means one thing to POSIX, another to ISO 8601. */
function isReadAlike(name: string): boolean {
  try {
    const reader = new RuntimeReader(name);
    return PROBES.every((at) => reader.offsetAt(at / 1000) === -new Date(at).getTimezoneOffset() * 60);
  } catch {
    return false;
  }
}
