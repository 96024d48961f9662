import { describeError, toErrorRecord } from './error-record.js';
import { PayloadInvalidError } from './errors.js';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

const DEEPEST = 64;

/**
 * Copies `value` the way JSON does, so that a payload means the same in memory as in a database.
 * `undefined` stays undefined (no payload); an object with `toJSON` (a Date) becomes its result;
 * undefined properties are left out.
 *
 * @param mostBytes the longest JSON that is taken, in UTF-8
 * @throws PayloadInvalidError naming the property that JSON cannot hold, or the size
 */
export function copyAsJson(value: unknown, mostBytes: number = Infinity): JsonValue | undefined {
  if (value === undefined) return undefined;
  let copied: JsonValue;
  try {
    copied = copy(value, 'payload', 0);
  } catch (error) {
    if (error instanceof PayloadInvalidError) throw error;
    // A getter or a toJSON of the caller's.
    const problem = `cannot be read: ${describeError(toErrorRecord(error))}`;
    throw new PayloadInvalidError('payload', problem, 'Use plain data.');
  }
  if (mostBytes !== Infinity) refuseLarge(copied, mostBytes);
  return copied;
}

/** A copy of what `copyAsJson` has made. */
export function cloneJson(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson);
  // The spread makes a property of a stored `__proto__`, and later writes go to that.
  const clone = { ...value };
  for (const key of Object.keys(clone)) clone[key] = cloneJson(clone[key]!);
  return clone;
}

function refuseLarge(value: JsonValue, mostBytes: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= mostBytes) return;
  throw new PayloadInvalidError(
    'payload',
    `is ${bytes} bytes of JSON, more than the ${mostBytes} that are taken`,
    "Store large data elsewhere and give its key, or raise the module's maxPayload.",
  );
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
    if (key === '__proto__') {
      const problem = 'would be the prototype of an object, not a property';
      throw new PayloadInvalidError(`${path}.${key}`, problem, 'Choose another name.');
    }
    if (item !== undefined) result[key] = copy(item, `${path}.${key}`, depth + 1);
  }
  return result;
}
