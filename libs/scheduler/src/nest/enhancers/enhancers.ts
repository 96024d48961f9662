import { Inject, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import {
  type ApplicationConfig,
  ContextIdFactory,
  ExternalContextCreator,
  ModuleRef,
  type NestContainer,
} from '@nestjs/core';
import type { ContextId, InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { RunContext } from '../../model/index.js';
import type { FoundMethod } from '../discovery/decorated-methods.js';
import type { Settings } from '../scheduler-options.js';
import { SCHEDULER_SETTINGS } from '../tokens.js';
import { HandlerEnhancer } from './enhanced-handler.js';
import { checkGlobalEnhancers, hasEnhancers } from './enhancer-checks.js';

type Handler = (run: RunContext<never>) => unknown;
type Callable = Record<string | symbol, Handler>;

/**
 * Calls handlers through their guards, interceptors, pipes and filters. Calls a handler without any
 * directly, so that no promise stands between the timer and the handler.
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

  /** The handler of a provider with one instance. */
  handlerOf(wrapper: InstanceWrapper<object>, instance: object, method: FoundMethod): Handler {
    const { key } = method;
    if (!this.mayEnhance(method)) return (run) => (instance as Callable)[key](run);
    // Enhanced on the first run: earlier, not all enhancers exist.
    let handler: Handler | null = null;
    return (run) => (handler ??= this.enhance(wrapper, instance, key))(run);
  }

  /**
   * The handler of a request-scoped or transient provider: each run is a request of its own, gets a
   * new instance, and is the value that the instance injects as `REQUEST`.
   */
  handlerPerRun(wrapper: InstanceWrapper<object>, method: FoundMethod): Handler {
    const { key } = method;
    const isEnhanced = this.mayEnhance(method);
    // The provider's own module: another module may provide the same token.
    const moduleRef = wrapper.host!.providers.get(ModuleRef)!.instance as ModuleRef;
    return async (run) => {
      const contextId = ContextIdFactory.getByRequest(run as unknown as Record<string, unknown>);
      moduleRef.registerRequestByContextId(run, contextId);
      const instance = await moduleRef.resolve<Callable>(wrapper.token as string, contextId, {
        strict: true,
      });
      return isEnhanced ? this.enhance(wrapper, instance, key, contextId)(run) : instance[key](run);
    };
  }

  /** @throws InvalidOptionsError for a request-scoped global enhancer */
  checkGlobal(): void {
    if (this.config !== null) checkGlobalEnhancers(this.config);
  }

  /** Global enhancers may be added until the application has started, so any method may have one. */
  private mayEnhance({ metatype, method, key }: FoundMethod): boolean {
    return (
      this.config !== null ||
      hasEnhancers(metatype, method) ||
      Reflect.hasMetadata(ROUTE_ARGS_METADATA, metatype, key)
    );
  }

  private enhance(
    { id, host }: InstanceWrapper<object>,
    instance: object,
    key: string | symbol,
    contextId?: ContextId,
  ): Handler {
    return this.enhancer.enhance({ instance, key, moduleKey: host!.token, inquirerId: id, contextId });
  }
}
