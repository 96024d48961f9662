/** A seeded source of random choices. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  /** 0 to below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

type Production = (chance: Chance) => string;

const MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const WEEKDAYS = 'SUN MON TUE WED THU FRI SAT'.split(' ');

/** The productions that all fields have. `a-b` with a > b wraps (C3). */
function common(least: number, most: number): Record<string, Production> {
  const value = (chance: Chance): number => chance.between(least, most);
  const step = (chance: Chance): number => chance.between(1, most);
  const ordered = (chance: Chance): string =>
    [value(chance), value(chance)].toSorted((a, b) => a - b).join('-');
  const wrapping = (chance: Chance): string => {
    const from = chance.between(least + 1, most);
    return `${from}-${chance.between(least, from - 1)}`;
  };
  return {
    star: () => '*',
    'star with a step': (chance) => `*/${step(chance)}`,
    value: (chance) => `${value(chance)}`,
    range: ordered,
    'range with a step': (chance) => `${ordered(chance)}/${step(chance)}`,
    'wrapping range': wrapping,
    'wrapping range with a step': (chance) => `${wrapping(chance)}/${step(chance)}`,
    'open step': (chance) => `${value(chance)}/${step(chance)}`,
  };
}

function named(names: readonly string[]): Record<string, Production> {
  const name = (chance: Chance): string => {
    const text = chance.one(names);
    return chance.below(3) === 0 ? text.toLowerCase() : text;
  };
  return {
    name,
    'range of names': (chance) => `${name(chance)}-${name(chance)}`,
    'range of names with a step': (chance) => `${name(chance)}-${name(chance)}/${chance.between(1, 7)}`,
  };
}

const { 'open step': _unclear, ...ofWeekdays } = common(0, 7);

/** Every production of the grammar (semantics.md C3, C4) but `H`, by field in written order. */
export const PRODUCTIONS: readonly Record<string, Production>[] = [
  common(0, 59),
  common(0, 59),
  common(0, 23),
  {
    ...common(1, 31),
    L: () => 'L',
    'L-n': (chance) => `L-${chance.between(1, 30)}`,
    LW: () => 'LW',
    'LW-n': (chance) => `LW-${chance.between(1, 30)}`,
    nW: (chance) => `${chance.between(1, 31)}W`,
  },
  { ...common(1, 12), ...named(MONTHS) },
  {
    ...ofWeekdays,
    ...named(WEEKDAYS),
    nL: (chance) => `${chance.one([chance.between(0, 7), chance.one(WEEKDAYS)])}L`,
    'n#k': (chance) => `${chance.one([chance.between(0, 7), chance.one(WEEKDAYS)])}#${chance.between(1, 5)}`,
  },
];

/** One field: mostly one item, else a list of up to three; a day field is `?` now and then. */
export function randomField(chance: Chance, index: number): string {
  if (index >= 3 && chance.below(2) === 0) return index !== 4 && chance.below(6) === 0 ? '?' : '*';
  const productions = Object.values(PRODUCTIONS[index]!);
  const size = chance.one([1, 1, 1, 2, 3]);
  return Array.from({ length: size }, () => chance.one(productions)(chance)).join(',');
}

/** 5 fields, or 6 in a quarter of all cases; the hour is often early, where offsets change. */
export function randomExpression(chance: Chance): string {
  const fields = [1, 2, 3, 4, 5].map((index) => randomField(chance, index));
  if (chance.below(3) === 0) fields[1] = `${chance.between(0, 4)}`;
  return chance.below(4) === 0 ? [randomField(chance, 0), ...fields].join(' ') : fields.join(' ');
}

/** A list of two items for each pair of productions of each field, the other fields being plain. */
export function pairsInAList(chance: Chance): string[] {
  return PRODUCTIONS.flatMap((productions, index) =>
    Object.values(productions).flatMap((first) =>
      Object.values(productions).map((second) =>
        withFields(chance, new Map([[index, `${first(chance)},${second(chance)}`]])),
      ),
    ),
  );
}

/** Each production of each field beside each one of each other field. */
export function pairsOfFields(chance: Chance): string[] {
  return PRODUCTIONS.flatMap((productions, index) =>
    PRODUCTIONS.slice(index + 1).flatMap((others, above) =>
      Object.values(productions).flatMap((first) =>
        Object.values(others).map((second) =>
          withFields(
            chance,
            new Map([
              [index, first(chance)],
              [index + 1 + above, second(chance)],
            ]),
          ),
        ),
      ),
    ),
  );
}

function withFields(chance: Chance, given: ReadonlyMap<number, string>): string {
  const plain = ['0', `${chance.below(60)}`, `${chance.below(24)}`, '*', '*', '*'];
  return plain.map((text, index) => given.get(index) ?? text).join(' ');
}
