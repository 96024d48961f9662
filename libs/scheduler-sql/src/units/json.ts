/** Null for undefined: no value, as against JSON's own null. */
export function toJsonString(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** Reads what the history shows, which must not fail for one value that cannot be read: `otherwise` stands for it. */
export function readJsonOr<T>(text: string | null, otherwise: T): T {
  if (text === null) return otherwise;
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}
