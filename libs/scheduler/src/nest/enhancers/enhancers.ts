import { Inject, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { type ApplicationConfig, ExternalContextCreator, type NestContainer } from '@nestjs/core';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { RunContext } from '../../model/index.js';
import { HandlerEnhancer } from './enhanced-handler.js';
import { checkGlobalEnhancers, hasEnhancers } from './enhancer-checks.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_SETTINGS } from '../tokens.js';

type Method = (run: RunContext<never>) => unknown;

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
      hasEnhancers(metatype, method) ||
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

  /** @throws InvalidOptionsError for a global enhancer that is made for each request */
  checkGlobal(): void {
    if (this.config !== null) checkGlobalEnhancers(this.config);
  }
}
