import { posixRuleOf, type PosixRule } from './posix-rule.js';
import type { OffsetChange, OffsetReader } from './offset-reader.js';

const HEADER = 44;

/** A rule has changes every year. */
const TWO_YEARS = 2 * 366 * 86_400;

/**
 * Reads a zone's offsets from a compiled file (RFC 8536): the 64-bit transitions, and after the last of
 * them the POSIX rule of the footer.
 */
export class TzifReader implements OffsetReader {
  readonly #changes: readonly OffsetChange[];
  readonly #firstOffset: number;
  readonly #rule: PosixRule | null;

  /** @throws RangeError for anything else than such a file, and for one that counts leap seconds */
  constructor(file: Uint8Array) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    if (!isTzif(file)) throw new RangeError('no TZif file');
    const first = blockAt(view, 0, 4);
    const hasWide = file[4] !== 0;
    const block = hasWide ? blockAt(view, first.end, 8) : first;
    if (block.leaps > 0) throw new RangeError('a TZif file with leap seconds');
    this.#firstOffset = view.getInt32(block.types);
    this.#changes = changesOf(view, block, this.#firstOffset);
    const footer = hasWide ? new TextDecoder('ascii').decode(file.subarray(block.end)) : '';
    this.#rule = posixRuleOf(footer.split('\n')[1] ?? '');
  }

  offsetAt(instant: number): number {
    let offset = this.#firstOffset;
    let since = -Infinity;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#changes[middle]!.at <= instant) low = middle + 1;
      else high = middle;
    }
    if (low > 0) ({ at: since, offset } = this.#changes[low - 1]!);
    if (low < this.#changes.length || this.#rule === null) return offset;
    const changes = this.#rule.changesBetween(Math.max(since, instant - TWO_YEARS), instant + 1);
    return changes.at(-1)?.offset ?? offset;
  }

  changesBetween(from: number, to: number): OffsetChange[] {
    const last = this.#changes.at(-1)?.at ?? -Infinity;
    const changes = [
      ...this.#changes.filter(({ at }) => at > from && at < to),
      ...(this.#rule?.changesBetween(Math.max(from, last), to) ?? []),
    ];
    let offset = this.offsetAt(from);
    return changes.filter((change) => {
      const isChange = change.offset !== offset;
      offset = change.offset;
      return isChange;
    });
  }
}

export function isTzif(file: Uint8Array): boolean {
  return file.length > HEADER && file[0] === 0x54 && file[1] === 0x5a && file[2] === 0x69 && file[3] === 0x66;
}

/** Positions of a data block's parts, and their sizes. */
interface Block {
  timeSize: number;
  times: number;
  count: number;
  types: number;
  leaps: number;
  end: number;
}

function blockAt(view: DataView, start: number, timeSize: 4 | 8): Block {
  const [isUt, isStandard, leaps, count, types, characters] = [20, 24, 28, 32, 36, 40].map((at) =>
    view.getUint32(start + at),
  ) as [number, number, number, number, number, number];
  const times = start + HEADER;
  const typesAt = times + count * (timeSize + 1);
  const end = typesAt + types * 6 + characters + leaps * (timeSize + 4) + isStandard + isUt;
  return { timeSize, times, count, types: typesAt, leaps, end };
}

function changesOf(
  view: DataView,
  { timeSize, times, count, types }: Block,
  firstOffset: number,
): OffsetChange[] {
  const changes: OffsetChange[] = [];
  let before = firstOffset;
  for (let index = 0; index < count; index++) {
    const position = times + index * timeSize;
    const at = timeSize === 8 ? Number(view.getBigInt64(position)) : view.getInt32(position);
    const offset = view.getInt32(types + view.getUint8(times + count * timeSize + index) * 6);
    if (offset !== before) changes.push({ at, offset });
    before = offset;
  }
  return changes;
}
