import type { ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError, SchedulerExistsError } from '../../model/index.js';

/**
 * Makes our module the last that Nest initialises and bootstraps, and the first that it destroys:
 * after every user's module is up, and before any of their providers is taken down. Nest goes by the
 * distance from the root module, where the farthest is initialised first.
 *
 * @param marker a provider that only our module has
 * @throws SchedulerExistsError naming the modules that import us when there are two of us
 */
export function takeOuterPlace(modules: ModulesContainer, marker: unknown): void {
  findOwnModule(modules, marker).distance = -1;
}

/**
 * A module that imports just the class beside a `forRoot` does no harm; without one nothing would
 * ever run, in silence.
 *
 * @throws InvalidOptionsError when no module was made by forRoot or forRootAsync; SchedulerExistsError
 */
export function findOwnModule(modules: ModulesContainer, marker: unknown): Module {
  const own = [...modules.values()].filter((module) => module.providers.has(marker as string));
  if (own.length > 1) throw new SchedulerExistsError(importersOf(own[0].metatype, modules));
  if (own.length === 1) return own[0];
  throw new InvalidOptionsError(
    'imports',
    'SchedulerModule',
    'Import SchedulerModule.forRoot() in the root module.',
  );
}

/** By what the modules say they import: Nest itself adds global modules to the imports of every other. */
function importersOf(scheduler: Module['metatype'], modules: ModulesContainer): string[] {
  const importers: string[] = [];
  for (const { name, metatype } of modules.values()) {
    const imports = (Reflect.getMetadata('imports', metatype) ?? []) as unknown[];
    const times = imports.filter((imported) => moduleClassOf(imported) === scheduler).length;
    if (times > 0) importers.push(times === 1 ? name : `${name}, ${times} times`);
  }
  return importers;
}

function moduleClassOf(imported: unknown): unknown {
  return typeof imported === 'object' && imported !== null && 'module' in imported
    ? imported.module
    : imported;
}
