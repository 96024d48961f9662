import { HttpException } from '@nestjs/common';
import { copyAsJson, type JsonValue, SchedulerError } from '../../model/index.js';

/**
 * Makes Nest respond to a SchedulerError as to an exception of its own: with its status, and its code,
 * message and fields as the body, without an error in the log. The rooms below know no Nest, so this
 * puts HttpException into the prototype chain.
 */
export function makeHttpExceptions(): void {
  const { prototype } = SchedulerError;
  if (prototype instanceof HttpException) return;
  Object.setPrototypeOf(prototype, HttpException.prototype);
  Object.defineProperty(prototype, 'getResponse', { value: bodyOf, configurable: true, writable: true });
}

/** Not part of the body, or put there by name. */
const INHERENT = new Set(['name', 'message', 'stack', 'cause', 'code', 'statusCode', 'expose']);

function bodyOf(this: SchedulerError): { [field: string]: JsonValue } {
  const { statusCode, code, message } = this;
  const body: { [field: string]: JsonValue } = { statusCode, code, message };
  for (const [field, value] of Object.entries(this)) {
    const copy = INHERENT.has(field) ? undefined : jsonOf(value);
    if (copy !== undefined) body[field] = copy;
  }
  return body;
}

/** Returns undefined for a value that JSON cannot hold, such as a function. */
function jsonOf(value: unknown): JsonValue | undefined {
  try {
    return copyAsJson(value);
  } catch {
    return undefined;
  }
}
