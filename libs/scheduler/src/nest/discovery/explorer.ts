import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { RunContext } from '../../model/index.js';
import { isFactory } from '../decorators/decorator-factory.js';
import { Enhancers } from '../enhancers/enhancers.js';
import { ApplicationBuilt } from '../lifecycle/application-built.js';
import { decoratedMethods, type DeclaringMethod } from './decorated-methods.js';

/** A decorated method that runs can call. */
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
    @Inject(ApplicationBuilt) private readonly built: ApplicationBuilt,
  ) {}

  /**
   * Yields the methods that are new since the last call. Until Nest has created all instances, leaves
   * providers without one for later.
   */
  *discover(): Generator<DecoratedMethod> {
    this.enhancers.checkGlobal();
    const allMade = this.built.isComplete;
    for (const module of this.modules.values()) {
      for (const wrapper of [
        ...module.controllers.values(),
        ...module.providers.values(),
      ] as InstanceWrapper<object>[]) {
        if (wrapper.isAlias || this.seen.has(wrapper)) continue;
        const hasInstance = isSingleton(wrapper, allMade);
        if (!allMade && (!hasInstance || injectsProviders(wrapper))) continue;
        this.seen.add(wrapper);
        yield* hasInstance ? this.ofInstance(wrapper) : this.ofClass(wrapper);
      }
    }
  }

  private *ofInstance(wrapper: InstanceWrapper<object>): Generator<DecoratedMethod> {
    const { instance } = wrapper;
    // A second token for the same object (a factory that returns it) declares nothing twice.
    if (typeof instance !== 'object' || instance === null || this.seen.has(instance)) return;
    this.seen.add(instance);
    for (const found of decoratedMethods(wrapper, Object.getPrototypeOf(instance))) {
      yield { ...found, call: this.enhancers.handlerOf(wrapper, instance, found) };
    }
  }

  /** Request-scoped and transient providers have no instance yet; their class has the methods. */
  private *ofClass(wrapper: InstanceWrapper<object>): Generator<DecoratedMethod> {
    // The class of a factory's result is unknown before the factory runs.
    if (wrapper.isFactory || typeof wrapper.metatype !== 'function') return;
    for (const found of decoratedMethods(wrapper, wrapper.metatype.prototype)) {
      yield { ...found, call: this.enhancers.handlerPerRun(wrapper, found) };
    }
  }
}

/** A class that is created for each run may have a static instance too, whose constructor was never called. */
function isSingleton(wrapper: InstanceWrapper, allMade: boolean): boolean {
  const { isResolved, isConstructorCalled } = wrapper.getInstanceByContextId(STATIC_CONTEXT);
  if (isResolved !== true || wrapper.isTransient) return false;
  if (wrapper.isNotMetatype || isConstructorCalled === true) return true;
  // The first versions of Nest 11 lack isConstructorCalled. Scopes are known once all instances exist.
  return allMade ? wrapper.isDependencyTreeStatic() : !wrapper.getEnhancersMetadata()?.length;
}

/** Whether one of its decorators injects providers, which may not exist yet. */
function injectsProviders(wrapper: InstanceWrapper<object>): boolean {
  const { instance } = wrapper;
  if (typeof instance !== 'object' || instance === null) return false;
  const methods = [...decoratedMethods(wrapper, Object.getPrototypeOf(instance))];
  return methods.some(({ declarations }) => declarations.some(({ args }) => isFactory(args)));
}
