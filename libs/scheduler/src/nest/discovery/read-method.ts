import { type HandlerDefinition, InvalidOptionsError, SchedulerError } from '../../model/index.js';
import type { Declaration } from '../decorators/declaration.js';
import { type DeclaredJob, readDeclaredJob } from './declared-job.js';
import { callFactory, isFactory, type ProviderLookup } from '../decorators/decorator-factory.js';
import type { DeclaringMethod } from './decorated-methods.js';
import type { Settings } from '../scheduler-options.js';

/** A job that a decorator declares. */
export interface FoundJob {
  readonly id: string;
  readonly place: string;
  /** The name of its handler. */
  readonly handler: string;
  readonly job: DeclaredJob;
}

/** What one decorator of a method says. */
export type Declared =
  | { readonly kind: 'job'; readonly found: FoundJob }
  | { readonly kind: 'handler'; readonly definition: HandlerDefinition<never> }
  /** The error's message begins with the place. */
  | { readonly kind: 'mistake'; readonly error: unknown };

const DECORATORS = {
  cron: '@Cron',
  interval: '@Interval',
  timeout: '@Timeout',
  handler: '@JobHandler',
} as const;

/** What the decorators of a method say, from top to bottom. */
export function readMethod(
  method: DeclaringMethod,
  settings: Pick<Settings, 'policies' | 'concurrency'>,
  lookUp: ProviderLookup,
): Declared[] {
  let position = 0;
  return method.declarations.map((declaration) => {
    // Numbered by their place in the source, so that naming one does not rename another.
    if (declaration.kind !== 'handler') position++;
    try {
      method.check();
      return readOne(method, declaration, position, settings, lookUp);
    } catch (error) {
      return { kind: 'mistake', error: at(`${DECORATORS[declaration.kind]} on ${method.name}`, error) };
    }
  });
}

function readOne(
  method: DeclaringMethod,
  declaration: Declaration,
  position: number,
  settings: Pick<Settings, 'policies' | 'concurrency'>,
  lookUp: ProviderLookup,
): Declared {
  if (declaration.kind === 'handler')
    return { kind: 'handler', definition: readDefinition(declaration.args[0]) };
  const { args } = declaration;
  const given = isFactory(args) ? callFactory(args, (token) => lookUp(token, method.host)) : args;
  const job = readDeclaredJob({ ...declaration, args: given }, settings);
  const id = job.id ?? (position === 1 ? method.name : `${method.name}#${position}`);
  return { kind: 'job', found: { id, place: method.place, handler: job.id ?? method.name, job } };
}

function readDefinition(handler: unknown): HandlerDefinition<never> {
  if (typeof handler === 'string' && handler.trim() !== '') return { name: handler, payloadClass: null };
  if (typeof handler === 'object' && handler !== null && 'name' in handler && 'payloadClass' in handler) {
    return handler as HandlerDefinition<never>;
  }
  throw new InvalidOptionsError(
    'handler',
    handler,
    "Give a definition made by defineHandler(), or a name such as 'send-reminder'.",
  );
}

/** A factory may throw anything; what is an error keeps its class. */
function at(place: string, error: unknown): unknown {
  if (error instanceof SchedulerError) return error.at(place);
  if (error instanceof Error) error.message = `${place}: ${error.message}`;
  return error;
}
