import { PayloadInvalidError } from './errors.js';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

const DEEPEST = 64;

/**
 * Copies `value` the way JSON does, so that a payload means the same in memory as in a database.
 * `undefined` stays undefined (no payload); an object with `toJSON` (a Date) becomes its result;
 * undefined properties are left out.
 *
 * @throws PayloadInvalidError naming the property that JSON cannot hold
 */
export function copyAsJson(value: unknown): JsonValue | undefined {
  return value === undefined ? undefined : copy(value, 'payload', 0);
}

function copy(value: unknown, path: string, depth: number): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw new PayloadInvalidError(
      path,
      `is ${value}, which JSON cannot hold`,
      'Use a finite number or null.',
    );
  }
  if (typeof value !== 'object') {
    throw new PayloadInvalidError(path, `is a ${typeof value}, which JSON cannot hold`, 'Use plain data.');
  }
  if (depth >= DEEPEST) {
    throw new PayloadInvalidError(
      path,
      `is nested deeper than ${DEEPEST} levels or refers to itself`,
      'Use a tree of plain data.',
    );
  }
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return copy(value.toJSON(), path, depth + 1);
  }
  if (Array.isArray(value))
    return value.map((item, index) => copy(item ?? null, `${path}[${index}]`, depth + 1));
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value) || value instanceof Promise) {
    throw new PayloadInvalidError(
      path,
      `is a ${value.constructor.name}, which JSON cannot hold`,
      'Use arrays and plain objects.',
    );
  }
  const result: { [key: string]: JsonValue } = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) result[key] = copy(item, `${path}.${key}`, depth + 1);
  }
  return result;
}
