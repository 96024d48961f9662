import { countBits, highestBit, lowestBit } from './bits.js';

/** The members of a set are numbers from 0 to below this: the seconds of a day. */
export const SET_SIZE = 86_400;

/** Two words more than the bits need, so that reads and writes across a word's end need no check. */
const WORDS = SET_SIZE / 32 + 2;

/** A list is smaller and faster than 11 KB of bits up to about this size. */
const MOST_LISTED = 96;

/** An immutable set of numbers below SET_SIZE: a short ascending list, or bits. */
export class TickSet {
  static readonly EMPTY = new TickSet([], null);

  readonly #list: readonly number[] | null;
  readonly #bits: Uint32Array | null;
  #size: number | null = null;

  private constructor(list: readonly number[] | null, bits: Uint32Array | null) {
    this.#list = list;
    this.#bits = bits;
  }

  /** @param members ascending */
  static of(members: readonly number[]): TickSet {
    if (members.length === 0) return TickSet.EMPTY;
    if (members.length <= MOST_LISTED) return new TickSet(members, null);
    const bits = new Uint32Array(WORDS);
    for (const member of members) bits[member >>> 5]! |= 1 << (member & 31);
    return TickSet.#ofBits(bits);
  }

  /** from, from + step, … below `end`. */
  static steps(from: number, end: number, step: number): TickSet {
    if (step > 1 || end - from <= MOST_LISTED)
      return TickSet.of(Array.from({ length: Math.ceil((end - from) / step) }, (_, k) => from + k * step));
    const bits = new Uint32Array(WORDS);
    for (let at = from; at < end; at += 32) addMask(bits, at, maskOf(end - at));
    return TickSet.#ofBits(bits);
  }

  /** Each of the masks with the number that its bit 0 stands for. */
  static ofMasks(masks: Iterable<readonly [first: number, mask: number]>): TickSet {
    const bits = new Uint32Array(WORDS);
    for (const [first, mask] of masks) addMask(bits, first, mask);
    return TickSet.#ofBits(bits);
  }

  /** Shortens bits to a list where they are few. */
  static #ofBits(bits: Uint32Array): TickSet {
    let size = 0;
    for (let word = 0; word < WORDS && size <= MOST_LISTED; word++)
      if (bits[word] !== 0) size += countBits(bits[word]!);
    const set = new TickSet(null, bits);
    if (size > MOST_LISTED) return set;
    const list: number[] = [];
    for (let member = set.next(0); member !== null; member = set.next(member + 1)) list.push(member);
    return TickSet.of(list);
  }

  get isEmpty(): boolean {
    return this === TickSet.EMPTY;
  }

  get size(): number {
    if (this.#list !== null) return this.#list.length;
    if (this.#size !== null) return this.#size;
    let size = 0;
    const bits = this.#bits!;
    for (let word = 0; word < WORDS; word++) size += countBits(bits[word]!);
    return (this.#size = size);
  }

  has(member: number): boolean {
    if (this.#list !== null) return this.#list.includes(member);
    return ((this.#bits![member >>> 5]! >>> (member & 31)) & 1) !== 0;
  }

  union(other: TickSet): TickSet {
    if (this.isEmpty) return other;
    if (other.isEmpty) return this;
    if (this.#list !== null && other.#list !== null) {
      const more = other.#list.filter((member) => !this.has(member));
      return TickSet.of([...this.#list, ...more].toSorted((a, b) => a - b));
    }
    const [a, b, bits] = [this.#allBits(), other.#allBits(), new Uint32Array(WORDS)];
    for (let word = 0; word < WORDS; word++) bits[word] = a[word]! | b[word]!;
    return TickSet.#ofBits(bits);
  }

  intersection(other: TickSet): TickSet {
    if (this.#list !== null) return TickSet.of(this.#list.filter((member) => other.has(member)));
    if (other.#list !== null) return other.intersection(this);
    const [a, b, bits] = [this.#bits!, other.#bits!, new Uint32Array(WORDS)];
    for (let word = 0; word < WORDS; word++) bits[word] = a[word]! & b[word]!;
    return TickSet.#ofBits(bits);
  }

  difference(other: TickSet): TickSet {
    if (this.#list !== null) return TickSet.of(this.#list.filter((member) => !other.has(member)));
    const [a, b, bits] = [this.#bits!, other.#allBits(), new Uint32Array(WORDS)];
    for (let word = 0; word < WORDS; word++) bits[word] = a[word]! & ~b[word]!;
    return TickSet.#ofBits(bits);
  }

  /** The members in [from, end), each moved by `shift`. */
  moved(from: number, end: number, shift: number): TickSet {
    if (this.#list !== null) {
      const members = this.#list.filter((member) => member >= from && member < end);
      return TickSet.of(shift === 0 ? members : members.map((member) => member + shift));
    }
    const bits = new Uint32Array(WORDS);
    for (let at = from; at < end; at += 32)
      addMask(bits, at + shift, readMask(this.#bits!, at) & maskOf(end - at));
    return TickSet.#ofBits(bits);
  }

  /** The smallest member >= `from`; null when there is none. */
  next(from: number): number | null {
    if (this.#list !== null) return this.#list.find((member) => member >= from) ?? null;
    if (from >= SET_SIZE) return null;
    const words = this.#bits!;
    let word = from >>> 5;
    let bits = words[word]! & (-1 << (from & 31));
    while (bits === 0 && word < WORDS - 1) bits = words[++word]!;
    return bits === 0 ? null : word * 32 + lowestBit(bits);
  }

  /** The largest member <= `to`; null when there is none. */
  prev(to: number): number | null {
    if (this.#list !== null) return this.#list.findLast((member) => member <= to) ?? null;
    if (to < 0) return null;
    const words = this.#bits!;
    let word = to >>> 5;
    let bits = words[word]! & (0xffffffff >>> (31 - (to & 31)));
    while (bits === 0 && word > 0) bits = words[--word]!;
    return bits === 0 ? null : word * 32 + highestBit(bits);
  }

  #allBits(): Uint32Array {
    if (this.#bits !== null) return this.#bits;
    const bits = new Uint32Array(WORDS);
    for (const member of this.#list!) bits[member >>> 5]! |= 1 << (member & 31);
    return bits;
  }
}

/** Adds 32 members from `first` on. */
function addMask(bits: Uint32Array, first: number, mask: number): void {
  const word = first >>> 5;
  const shift = first & 31;
  bits[word]! |= mask << shift;
  // Shifting by 32 would shift by 0.
  if (shift > 0) bits[word + 1]! |= mask >>> (32 - shift);
}

function readMask(bits: Uint32Array, first: number): number {
  const word = first >>> 5;
  const shift = first & 31;
  return shift === 0 ? bits[word]! : (bits[word]! >>> shift) | (bits[word + 1]! << (32 - shift));
}

/** The lowest `count` bits; all for 32 and more. */
function maskOf(count: number): number {
  return count >= 32 ? -1 : (1 << count) - 1;
}
