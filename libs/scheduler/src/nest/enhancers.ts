import { Inject, Injectable } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import { type ApplicationConfig, ExternalContextCreator, type NestContainer } from '@nestjs/core';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { InvalidOptionsError, type RunContext } from '../model/index.js';
import { HandlerEnhancer } from './enhanced-handler.js';
import type { Settings } from './scheduler-options.js';
import { SCHEDULER_SETTINGS } from './tokens.js';

type Method = (run: RunContext<never>) => unknown;

const DECORATORS = {
  [GUARDS_METADATA]: 'UseGuards',
  [INTERCEPTORS_METADATA]: 'UseInterceptors',
  [PIPES_METADATA]: 'UsePipes',
  [EXCEPTION_FILTERS_METADATA]: 'UseFilters',
} as const;
const KINDS = Object.keys(DECORATORS) as (keyof typeof DECORATORS)[];

/**
 * Knows which handlers have guards, interceptors, pipes or filters, and calls them through those.
 * A handler that has none is called as it is, at once.
 */
@Injectable()
export class Enhancers {
  private readonly config: ApplicationConfig | null;
  private readonly enhancer: HandlerEnhancer;

  constructor(
    @Inject(ExternalContextCreator) nest: ExternalContextCreator,
    @Inject(SCHEDULER_SETTINGS) { globalEnhancers }: Settings,
  ) {
    const container: NestContainer = nest['container'];
    this.config = globalEnhancers ? container.applicationConfig! : null;
    this.enhancer = new HandlerEnhancer(container, this.config);
  }

  /** Whether anything may stand before the method. Global enhancers may still be added until the application has started. */
  mayStandBefore(metatype: object, method: object, key: string | symbol): boolean {
    return (
      this.config !== null ||
      KINDS.some((kind) => listed(kind, metatype).length > 0 || listed(kind, method).length > 0) ||
      Reflect.hasMetadata(ROUTE_ARGS_METADATA, metatype, key)
    );
  }

  /** Of all runs. Made when the first one starts: only then are all enhancers there. */
  around(wrapper: InstanceWrapper<object>, instance: object, key: string | symbol): Method {
    let handler: Method | null = null;
    return (run) => (handler ??= this.enhance(wrapper, instance, key))(run);
  }

  /** @param contextId when the instance is made for one run */
  enhance(
    wrapper: InstanceWrapper<object>,
    instance: object,
    key: string | symbol,
    contextId?: ContextId,
  ): Method {
    const { id, host } = wrapper;
    return this.enhancer.enhance({ instance, key, moduleKey: host!.token, inquirerId: id, contextId });
  }

  /** @throws InvalidOptionsError for an enhancer that would be left out in silence, or that needs a request */
  check({ host }: InstanceWrapper<object>, metatype: object, method: object): void {
    for (const kind of KINDS) {
      for (const enhancer of [...listed(kind, metatype), ...listed(kind, method)]) {
        if (typeof enhancer !== 'function' || host!.injectables.has(enhancer as never)) continue;
        throw new InvalidOptionsError(
          DECORATORS[kind],
          enhancer.name,
          'Nest makes it only for classes that are provided as such: provide the class of the job itself, ' +
            `or give an instance, @${DECORATORS[kind]}(new ${enhancer.name}()).`,
        );
      }
    }
  }

  /** @throws InvalidOptionsError for a global enhancer that is made for each request */
  checkGlobal(): void {
    const { config } = this;
    if (config === null) return;
    const [perRequest] = [
      ...config.getGlobalRequestGuards(),
      ...config.getGlobalRequestInterceptors(),
      ...config.getGlobalRequestPipes(),
      ...config.getGlobalRequestFilters(),
    ] as InstanceWrapper[];
    if (perRequest === undefined) return;
    const { metatype } = perRequest;
    throw new InvalidOptionsError(
      'enhancers.global',
      true,
      `${metatype?.name ?? 'A global enhancer'} is request-scoped, and Nest makes such ones for controllers only. ` +
        'Give it the default scope, or leave enhancers.global out.',
    ).at('SchedulerModule');
  }
}

function listed(kind: string, target: object): readonly unknown[] {
  return (Reflect.getMetadata(kind, target) as unknown[] | undefined) ?? [];
}
