const LONGEST = 60;

/** Quotes a value for an error message: strings in quotes, anything else by its content, cut to one short line. Never throws. */
export function showValue(value: unknown): string {
  return clip(oneLine(shown(value).replace(/[\r\n\t]+/g, ' ')), LONGEST);
}

/** Cuts a text to `longest` characters, not inside a surrogate pair, and marks the cut. */
export function clip(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const last = text.charCodeAt(longest - 1);
  return `${text.slice(0, last >= 0xd800 && last < 0xdc00 ? longest - 1 : longest)}…`;
}

/** Escapes control characters and line breaks, so that a text from outside cannot forge or garble lines of a log. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) =>
    character < ' '
      ? JSON.stringify(character).slice(1, -1)
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shown(value: unknown): string {
  try {
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (typeof value === 'string') return `"${value}"`;
    if (typeof value === 'function') return 'a function';
    if (typeof value === 'object' && value !== null) return JSON.stringify(value, asJson) ?? 'an object';
    return String(value);
  } catch {
    return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  }
}

/** JSON would show NaN as null, and refuses a bigint. */
function asJson(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
    ? String(value)
    : value;
}
