import { checkName, type HandlerDefinition, InvalidOptionsError, SchedulerError } from '../../model/index.js';
import type { Declaration } from '../decorators/declaration.js';
import { type DeclaredJob, readDeclaredJob } from './declared-job.js';
import { callFactory, isFactory, type ProviderLookup } from '../decorators/decorator-factory.js';
import type { DeclaringMethod } from './decorated-methods.js';
import type { JobSettings } from '../scheduler-options.js';

/** A job that a decorator declares. */
export interface FoundJob {
  readonly id: string;
  readonly place: string;
  /** The name of its handler. */
  readonly handler: string;
  readonly job: DeclaredJob;
}

/** The reading of one decorator. */
export type Declared =
  | { readonly kind: 'job'; readonly found: FoundJob }
  | { readonly kind: 'handler'; readonly definition: HandlerDefinition<never> }
  /** The message of the error begins with its place. */
  | { readonly kind: 'mistake'; readonly error: unknown };

export const DECORATOR_NAMES = {
  cron: '@Cron',
  interval: '@Interval',
  timeout: '@Timeout',
  handler: '@JobHandler',
} as const;

/** Reads the decorators of a method, from top to bottom. */
export function readMethod(
  method: DeclaringMethod,
  settings: JobSettings,
  lookUp: ProviderLookup,
): Declared[] {
  let position = 0;
  return method.declarations.map((declaration) => {
    // Counts named decorators too, so that naming one does not rename another.
    if (declaration.kind !== 'handler') position++;
    try {
      method.check();
      return readOne(method, declaration, position, settings, lookUp);
    } catch (error) {
      return { kind: 'mistake', error: at(`${DECORATOR_NAMES[declaration.kind]} on ${method.name}`, error) };
    }
  });
}

function readOne(
  method: DeclaringMethod,
  declaration: Declaration,
  position: number,
  settings: JobSettings,
  lookUp: ProviderLookup,
): Declared {
  const { kind, args } = declaration;
  if (kind === 'handler') return { kind, definition: readDefinition(args[0]) };
  const given = isFactory(args) ? callFactory(args, (token) => lookUp(token, method.host)) : args;
  const job = readDeclaredJob({ kind, args: given }, settings);
  const id = job.id ?? (position === 1 ? method.name : `${method.name}#${position}`);
  return { kind: 'job', found: { id, place: method.place, handler: job.id ?? method.name, job } };
}

function readDefinition(handler: unknown): HandlerDefinition<never> {
  if (typeof handler === 'string') return { name: checkName('handler', handler), payloadClass: null };
  if (typeof handler === 'object' && handler !== null && 'name' in handler && 'payloadClass' in handler) {
    return handler as HandlerDefinition<never>;
  }
  throw new InvalidOptionsError(
    'handler',
    handler,
    "Give a definition made by defineHandler(), or a name such as 'send-reminder'.",
  );
}

/** Prefixes the message. A factory may throw anything, so the error keeps its class. */
function at(place: string, error: unknown): unknown {
  if (error instanceof SchedulerError) return error.at(place);
  if (error instanceof Error) error.message = `${place}: ${error.message}`;
  return error;
}
