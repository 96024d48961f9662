import table from './rooms.json' with { type: 'json' };

interface Room {
  duty: string;
  /** The rooms of the package that it may import. */
  sees: readonly string[];
  /** Rooms inside it, of which each sees those before it. Types may be imported both ways. */
  inner?: readonly string[];
  /** Imports from outside that only the rooms which name them may have. */
  knows?: readonly string[];
}

interface House {
  /** The files beside the rooms, without `.ts`. They may import every room; no room imports them. */
  files: readonly string[];
  /** The entry points of our other packages that it may import. */
  sees: readonly string[];
  rooms: Readonly<Record<string, Room>>;
}

/** The rooms of each package under libs/ that has any. oxlint.config.js makes its import rules from the same table. */
export const HOUSES: Readonly<Record<string, House>> = table;
