import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { RunContext } from '../../model/index.js';
import { decoratedMethods, type DeclaringMethod } from './decorated-methods.js';
import { isFactory } from '../decorators/decorator-factory.js';
import { Enhancers } from '../enhancers/enhancers.js';
import { callPerRun } from '../enhancers/request-scope.js';

/** One that runs can call. */
export interface DecoratedMethod extends DeclaringMethod {
  call(run: RunContext<never>): unknown;
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
        const hasInstance = isMadeOnce(wrapper, allMade);
        if (!allMade && (!hasInstance || asksProviders(wrapper))) continue;
        this.seen.add(wrapper);
        yield* hasInstance ? this.ofInstance(wrapper) : this.ofClass(wrapper);
      }
    }
  }

  private *ofInstance(wrapper: InstanceWrapper<object>): Generator<DecoratedMethod> {
    const { instance } = wrapper;
    // The same object under a second token (a factory that hands it on) declares nothing twice.
    if (typeof instance !== 'object' || instance === null || this.seen.has(instance)) return;
    this.seen.add(instance);
    const callable = instance as Record<string | symbol, (run: RunContext<never>) => unknown>;
    for (const found of decoratedMethods(wrapper, Object.getPrototypeOf(instance))) {
      const { key } = found;
      const { metatype, method } = found;
      const call = this.enhancers.mayStandBefore(metatype, method, key)
        ? this.enhancers.around(wrapper, instance, key)
        : (run: RunContext<never>) => callable[key](run);
      yield { ...found, call };
    }
  }

  /** Request-scoped and transient providers: their class tells the methods, each run gets its own instance. */
  private *ofClass(wrapper: InstanceWrapper<object>): Generator<DecoratedMethod> {
    // What a factory will make is not known before it does.
    if (wrapper.isFactory || typeof wrapper.metatype !== 'function') return;
    for (const found of decoratedMethods(wrapper, wrapper.metatype.prototype)) {
      const { key, metatype, method } = found;
      const isEnhanced = this.enhancers.mayStandBefore(metatype, method, key);
      yield { ...found, call: callPerRun(wrapper, key, isEnhanced ? this.enhancers : null) };
    }
  }
}

/** One of a class that is made for each run, by what it injects or by an enhancer, may be there too: never constructed. */
function isMadeOnce(wrapper: InstanceWrapper, allMade: boolean): boolean {
  const { isResolved, isConstructorCalled } = wrapper.getInstanceByContextId(STATIC_CONTEXT);
  if (isResolved !== true || wrapper.isTransient) return false;
  if (wrapper.isNotMetatype || isConstructorCalled === true) return true;
  // The first versions of Nest 11 do not tell. Scopes are known once all instances are made.
  return allMade ? wrapper.isDependencyTreeStatic() : !wrapper.getEnhancersMetadata()?.length;
}

/** Whether one of its decorators is made from other providers, which may not be there yet. */
function asksProviders(wrapper: InstanceWrapper<object>): boolean {
  const { instance } = wrapper;
  if (typeof instance !== 'object' || instance === null) return false;
  const methods = [...decoratedMethods(wrapper, Object.getPrototypeOf(instance))];
  return methods.some(({ declarations }) => declarations.some(({ args }) => isFactory(args)));
}
