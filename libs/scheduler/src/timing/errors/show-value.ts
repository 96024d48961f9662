const LONGEST = 60;

/** Quotes a value for an error message: strings in quotes, anything else by its content, cut to one short line. */
export function showValue(value: unknown): string {
  const text = shown(value).replace(/[\r\n\t]+/g, ' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function shown(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'object' && value !== null) {
    try {
      return JSON.stringify(value) ?? 'an object';
    } catch {
      return 'an object';
    }
  }
  return typeof value === 'function' ? 'a function' : String(value);
}
