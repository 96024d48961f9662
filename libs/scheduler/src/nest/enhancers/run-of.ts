import type { ArgumentsHost } from '@nestjs/common';
import type { RunContext } from '../../model/index.js';

/** The `getType()` of an execution context while a job's handler is called. */
export const RUN_CONTEXT_TYPE = 'carillon';

/**
 * The run that a guard, interceptor, filter or parameter decorator is called for; null when it is
 * called for anything else, such as an HTTP request.
 */
export function runOf(context: ArgumentsHost): RunContext | null {
  return context.getType<string>() === RUN_CONTEXT_TYPE ? context.getArgByIndex<RunContext>(0) : null;
}
