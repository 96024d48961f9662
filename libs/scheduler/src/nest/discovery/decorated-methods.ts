import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError, refuseGenerator } from '../../model/index.js';
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
  /** @throws InvalidOptionsError when no run could call it, or Nest would skip an enhancer on it */
  check(): void;
}

export interface FoundMethod extends DeclaringMethod {
  readonly key: string | symbol;
  /** The concrete class. */
  readonly metatype: object;
  readonly method: object;
}

/** Yields the decorated methods of all classes and values. The results of factories are unknown. */
export function* decoratedMethodsIn(modules: ModulesContainer): Generator<FoundMethod> {
  const seen = new Set<unknown>();
  for (const { controllers, providers } of modules.values()) {
    for (const wrapper of [...controllers.values(), ...providers.values()] as InstanceWrapper<object>[]) {
      if (wrapper.isAlias || wrapper.isFactory) continue;
      const { metatype, instance } = wrapper;
      if (typeof metatype === 'function') {
        yield* decoratedMethods(wrapper, metatype.prototype as object);
      } else if (typeof instance === 'object' && instance !== null && !seen.has(instance)) {
        seen.add(instance);
        yield* decoratedMethods(wrapper, Object.getPrototypeOf(instance) as object | null);
      }
    }
  }
}

/**
 * Walks the prototype chain; an override hides the declarations of the method it overrides. Never
 * calls a getter. Decorated members that no run can call are among the results: their check fails.
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
  for (const { key, value, misplaced, declarations } of decoratedMembers(concrete, metatype)) {
    const name = key === undefined ? className : `${className}.${keyName(key)}`;
    const method = typeof value === 'function' ? value : metatype;
    const check = (): void => {
      if (misplaced !== null) throw misplacedOn(misplaced);
      refuseGenerator(method);
      checkEnhancers(host, metatype, method);
    };
    const place = `${name} in ${host.name}`;
    yield { key: key ?? 'constructor', metatype, method, name, place, host, declarations, check };
  }
}

interface DecoratedMember {
  readonly key: string | symbol | undefined;
  readonly value: unknown;
  /** The kind of a member that is no method of an instance. */
  readonly misplaced: string | null;
  readonly declarations: readonly Declaration[];
}

function* decoratedMembers(concrete: object, metatype: object): Generator<DecoratedMember> {
  const hidden = new Set<unknown>(['constructor']);
  for (const prototype of chainOf(concrete, Object.prototype)) {
    for (const [key, declarations] of declarationsOf(prototype)) {
      if (hidden.has(key)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(prototype, key!);
      const value: unknown = descriptor?.value;
      const kind = descriptor === undefined ? 'a property' : 'a getter';
      yield { key, value, misplaced: typeof value === 'function' ? null : kind, declarations };
    }
    for (const key of Reflect.ownKeys(prototype)) hidden.add(key);
  }
  for (const owner of chainOf(metatype, Function.prototype)) {
    for (const [key, declarations] of declarationsOf(owner)) {
      const misplaced = key === undefined ? 'a class' : 'a static method';
      yield { key, value: null, misplaced, declarations };
    }
  }
}

function* chainOf(first: object, end: object): Generator<object> {
  for (let each: object | null = first; each && each !== end; each = Object.getPrototypeOf(each)) yield each;
}

function keyName(key: string | symbol): string {
  return typeof key === 'symbol' ? (key.description ?? 'symbol') : key;
}

function misplacedOn(member: string): InvalidOptionsError {
  const fact = `The decorator stands on ${member}, which no run can call.`;
  return new InvalidOptionsError('decorator', member, 'Put it on a method of an instance.', fact);
}
