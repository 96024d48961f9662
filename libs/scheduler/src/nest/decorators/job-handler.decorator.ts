import type { HandlerDefinition, RunContext } from '../../model/index.js';
import { declare } from './declaration.js';

/** A method that can be called with a run whose payload is a `P`. */
type HandlerMethod<P> = (run: RunContext<P>) => unknown;

/**
 * Makes the method the handler that jobs name: those added with `addJob({ handler: definition })` or
 * by its name. Never throws here, as `@Cron`.
 *
 * @example
 * ```ts
 * @JobHandler(sendReminder)
 * async send(run: RunContext<SendReminderDto>) {}
 * ```
 */
export function JobHandler<P>(
  definition: HandlerDefinition<P>,
): <M extends HandlerMethod<P>>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;
export function JobHandler(name: string): MethodDecorator;
export function JobHandler(...args: unknown[]): MethodDecorator {
  return declare({ kind: 'handler', args });
}
