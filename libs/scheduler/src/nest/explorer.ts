import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { RunContext } from '../model/index.js';
import { type Declaration, declarationsOf } from './declaration.js';
import { callPerRun } from './request-scope.js';

/** A method that a decorator of ours is on, of a provider or controller of this application. */
export interface DecoratedMethod {
  /** `ReportsService.daily`, of the concrete class. */
  readonly name: string;
  /** `ReportsService.daily in ReportsModule`. */
  readonly place: string;
  readonly declarations: readonly Declaration[];
  call(run: RunContext<never>): unknown;
}

/** Finds the decorated methods of the application's providers and controllers, each once. */
@Injectable()
export class Explorer {
  private readonly seen = new WeakSet<object>();

  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /**
   * What has come up since the last call.
   *
   * @param allMade whether all instances are made; while they are not, what has none is left for later
   */
  *discover(allMade: boolean): Generator<DecoratedMethod> {
    for (const module of this.modules.values()) {
      for (const wrapper of [
        ...module.controllers.values(),
        ...module.providers.values(),
      ] as InstanceWrapper<object>[]) {
        if (wrapper.isAlias || this.seen.has(wrapper)) continue;
        const hasInstance = wrapper.getInstanceByContextId(STATIC_CONTEXT).isResolved && !wrapper.isTransient;
        if (!hasInstance && !allMade) continue;
        this.seen.add(wrapper);
        yield* hasInstance ? this.ofInstance(wrapper, module.name) : this.ofClass(wrapper, module.name);
      }
    }
  }

  private *ofInstance({ instance }: InstanceWrapper<object>, moduleName: string): Generator<DecoratedMethod> {
    // The same object under a second token (a factory that hands it on) declares nothing twice.
    if (typeof instance !== 'object' || instance === null || this.seen.has(instance)) return;
    this.seen.add(instance);
    const callable = instance as Record<string | symbol, (run: RunContext<never>) => unknown>;
    for (const { key, ...found } of decoratedMethods(Object.getPrototypeOf(instance), moduleName)) {
      yield { ...found, call: (run) => callable[key](run) };
    }
  }

  /** Request-scoped and transient providers: their class tells the methods, each run gets its own instance. */
  private *ofClass(wrapper: InstanceWrapper<object>, moduleName: string): Generator<DecoratedMethod> {
    // What a factory will make is not known before it does.
    if (wrapper.isFactory || typeof wrapper.metatype !== 'function') return;
    for (const { key, ...found } of decoratedMethods(wrapper.metatype.prototype, moduleName)) {
      yield { ...found, call: callPerRun(wrapper, key) };
    }
  }
}

interface FoundMethod extends Omit<DecoratedMethod, 'call'> {
  readonly key: string | symbol;
}

/** Along the prototype chain; what a subclass overrides counts as the subclass has it. Getters are not triggered. */
function* decoratedMethods(concrete: object | null | undefined, moduleName: string): Generator<FoundMethod> {
  const className = concrete?.constructor?.name || '(anonymous class)';
  const known = new Set<string | symbol>(['constructor']);
  for (
    let prototype = concrete;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (known.has(key)) continue;
      known.add(key);
      const declarations = declarationsOf(prototype, key);
      if (
        declarations.length === 0 ||
        typeof Object.getOwnPropertyDescriptor(prototype, key)?.value !== 'function'
      )
        continue;
      const name = `${className}.${typeof key === 'symbol' ? (key.description ?? 'symbol') : key}`;
      yield { key, name, place: `${name} in ${moduleName}`, declarations };
    }
  }
}
