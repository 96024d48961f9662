import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { RunContext } from '../../model/index.js';
import type { Enhancers } from './enhancers.js';

type Method = (run: RunContext<never>) => unknown;

/**
 * Calls a method of a provider that is request-scoped or transient: each run is a request of its
 * own, gets a fresh instance, and is what the instance injects as `REQUEST`.
 *
 * @param enhancers when something may stand before the method
 */
export function callPerRun(
  wrapper: InstanceWrapper<object>,
  method: string | symbol,
  enhancers: Enhancers | null,
): Method {
  // The reference of the provider's own module: another module may have a provider of the same token.
  const moduleRef = wrapper.host!.providers.get(ModuleRef)!.instance as ModuleRef;
  return async (run) => {
    const contextId = ContextIdFactory.getByRequest(run as unknown as Record<string, unknown>);
    moduleRef.registerRequestByContextId(run, contextId);
    const instance = await moduleRef.resolve<Record<string | symbol, Method>>(
      wrapper.token as string,
      contextId,
      { strict: true },
    );
    return enhancers ? enhancers.enhance(wrapper, instance, method, contextId)(run) : instance[method](run);
  };
}
