import 'reflect-metadata';

/** A decorator's unchecked arguments. The bootstrap checks them, where it can name the place of a mistake. */
export interface Declaration {
  readonly kind: 'cron' | 'interval' | 'timeout' | 'handler';
  readonly args: readonly unknown[];
}

/** Global, so that a second copy of this package finds the declarations of the first. */
const DECLARATIONS = Symbol.for('carillon:jobs');

/** Adds a declaration to those of the method. Ignores static methods. */
export function declare(declaration: Declaration): MethodDecorator {
  return (target, method) => {
    if (typeof target === 'function') return;
    // Keyed by class and name, not by function: another decorator may replace the function. TypeScript
    // calls decorators from the bottom up, so the last one called stands first.
    const others = declarationsOf(target, method);
    Reflect.defineMetadata(DECLARATIONS, [declaration, ...others], target, method);
  };
}

/** The declarations on a method of this very prototype, from top to bottom as in the source. */
export function declarationsOf(prototype: object, method: string | symbol): readonly Declaration[] {
  return (Reflect.getOwnMetadata(DECLARATIONS, prototype, method) as Declaration[] | undefined) ?? [];
}
