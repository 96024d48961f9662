import { type DynamicModule, type InjectionToken, Scope, type Type } from '@nestjs/common';
import { ApplicationConfig, MetadataScanner, type ModulesContainer, NestContainer } from '@nestjs/core';
import { Injector } from '@nestjs/core/injector/injector.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { NoopGraphInspector } from '@nestjs/core/inspector/noop-graph-inspector.js';
import { DependenciesScanner } from '@nestjs/core/scanner.js';
import { decoratedMethodsIn, type DeclaringMethod } from '../discovery/decorated-methods.js';
import { notInjectable } from '../decorators/decorator-factory.js';

/**
 * Scans the modules of an application without starting it. Creates only the providers requested with
 * `make`, and calls no hook.
 */
export class ApplicationPlan {
  private readonly injector = new Injector();

  private constructor(
    private readonly container: NestContainer,
    readonly config: ApplicationConfig,
  ) {}

  /** @throws Nest's error for modules that it cannot resolve */
  static async of(root: Type | DynamicModule): Promise<ApplicationPlan> {
    const config = new ApplicationConfig();
    const container = new NestContainer(config);
    const scanner = new DependenciesScanner(container, new MetadataScanner(), NoopGraphInspector, config);
    await scanner.scan(root as Type);
    // Registers the global enhancers in the configuration.
    scanner.applyApplicationProviders();
    const plan = new ApplicationPlan(container, config);
    for (const { providers } of plan.modules.values()) {
      for (const wrapper of providers.values()) plan.injector.loadPrototype(wrapper, providers);
    }
    return plan;
  }

  get modules(): ModulesContainer {
    return this.container.getModules();
  }

  methods(): Generator<DeclaringMethod> {
    return decoratedMethodsIn(this.modules);
  }

  /**
   * Creates a provider and its dependencies, as the start would.
   *
   * @param host the module whose provider comes first
   * @throws InvalidOptionsError for a missing or request-scoped one, and the errors of its constructor or factory
   */
  async make(token: InjectionToken, host: Module): Promise<unknown> {
    const owner = [...this.modules.values(), host].findLast(({ providers }) => providers.has(token));
    const wrapper = owner?.providers.get(token);
    if (!owner || !wrapper) throw notInjectable(token, new Error('No module provides it.'));
    if (wrapper.scope === Scope.REQUEST || wrapper.isTransient)
      throw notInjectable(token, new Error('It is request-scoped.'));
    await this.injector.loadProvider(wrapper, owner);
    if (wrapper.isDependencyTreeStatic()) return wrapper.instance;
    throw notInjectable(token, new Error('It is request-scoped.'));
  }
}
