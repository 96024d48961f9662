import { types } from 'node:util';
import { InvalidOptionsError } from './errors.js';
import type { JsonValue } from './json.js';
import { checkName } from './read-options.js';

/** A class whose class-validator decorators check a payload. */
export type PayloadClass<P extends object = object> = new (...args: never[]) => P;

/** A handler known by name, with the class of its payload. Made by `defineHandler`. */
export interface HandlerDefinition<P = JsonValue | undefined> {
  readonly name: string;
  readonly payloadClass: PayloadClass | null;
  /** For the type checker only; never set. */
  readonly payload?: P;
}

/**
 * Defines a handler by name, so that jobs can be stored and added by that name. Mark the method that
 * does the work with `@JobHandler(definition)`. With a class, its class-validator decorators check the
 * payload when a job is added and again before each run, and the handler gets an instance of the class.
 *
 * @example
 * const sendReminder = defineHandler('send-reminder', SendReminderDto);
 *
 * @throws InvalidOptionsError unless the name is a string that databases keep as it is
 */
export function defineHandler(name: string): HandlerDefinition;
export function defineHandler<P extends object>(
  name: string,
  payloadClass: PayloadClass<P>,
): HandlerDefinition<P>;
export function defineHandler(name: string, payloadClass?: PayloadClass): HandlerDefinition {
  return Object.freeze({ name: checkName('handler', name), payloadClass: payloadClass ?? null });
}

/** @throws InvalidOptionsError for a generator function: calling it runs none of its code */
export function refuseGenerator(handler: object): void {
  if (types.isGeneratorFunction(handler)) throw generatorError();
}

/** The result of a generator function that was called. Never throws. */
export function isGenerator(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (types.isGeneratorObject(value)) return true;
  try {
    // Compiled to older targets it is a plain object. A stream has no `next`.
    const members = value as Record<PropertyKey, unknown>;
    return typeof members['next'] === 'function' && typeof members[Symbol.asyncIterator] === 'function';
  } catch {
    return false;
  }
}

export function generatorError(): InvalidOptionsError {
  const fact = 'The handler is a generator, and calling a generator runs none of its code.';
  return new InvalidOptionsError('handler', 'a generator', 'Make it an async function.', fact);
}
