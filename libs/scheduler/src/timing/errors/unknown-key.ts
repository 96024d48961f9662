/** Longer lists of names hide the fact of a message. */
const MOST_LISTED = 8;

/** The first member of `given`, inherited ones included, that is not among `known`; null when all are. */
export function unknownKeyOf(given: object, known: readonly string[]): string | null {
  for (const key in given) if (!known.includes(key)) return key;
  return null;
}

/** The known name that `name` most likely means: at most two typing mistakes away, or one that contains it; else null. */
export function nearestName(name: string, known: readonly string[]): string | null {
  const wanted = name.toLowerCase();
  let nearest: string | null = null;
  let fewest = Math.min(3, Math.floor(wanted.length / 2) + 1);
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const mistakes = wanted.length > 2 && lower.includes(wanted) ? 1 : typingMistakes(wanted, lower);
    if (mistakes < fewest) [nearest, fewest] = [candidate, mistakes];
  }
  return nearest;
}

/** A sentence that leads from an unknown name to a known one; `elsewhere` in place of a long list. */
export function suggestNames(name: unknown, known: readonly string[], elsewhere: string): string {
  const nearest = typeof name === 'string' ? nearestName(name, known) : null;
  if (nearest !== null) return `Did you mean '${nearest}'?`;
  if (known.length > MOST_LISTED) return elsewhere;
  return `Use one of ${known.map((each) => `'${each}'`).join(', ')}.`;
}

/** Levenshtein's distance, by rows; 3 for lengths that differ by more than 2. */
export function typingMistakes(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
