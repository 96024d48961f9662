import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/constants.js';
import type { ApplicationConfig } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError } from '../../model/index.js';

const DECORATORS = {
  [GUARDS_METADATA]: 'UseGuards',
  [INTERCEPTORS_METADATA]: 'UseInterceptors',
  [PIPES_METADATA]: 'UsePipes',
  [EXCEPTION_FILTERS_METADATA]: 'UseFilters',
} as const;
const KINDS = Object.keys(DECORATORS) as (keyof typeof DECORATORS)[];

/** Whether the class or the method has guards, interceptors, pipes or filters. */
export function hasEnhancers(metatype: object, method: object): boolean {
  return KINDS.some((kind) => enhancersOf(kind, metatype, method).length > 0);
}

/** @throws InvalidOptionsError for an enhancer that Nest has not instantiated and would silently skip */
export function checkEnhancers(host: Module, metatype: object, method: object): void {
  for (const kind of KINDS) {
    for (const enhancer of enhancersOf(kind, metatype, method)) {
      if (typeof enhancer !== 'function' || host.injectables.has(enhancer as never)) continue;
      throw new InvalidOptionsError(
        DECORATORS[kind],
        enhancer.name,
        'Nest makes it only for classes that are provided as such: provide the class of the job itself, ' +
          `or give an instance, @${DECORATORS[kind]}(new ${enhancer.name}()).`,
      );
    }
  }
}

/** @throws InvalidOptionsError for a request-scoped one */
export function checkGlobalEnhancers(config: ApplicationConfig): void {
  const [perRequest] = [
    ...config.getGlobalRequestGuards(),
    ...config.getGlobalRequestInterceptors(),
    ...config.getGlobalRequestPipes(),
    ...config.getGlobalRequestFilters(),
  ] as InstanceWrapper[];
  if (perRequest === undefined) return;
  throw new InvalidOptionsError(
    'enhancers.global',
    true,
    `${perRequest.metatype?.name ?? 'A global enhancer'} is request-scoped, and Nest makes such ones for ` +
      'controllers only. Give it the default scope, or leave enhancers.global out.',
  ).at('SchedulerModule');
}

function enhancersOf(kind: string, metatype: object, method: object): readonly unknown[] {
  return [metatype, method].flatMap((target) => (Reflect.getMetadata(kind, target) as unknown[]) ?? []);
}
