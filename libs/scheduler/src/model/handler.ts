import { InvalidOptionsError } from './errors.js';
import type { JsonValue } from './json.js';

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
 * @throws InvalidOptionsError when the name is empty
 */
export function defineHandler(name: string): HandlerDefinition;
export function defineHandler<P extends object>(
  name: string,
  payloadClass: PayloadClass<P>,
): HandlerDefinition<P>;
export function defineHandler(name: string, payloadClass?: PayloadClass): HandlerDefinition {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new InvalidOptionsError(
      'handler',
      name,
      "Give it a name, for example defineHandler('send-reminder').",
    );
  }
  return Object.freeze({ name, payloadClass: payloadClass ?? null });
}
