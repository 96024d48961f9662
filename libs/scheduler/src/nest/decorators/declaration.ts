import 'reflect-metadata';
import { InvalidOptionsError } from '../../model/index.js';

/** A decorator's unchecked arguments. The bootstrap checks them, where it can name the place of a mistake. */
export interface Declaration {
  readonly kind: 'cron' | 'interval' | 'timeout' | 'handler';
  readonly args: readonly unknown[];
}
/** Undefined for a decorator on the class itself. */
type Member = string | symbol | undefined;

/** Global, so that a second copy of this package finds the declarations of the first. */
const DECLARATIONS = Symbol.for('carillon:jobs');

/** Adds a declaration to those of the member, whatever it is. @throws InvalidOptionsError under standard decorators */
export function declare(declaration: Declaration): MethodDecorator {
  return (target: object, member: Member) => {
    refuseStandardDecorators(member);
    // Keyed by class and name, not by function: another decorator may replace the function. TypeScript
    // calls decorators from the bottom up, so the last one called stands first.
    const members = new Map(declarationsOf(target));
    members.set(member, [declaration, ...(members.get(member) ?? [])]);
    Reflect.defineMetadata(DECLARATIONS, members, target);
  };
}

/** The declarations on the members of this very prototype or class, each from top to bottom as in the source. */
export function declarationsOf(target: object): ReadonlyMap<Member, readonly Declaration[]> {
  return (
    (Reflect.getOwnMetadata(DECLARATIONS, target) as Map<Member, Declaration[]> | undefined) ?? new Map()
  );
}

function refuseStandardDecorators(context: unknown): void {
  if (typeof context !== 'object') return;
  throw new InvalidOptionsError(
    'experimentalDecorators',
    false,
    'Set experimentalDecorators to true in the tsconfig.json that the compiler reads.',
    'Nest and Carillon use the experimental decorators of TypeScript, and this code was compiled with the standard ones.',
  );
}
