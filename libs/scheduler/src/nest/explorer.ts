import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import type { RunContext } from '../model/index.js';
import { type Declaration, declarationsOf } from './declaration.js';
import { isFactory } from './decorator-factory.js';
import { Enhancers } from './enhancers.js';
import { callPerRun } from './request-scope.js';

/** A method that a decorator of ours is on, of a provider or controller of this application. */
export interface DecoratedMethod {
  /** `ReportsService.daily`, of the concrete class. */
  readonly name: string;
  /** `ReportsService.daily in ReportsModule`. */
  readonly place: string;
  readonly declarations: readonly Declaration[];
  /** The module that provides the class. */
  readonly host: Module;
  call(run: RunContext<never>): unknown;
  /** @throws InvalidOptionsError when a guard, interceptor, pipe or filter on it would not be called */
  check(): void;
}

/** Finds the decorated methods of the application's providers and controllers, each once. */
@Injectable()
export class Explorer {
  private readonly seen = new WeakSet<object>();

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(Enhancers) private readonly enhancers: Enhancers,
  ) {}

  /**
   * What has come up since the last call.
   *
   * @param allMade whether all instances are made; while they are not, what has none is left for later
   */
  *discover(allMade: boolean): Generator<DecoratedMethod> {
    this.enhancers.checkGlobal();
    for (const module of this.modules.values()) {
      for (const wrapper of [
        ...module.controllers.values(),
        ...module.providers.values(),
      ] as InstanceWrapper<object>[]) {
        if (wrapper.isAlias || this.seen.has(wrapper)) continue;
        const hasInstance = isMadeOnce(wrapper);
        if (!allMade && (!hasInstance || asksProviders(wrapper))) continue;
        this.seen.add(wrapper);
        yield* hasInstance ? this.ofInstance(wrapper, module.name) : this.ofClass(wrapper, module.name);
      }
    }
  }

  private *ofInstance(wrapper: InstanceWrapper<object>, moduleName: string): Generator<DecoratedMethod> {
    const { instance } = wrapper;
    // The same object under a second token (a factory that hands it on) declares nothing twice.
    if (typeof instance !== 'object' || instance === null || this.seen.has(instance)) return;
    this.seen.add(instance);
    const callable = instance as Record<string | symbol, (run: RunContext<never>) => unknown>;
    for (const found of decoratedMethods(Object.getPrototypeOf(instance), moduleName)) {
      const { key } = found;
      yield this.toMethod(wrapper, found, (isEnhanced) =>
        isEnhanced ? this.enhancers.around(wrapper, instance, key) : (run) => callable[key](run),
      );
    }
  }

  /** Request-scoped and transient providers: their class tells the methods, each run gets its own instance. */
  private *ofClass(wrapper: InstanceWrapper<object>, moduleName: string): Generator<DecoratedMethod> {
    // What a factory will make is not known before it does.
    if (wrapper.isFactory || typeof wrapper.metatype !== 'function') return;
    for (const found of decoratedMethods(wrapper.metatype.prototype, moduleName)) {
      yield this.toMethod(wrapper, found, (isEnhanced) =>
        callPerRun(wrapper, found.key, isEnhanced ? this.enhancers : null),
      );
    }
  }

  private toMethod(
    wrapper: InstanceWrapper<object>,
    { key, metatype, method, ...found }: FoundMethod,
    callOf: (isEnhanced: boolean) => DecoratedMethod['call'],
  ): DecoratedMethod {
    return {
      ...found,
      host: wrapper.host!,
      call: callOf(this.enhancers.mayStandBefore(metatype, method, key)),
      check: () => this.enhancers.check(wrapper, metatype, method),
    };
  }
}

/** One of a class that is made for each run, by what it injects or by an enhancer, is there too: never constructed. */
function isMadeOnce(wrapper: InstanceWrapper): boolean {
  const { isResolved, isConstructorCalled } = wrapper.getInstanceByContextId(STATIC_CONTEXT);
  return (
    isResolved === true && !wrapper.isTransient && (wrapper.isNotMetatype || isConstructorCalled === true)
  );
}

/** Whether one of its decorators is made from other providers, which may not be there yet. */
function asksProviders({ instance, host }: InstanceWrapper<object>): boolean {
  if (typeof instance !== 'object' || instance === null) return false;
  const methods = [...decoratedMethods(Object.getPrototypeOf(instance), host!.name)];
  return methods.some(({ declarations }) => declarations.some(({ args }) => isFactory(args)));
}

interface FoundMethod extends Omit<DecoratedMethod, 'call' | 'check' | 'host'> {
  readonly key: string | symbol;
  /** The concrete class. */
  readonly metatype: object;
  readonly method: object;
}

/** Along the prototype chain; what a subclass overrides counts as the subclass has it. Getters are not triggered. */
function* decoratedMethods(concrete: object | null | undefined, moduleName: string): Generator<FoundMethod> {
  if (!concrete) return;
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
      yield { key, metatype, method, name, place: `${name} in ${moduleName}`, declarations };
    }
  }
}
