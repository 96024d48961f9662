import { Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { LazyModuleLoader, ModulesContainer } from '@nestjs/core';

/**
 * Knows whether Nest has created all instances, those of lazy modules too. Only then is a provider's
 * scope known: a provider that injects a request-scoped one is request-scoped too, and Nest caches an
 * earlier, wrong result.
 *
 * Nest calls the first `onModuleInit` when all instances exist, and begins with the module farthest
 * from the root, so this module makes itself the farthest.
 */
@Injectable()
export class ApplicationBuilt implements OnModuleInit {
  private isBuilt = false;
  private lazyLoads = 0;
  private onLoaded: () => Promise<void> = async () => {};

  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(LazyModuleLoader) loader: LazyModuleLoader,
  ) {
    for (const module of modules.values()) {
      if (module.metatype === ApplicationBuiltModule) module.distance = Number.POSITIVE_INFINITY;
    }
    const load = loader.load.bind(loader);
    loader.load = async (...args) => {
      this.lazyLoads++;
      const moduleRef = await load(...args).finally(() => this.lazyLoads--);
      await this.onLoaded();
      return moduleRef;
    };
  }

  onModuleInit(): void {
    this.isBuilt = true;
  }

  /** Whether all instances exist just now. */
  get isComplete(): boolean {
    return this.isBuilt && this.lazyLoads === 0;
  }

  /** Calls back after each lazy module, and lets its loading wait for the callback. */
  afterLazyModules(callback: () => Promise<void>): void {
    this.onLoaded = callback;
  }
}

@Module({ providers: [ApplicationBuilt], exports: [ApplicationBuilt] })
export class ApplicationBuiltModule {}
