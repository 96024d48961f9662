import type { InjectionToken, OptionalFactoryDependency } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError, rejectUnknown } from '../../model/index.js';

/**
 * What a decorator says, made from other providers when the application starts.
 *
 * @example
 * ```ts
 * @Cron({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({ expression: config.get('REPORT_CRON'), timezone: 'UTC' }),
 * })
 * ```
 */
export interface DecoratorFactory<T> {
  /** What the factory is called with; looked for in the module of the class first, then in all others. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** Answers at once with what the decorator takes as its one argument. */
  // Nest hands over whatever is injected, which no type can tell.
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory: (...args: any[]) => T;
}

/** Gives a provider to a class of the module, or throws. */
export type ProviderLookup = (token: InjectionToken, host: Module) => unknown;

/** Whether a decorator's arguments are a factory of them. */
export function isFactory(args: readonly unknown[]): args is readonly [DecoratorFactory<unknown>] {
  return typeof args[0] === 'object' && args[0] !== null && 'useFactory' in args[0];
}

/** The tokens that a factory injects. @throws InvalidOptionsError for a factory that is none */
export function tokensOf(
  args: readonly [DecoratorFactory<unknown>],
): { token: InjectionToken; optional: boolean }[] {
  const [factory, more] = args as readonly [DecoratorFactory<unknown>, unknown?];
  if (more !== undefined) {
    throw new InvalidOptionsError(
      'options',
      more,
      'Beside a factory there are none: let useFactory answer with them.',
    );
  }
  rejectUnknown('', factory, ['inject', 'useFactory']);
  const { inject = [], useFactory } = factory;
  if (typeof useFactory !== 'function') {
    throw new InvalidOptionsError(
      'useFactory',
      useFactory,
      "Give a function that answers with the decorator's argument.",
    );
  }
  if (!Array.isArray(inject)) {
    throw new InvalidOptionsError('inject', inject, 'Give a list of tokens, for example [ConfigService].');
  }
  return inject.map((entry) => {
    if (entry === undefined || entry === null) {
      throw new InvalidOptionsError(
        'inject',
        entry,
        'Give tokens; of files that import each other one is not there yet.',
      );
    }
    return typeof entry === 'object' && 'token' in entry
      ? { token: entry.token, optional: entry.optional }
      : { token: entry, optional: false };
  });
}

/**
 * The arguments that a factory answers with.
 *
 * @throws InvalidOptionsError for a factory or a token that is none, and what the factory throws
 */
export function callFactory(
  args: readonly [DecoratorFactory<unknown>],
  lookUp: (token: InjectionToken) => unknown,
): readonly unknown[] {
  const injected = tokensOf(args).map(({ token, optional }) => {
    try {
      return lookUp(token);
    } catch (error) {
      if (optional) return undefined;
      throw error;
    }
  });
  const answer: unknown = args[0].useFactory(...injected);
  if (answer instanceof Promise) {
    answer.catch(() => {});
    throw new InvalidOptionsError(
      'useFactory',
      'a promise',
      'Let it answer at once: await in the factory of a provider, and inject that.',
    );
  }
  return [answer];
}

/** Of a running application. @throws InvalidOptionsError when there is none, or one for each request */
export const fromModule: ProviderLookup = (token, host) => {
  const own = host.providers.get(ModuleRef)!.instance as ModuleRef;
  try {
    return own.get<unknown>(token as string, { strict: host.providers.has(token) });
  } catch (error) {
    throw notInjectable(token, error);
  }
};

export function notInjectable(token: InjectionToken, cause: unknown): InvalidOptionsError {
  const name = typeof token === 'function' ? token.name : String(token);
  const why = cause instanceof Error ? `${cause.message} ` : '';
  const remedy = 'Name a provider of this application that is made once.';
  return new InvalidOptionsError('inject', name, `${why}${remedy}`);
}
