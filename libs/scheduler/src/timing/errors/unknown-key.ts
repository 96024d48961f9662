/** The first member of `given`, inherited ones included, that is not among `known`; null when all are. */
export function unknownKeyOf(given: object, known: readonly string[]): string | null {
  for (const key in given) if (!known.includes(key)) return key;
  return null;
}
