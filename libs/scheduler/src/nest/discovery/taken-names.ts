import { JobIdTakenError } from '../../model/index.js';
import type { DeclaringMethod } from './decorated-methods.js';

/** The job ids and handler names that declarations use, and their places. */
export class TakenNames {
  private readonly ids = new Map<string, string>();
  private readonly handlers = new Map<string, DeclaringMethod>();

  /** The number of jobs. */
  get jobs(): number {
    return this.ids.size;
  }

  /** @throws JobIdTakenError naming both places */
  takeId(id: string, place: string): void {
    const taken = this.ids.get(id);
    if (taken !== undefined) throw new JobIdTakenError(id, [taken, place]);
    this.ids.set(id, place);
  }

  /**
   * @returns false when the method has the name already: its decorators share the handler
   * @throws JobIdTakenError naming both places when another method has it
   */
  takeHandler(name: string, method: DeclaringMethod): boolean {
    const taken = this.handlers.get(name);
    if (taken === method) return false;
    if (taken) throw new JobIdTakenError(name, [taken.place, method.place], 'handler name');
    this.handlers.set(name, method);
    return true;
  }
}
