import { type ArgumentsHost, type CanActivate, ForbiddenException } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { type ApplicationConfig, ExternalContextCreator, type NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import type { ExternalExceptionsHandler } from '@nestjs/core/exceptions/external-exceptions-handler.js';
import { GuardsConsumer, GuardsContextCreator } from '@nestjs/core/guards/index.js';
import type { ContextId } from '@nestjs/core/injector/instance-wrapper.js';
import { InterceptorsConsumer, InterceptorsContextCreator } from '@nestjs/core/interceptors/index.js';
import { PipesConsumer, PipesContextCreator } from '@nestjs/core/pipes/index.js';
import { isObservable, lastValueFrom } from 'rxjs';
import type { RunContext } from '../../model/index.js';
import { currentRun, withoutRetry } from '../../runner/index.js';
import { RUN_CONTEXT_TYPE } from './run-of.js';

/** An enhanced handler returns a promise: Nest awaits the enhancers. */
export type EnhancedHandler = (run: RunContext<never>) => Promise<unknown>;

/** A method of an instance, and the keys by which Nest keeps its enhancers. */
export interface HandlerHost {
  readonly instance: object;
  readonly key: string | symbol;
  /** The module that provides the class. */
  readonly moduleKey: string;
  /** The provider: transient enhancers belong to it. */
  readonly inquirerId: string;
  /** The context of a run's own instance. */
  readonly contextId?: ContextId;
}

/** Metadata key of the handler's parameters, in the form that Nest uses for routes. */
const PARAMETERS = 'carillon:parameters';
/** Nest's number for the body of a request. Here it is the run's payload, so pipes get that. */
const PAYLOAD = 3;

/**
 * Puts guards, interceptors, pipes and filters before handlers, as Nest does for a route.
 *
 * @param config has the global ones; null leaves them out
 */
export class HandlerEnhancer {
  constructor(
    private readonly container: NestContainer,
    private readonly config: ApplicationConfig | null,
  ) {}

  enhance({ instance, key, moduleKey, inquirerId, contextId }: HandlerHost): EnhancedHandler {
    const name = String(key);
    declareParameters(instance, key, name);
    const method = (instance as Record<string | symbol, (...args: unknown[]) => unknown>)[key];
    return new HandlerContextCreator(this.container, this.config ?? undefined, moduleKey).create(
      instance,
      method,
      name,
      PARAMETERS,
      { exchangeKeyForValue: (_type, _data, [run]: [RunContext]) => run.payload },
      contextId,
      inquirerId,
      undefined,
      RUN_CONTEXT_TYPE,
    );
  }
}

/** Declares the parameters of `createParamDecorator`, and the run as the first one unless that is decorated. */
function declareParameters(instance: object, key: string | symbol, name: string): void {
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, instance.constructor, key) ?? {}) as object;
  const run = { index: 0, data: undefined, pipes: [runWithPayload] };
  const custom = Object.entries(declared) as [string, { index: number }][];
  const parameters = {
    ...(custom.some(([, { index }]) => index === 0) ? {} : { [`${PAYLOAD}:0`]: run }),
    ...declared,
  };
  Reflect.defineMetadata(PARAMETERS, parameters, instance.constructor, name);
}

/** The last pipe: returns the run with the payload that the other pipes made. */
const runWithPayload = {
  transform(payload: unknown): RunContext {
    const run = currentRun()!;
    (run as { payload: unknown }).payload = payload;
    return run;
  },
};

class HandlerContextCreator extends ExternalContextCreator {
  constructor(
    container: NestContainer,
    config: ApplicationConfig | undefined,
    private readonly moduleKey: string,
  ) {
    super(
      new GuardsContextCreator(container, config),
      new RunGuards(),
      new InterceptorsContextCreator(container, config),
      new InterceptorsConsumer(),
      container.getModules(),
      new PipesContextCreator(container, config),
      new PipesConsumer(),
      new RunFilters(container, config),
    );
  }

  /** Nest looks among providers only, and a job may be a controller's. */
  override getContextModuleKey(): string {
    return this.moduleKey;
  }

  /** Accepts a stream that ends without a value. */
  override async transformToResult(result: unknown): Promise<unknown> {
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  }
}

/** A refusal by a guard is final: a retry would not change it. */
class RunGuards extends GuardsConsumer {
  override async tryActivate(
    guards: CanActivate[],
    ...context: [unknown[], object, (...args: unknown[]) => unknown, string?]
  ): Promise<boolean> {
    for (const guard of guards) {
      if (await super.tryActivate([guard], ...(context as [never, never, never, never]))) continue;
      throw withoutRetry(new ForbiddenException(`The guard ${guard.constructor.name} refused the run.`));
    }
    return true;
  }
}

/** A filter that returns nothing leaves the error as it is. */
class RunFilters extends ExternalExceptionFilterContext {
  override create(...args: Parameters<ExternalExceptionFilterContext['create']>): ExternalExceptionsHandler {
    const filters = super.create(...args);
    // Nest's own `next` logs unhandled errors; failed attempts have a log line already.
    filters.next = async (error: unknown, host: ArgumentsHost): Promise<unknown> => {
      const result: unknown = await filters.invokeCustomFilters(error, host);
      const value = isObservable(result) ? await lastValueFrom(result, { defaultValue: null }) : result;
      return value ?? Promise.reject(error as Error);
    };
    return filters;
  }
}
