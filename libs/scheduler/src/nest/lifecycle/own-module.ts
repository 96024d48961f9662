import type { ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError, SchedulerExistsError } from '../../model/index.js';

/**
 * Makes our module the last that Nest initialises and bootstraps and the first that it destroys, so
 * that jobs run only while every other module is up. Nest sorts modules by their distance from the
 * root module and initialises the farthest first.
 *
 * @param marker a provider that only our module has
 * @throws SchedulerExistsError naming the modules that import ours when there are two of it
 */
export function makeOutermost(modules: ModulesContainer, marker: unknown): void {
  findOwnModule(modules, marker).distance = -1;
}

/**
 * Returns the module made by forRoot or forRootAsync. Modules that import the bare class beside it do
 * no harm.
 *
 * @throws InvalidOptionsError when there is none: nothing would ever run; SchedulerExistsError
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

/** Reads the modules' own metadata: Nest adds global modules to the imports of every other. */
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
