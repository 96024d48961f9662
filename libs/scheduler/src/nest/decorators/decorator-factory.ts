import type { InjectionToken, OptionalFactoryDependency } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError, rejectUnknown } from '../../model/index.js';

/**
 * Makes a decorator's argument from other providers when the application starts.
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
  /** The factory's arguments: providers of the class's own module first, then of all others. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** Returns the decorator's one argument, not a promise of it. */
  // Nest passes whatever is injected, which no type can express.
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory: (...args: any[]) => T;
}

/** Returns a provider for a class of the module, or throws. */
export type ProviderLookup = (token: InjectionToken, host: Module) => unknown;

/** Whether a decorator was given a factory in place of its arguments. */
export function isFactory(args: readonly unknown[]): args is readonly [DecoratorFactory<unknown>] {
  return typeof args[0] === 'object' && args[0] !== null && 'useFactory' in args[0];
}

/** The tokens that a factory injects. @throws InvalidOptionsError for a malformed factory */
export function tokensOf(
  args: readonly [DecoratorFactory<unknown>],
): { token: InjectionToken; optional: boolean }[] {
  const [factory, more] = args as readonly [DecoratorFactory<unknown>, unknown?];
  if (more !== undefined) {
    throw new InvalidOptionsError(
      'options',
      more,
      'A factory takes none beside it: let useFactory return them.',
    );
  }
  rejectUnknown('', factory, ['inject', 'useFactory']);
  const { inject = [], useFactory } = factory;
  if (typeof useFactory !== 'function') {
    throw new InvalidOptionsError(
      'useFactory',
      useFactory,
      "Give a function that returns the decorator's argument.",
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
        'Give tokens. An undefined one may come from two files that import each other.',
      );
    }
    return typeof entry === 'object' && 'token' in entry
      ? { token: entry.token, optional: entry.optional }
      : { token: entry, optional: false };
  });
}

/**
 * Calls the factory and returns the decorator's arguments.
 *
 * @throws InvalidOptionsError for a malformed factory or an unknown token; the factory's own errors
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
  const argument: unknown = args[0].useFactory(...injected);
  if (argument instanceof Promise) {
    argument.catch(() => {});
    throw new InvalidOptionsError(
      'useFactory',
      'a promise',
      'Return the value itself: await in the factory of a provider, and inject that.',
    );
  }
  return [argument];
}

/** Looks in a running application. @throws InvalidOptionsError for a missing or request-scoped provider */
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
  const remedy = 'Name a provider of this application with the default scope.';
  return new InvalidOptionsError('inject', name, `${why}${remedy}`);
}
