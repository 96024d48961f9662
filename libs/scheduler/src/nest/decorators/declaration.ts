import 'reflect-metadata';

/** What a decorator wrote on a method, unread: it is checked at bootstrap, where the place of a mistake is known. */
export type Declaration =
  | { readonly kind: 'cron'; readonly args: readonly unknown[] }
  | { readonly kind: 'interval'; readonly args: readonly unknown[] }
  | { readonly kind: 'timeout'; readonly args: readonly unknown[] }
  | { readonly kind: 'handler'; readonly args: readonly unknown[] };

/** Stable, so that a second copy of this package finds what the first one wrote. */
const DECLARATIONS = Symbol.for('carillon:jobs');

/** Writes a declaration beside those that the method has already. On a static method nothing is written. */
export function declare(declaration: Declaration): MethodDecorator {
  return (target, method) => {
    if (typeof target === 'function') return;
    // On the class and the name, not on the function: another decorator may put its own function in the
    // method's place. Decorators are called from the bottom up, so the last one called stands first.
    const others = declarationsOf(target, method);
    Reflect.defineMetadata(DECLARATIONS, [declaration, ...others], target, method);
  };
}

/** The declarations on a method of just this prototype, from top to bottom as in the source. */
export function declarationsOf(prototype: object, method: string | symbol): readonly Declaration[] {
  return (Reflect.getOwnMetadata(DECLARATIONS, prototype, method) as Declaration[] | undefined) ?? [];
}
