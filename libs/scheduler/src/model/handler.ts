import { InvalidOptionsError } from './errors.js';
import type { JsonValue } from './json.js';

/** A class whose class-validator decorators check a payload. */
export type PayloadClass<P extends object = object> = new (...args: never[]) => P;

/** A handler known by name, with the class of its payload. Made by `defineHandler`. */
export interface HandlerDefinition<P = JsonValue | undefined> {
  readonly name: string;
  readonly payloadClass: PayloadClass | null;
  /** Carries the payload's type; never set. */
  readonly payload?: P;
}

/**
 * Names a handler, so that jobs can be stored and added by that name. The method that does the work
 * is marked `@JobHandler(definition)`. With a class, payloads are checked by its class-validator
 * decorators when a job is added and again before each run, and handlers get an instance of it.
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
