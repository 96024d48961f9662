import { Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/**
 * Knows whether Nest has made all instances. Only then can a provider's scope be asked for: one that
 * injects something request-scoped is itself, and asking earlier would settle the wrong answer.
 *
 * Nest calls the first `onModuleInit` when all instances are made. Its order goes by the distance
 * from the root module, so this module makes itself the farthest.
 */
@Injectable()
export class ApplicationBuilt implements OnModuleInit {
  private built = false;

  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    for (const module of modules.values()) {
      if (module.metatype === ApplicationBuiltModule) module.distance = Number.POSITIVE_INFINITY;
    }
  }

  get isSo(): boolean {
    return this.built;
  }

  onModuleInit(): void {
    this.built = true;
  }
}

@Module({ providers: [ApplicationBuilt], exports: [ApplicationBuilt] })
export class ApplicationBuiltModule {}
