import {
  type HandlerDefinition,
  HandlerUnknownError,
  JobIdTakenError,
  type RunContext,
} from '../model/index.js';

/** A handler of this process. */
export interface RegisteredHandler {
  readonly name: string;
  /** For messages: `ReportsService.daily in ReportsModule`. */
  readonly place: string;
  readonly definition: HandlerDefinition<never> | null;
  /** Calls the handler, which returns a value or a promise. Needs no `this`. */
  readonly invoke: (run: RunContext<never>) => unknown;
}

/** The handlers of this process by name. */
export class HandlerRegistry {
  private readonly handlers = new Map<string, RegisteredHandler>();

  /** @throws JobIdTakenError naming both places when the name is taken */
  add(handler: RegisteredHandler): void {
    const present = this.handlers.get(handler.name);
    if (present) throw new JobIdTakenError(handler.name, [present.place, handler.place]);
    this.handlers.set(handler.name, handler);
  }

  get(name: string): RegisteredHandler | null {
    return this.handlers.get(name) ?? null;
  }

  names(): string[] {
    return [...this.handlers.keys()];
  }

  /** @throws HandlerUnknownError listing the known names */
  require(name: string): RegisteredHandler {
    const handler = this.handlers.get(name);
    if (!handler) throw new HandlerUnknownError(name, this.names());
    return handler;
  }
}
