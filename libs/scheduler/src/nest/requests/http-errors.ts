import { HttpException } from '@nestjs/common';
import { copyAsJson, type JsonValue, SchedulerError } from '../../model/index.js';

/**
 * Lets Nest answer a SchedulerError like an exception of its own: with its status, and with its code,
 * message and fields as the body, without logging it as a failure of the application. The rooms below
 * know no Nest, so the class is put into the prototype chain from here.
 */
export function answerSchedulerErrors(): void {
  const { prototype } = SchedulerError;
  if (prototype instanceof HttpException) return;
  Object.setPrototypeOf(prototype, HttpException.prototype);
  Object.defineProperty(prototype, 'getResponse', { value: bodyOf, configurable: true, writable: true });
}

/** What is not the error's own data. */
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

/** Undefined for what JSON cannot hold, a function as the value of an option for example. */
function jsonOf(value: unknown): JsonValue | undefined {
  try {
    return copyAsJson(value);
  } catch {
    return undefined;
  }
}
