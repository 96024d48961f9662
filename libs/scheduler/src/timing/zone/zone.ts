import { InvalidTimezoneError } from '../errors/trigger-errors.js';
import { typingMistakes } from '../errors/unknown-key.js';
import type { OffsetReader } from './offset-reader.js';
import { chooseZoneinfo, readerOf, type ZoneinfoChoice } from './zoneinfo.js';

/** A stretch of time with one offset; instants are UTC seconds. */
export interface OffsetSegment {
  /** First second; -Infinity for the earliest stretch. */
  readonly start: number;
  /** First second after it; Infinity for a fixed offset. */
  readonly end: number;
  /** Wall time minus UTC, seconds. */
  readonly offset: number;
  /** Change of offset at `start`, seconds: positive for a gap, negative for an overlap, 0 at a seam of the table. */
  readonly shift: number;
  /** Wall times before this are second passes; at most `start` when there are none. */
  readonly repeatedUntil: number;
}

/** Seconds in a chunk of the table, about four years: at most 2 ms of work, done on first use. */
const CHUNK = 2 ** 27;

/** No zone changed its offset before the first railways (this is November 1799). */
const FIRST_CHUNK = -40;

/** An overlap lasts at most a day (Alaska, 1867), so this much before a chunk decides its repeated times. */
const LOOK_BACK = 2 * 86_400;

/**
 * A time zone as a table of offsets, shared by all triggers in it. The table is built from the source of
 * zone rules in use (semantics.md Z5), in chunks, on first use of each.
 */
export class Zone {
  readonly name: string;
  #reader: OffsetReader | null = null;
  readonly #chunks = new Map<number, readonly OffsetSegment[]>();
  /** The last result; most calls are for the same segment. */
  #last: OffsetSegment;

  /** @param rules a fixed offset in seconds, or a reader of those that change */
  constructor(name: string, rules: number | OffsetReader) {
    this.name = name;
    this.#last = unchanged(Infinity, typeof rules === 'number' ? rules : 0);
    if (typeof rules !== 'number') this.readFrom(rules);
  }

  /** Replaces the rules, also for triggers that have the zone already. */
  readFrom(reader: OffsetReader): void {
    const end = FIRST_CHUNK * CHUNK;
    this.#reader = reader;
    this.#last = unchanged(end, reader.offsetAt(end - 1));
    this.#chunks.clear();
    this.#chunks.set(FIRST_CHUNK - 1, [this.#last]);
  }

  get isFixed(): boolean {
    return this.#reader === null;
  }

  /** The segment that an instant (UTC seconds) lies in. */
  at(instant: number): OffsetSegment {
    const last = this.#last;
    if (instant >= last.start && instant < last.end) return last;
    return (this.#last = this.#find(instant));
  }

  #find(instant: number): OffsetSegment {
    const index = Math.max(FIRST_CHUNK - 1, Math.floor(instant / CHUNK));
    let segments = this.#chunks.get(index);
    if (segments === undefined) {
      segments = readSegments(this.#reader!, index * CHUNK, (index + 1) * CHUNK);
      this.#chunks.set(index, segments);
    }
    let found = segments.length - 1;
    while (segments[found]!.start > instant) found--;
    return segments[found]!;
  }
}

function unchanged(end: number, offset: number): OffsetSegment {
  return { start: -Infinity, end, offset, shift: 0, repeatedUntil: -Infinity };
}

function readSegments(reader: OffsetReader, start: number, end: number): OffsetSegment[] {
  const lookBack = start - LOOK_BACK;
  const changes = reader.changesBetween(lookBack, end);
  const segments: OffsetSegment[] = [];
  let offset = reader.offsetAt(lookBack);
  let from = lookBack;
  let shift = 0;
  let repeatedUntil = -Infinity;
  const push = (to: number): void => {
    if (to <= start) return;
    segments.push({
      start: Math.max(from, start),
      end: to,
      offset,
      shift: from < start ? 0 : shift,
      repeatedUntil,
    });
  };
  for (const change of changes) {
    push(change.at);
    shift = change.offset - offset;
    offset = change.offset;
    from = change.at;
    if (shift < 0) repeatedUntil = Math.max(repeatedUntil, change.at - shift);
  }
  push(end);
  return segments;
}

const MOST_KEPT = 1024;
const UNCHANGING = new Set(['UTC', 'Etc/UTC', 'GMT', 'Etc/GMT']);
const zones = new Map<string, Zone>();

/**
 * The zone of an IANA name or a fixed offset such as `+02:00`.
 * @throws InvalidTimezoneError
 */
export function zoneOf(name: unknown): Zone {
  const known = zones.get(name as string);
  if (known !== undefined) return known;
  if (typeof name !== 'string') throw new InvalidTimezoneError(name);
  const zone = makeZone(name);
  if (zones.size >= MOST_KEPT) zones.delete(zones.keys().next().value!);
  zones.set(name, zone);
  return zone;
}

/** The zone that options name; null when they name none. @throws InvalidTimezoneError for an undefined one, too */
export function namedZone(options: { timezone?: string }): Zone | null {
  if (!('timezone' in options)) return null;
  if (options.timezone === undefined) throw InvalidTimezoneError.ofUnset();
  return zoneOf(options.timezone);
}

/**
 * Chooses the source of zone rules for the whole process, for zones in use, too; the default is `'auto'`. Triggers in
 * a zone that the source lacks keep the rules they have.
 * @throws InvalidTimezoneError when the system, or the path, has no compiled zone files
 */
export function useZoneinfo(choice: ZoneinfoChoice): void {
  if (!chooseZoneinfo(choice)) return;
  for (const zone of zones.values()) {
    if (zone.isFixed) continue;
    try {
      zone.readFrom(readerOf(zone.name));
    } catch {
      zones.delete(zone.name);
    }
  }
}

function makeZone(name: string): Zone {
  if (UNCHANGING.has(name)) return new Zone(name, 0);
  const fixed = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/.exec(name);
  if (fixed !== null) {
    const seconds = Number(fixed[2]) * 3600 + Number(fixed[3]) * 60;
    return new Zone(name, fixed[1] === '-' ? -seconds : seconds);
  }
  // Newer runtimes read offsets in forms of their own; here no result may depend on the runtime.
  if (!/^[A-Za-z]/.test(name)) throw new InvalidTimezoneError(name, namesLike(name));
  try {
    return new Zone(name, readerOf(name));
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidTimezoneError(name, namesLike(name));
    throw error;
  }
}

/** Up to three known names at most two typing mistakes away, by the city or the whole name. */
function namesLike(name: string): string[] {
  if (name.length > 40) return [];
  const wanted = name.toLowerCase().replace(/[\s-]+/g, '_');
  const city = wanted.slice(wanted.lastIndexOf('/') + 1);
  return Intl.supportedValuesOf('timeZone')
    .map((known) => {
      const whole = known.toLowerCase();
      return {
        known,
        mistakes: Math.min(
          typingMistakes(wanted, whole),
          typingMistakes(city, whole.slice(whole.lastIndexOf('/') + 1)),
        ),
      };
    })
    .filter(({ mistakes }) => mistakes <= 2 && mistakes < city.length / 2)
    .toSorted((a, b) => a.mistakes - b.mistakes)
    .slice(0, 3)
    .map(({ known }) => known);
}
