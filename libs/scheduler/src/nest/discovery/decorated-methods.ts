import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { type Declaration, declarationsOf } from '../decorators/declaration.js';
import { checkEnhancers } from '../enhancers/enhancer-checks.js';

/** A method of a provider or controller with one of our decorators. */
export interface DeclaringMethod {
  /** `ReportsService.daily`, with the name of the concrete class. */
  readonly name: string;
  /** `ReportsService.daily in ReportsModule`. */
  readonly place: string;
  readonly declarations: readonly Declaration[];
  /** The module that provides the class. */
  readonly host: Module;
  /** @throws InvalidOptionsError when Nest would skip a guard, interceptor, pipe or filter on it */
  check(): void;
}

export interface FoundMethod extends DeclaringMethod {
  readonly key: string | symbol;
  /** The concrete class. */
  readonly metatype: object;
  readonly method: object;
}

/**
 * Walks the prototype chain; an override hides the declarations of the method it overrides. Never
 * calls a getter.
 *
 * @param concrete the prototype of the provider's class
 */
export function* decoratedMethods(
  wrapper: InstanceWrapper<object>,
  concrete: object | null | undefined,
): Generator<FoundMethod> {
  if (!concrete) return;
  const host = wrapper.host!;
  const metatype = concrete.constructor ?? Object;
  const className = metatype.name || '(anonymous class)';
  const known = new Set<string | symbol>(['constructor']);
  for (
    let prototype: object | null = concrete;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (known.has(key)) continue;
      known.add(key);
      const declarations = declarationsOf(prototype, key);
      if (declarations.length === 0) continue;
      const method: unknown = Object.getOwnPropertyDescriptor(prototype, key)?.value;
      if (typeof method !== 'function') continue;
      const name = `${className}.${typeof key === 'symbol' ? (key.description ?? 'symbol') : key}`;
      const place = `${name} in ${host.name}`;
      const check = (): void => checkEnhancers(host, metatype, method);
      yield { key, metatype, method, name, place, host, declarations, check };
    }
  }
}
