import type { ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { InvalidOptionsError, SchedulerExistsError } from '../../model/index.js';
import { SCHEDULER_SETTINGS } from '../tokens.js';

/**
 * Makes our module the last that Nest initialises and bootstraps and the first that it destroys, so
 * that jobs run only while every other module is up. Nest sorts modules by their distance from the
 * root module and initialises the farthest first.
 *
 * @throws SchedulerExistsError naming the modules that import ours when there are two of it
 */
export function makeOutermost(modules: ModulesContainer): void {
  findOwnModule(modules).distance = -1;
}

/**
 * Returns the module made by forRoot or forRootAsync. Modules that import the bare class beside it do
 * no harm.
 *
 * @throws InvalidOptionsError when there is none: nothing would ever run; SchedulerExistsError
 */
export function findOwnModule(modules: ModulesContainer): Module {
  // By a symbol that all copies of this package share: each has a module class of its own.
  const own = [...modules.values()].filter((module) => module.providers.has(SCHEDULER_SETTINGS));
  if (own.length === 1) return own[0];
  if (own.length > 1) {
    const classes = new Set<unknown>(own.map(({ metatype }) => metatype));
    throw new SchedulerExistsError(importersOf(classes, modules), classes.size > 1);
  }
  throw new InvalidOptionsError(
    'imports',
    'SchedulerModule',
    'Import SchedulerModule.forRoot() in the root module.',
  );
}

/** Reads the modules' own metadata: Nest adds global modules to the imports of every other. */
function importersOf(own: ReadonlySet<unknown>, modules: ModulesContainer): string[] {
  const importers: string[] = [];
  for (const { name, metatype } of modules.values()) {
    const imports = (Reflect.getMetadata('imports', metatype) ?? []) as unknown[];
    const times = imports.filter((imported) => own.has(moduleClassOf(imported))).length;
    if (times > 0) importers.push(times === 1 ? name : `${name}, ${times} times`);
  }
  return importers;
}

function moduleClassOf(imported: unknown): unknown {
  return typeof imported === 'object' && imported !== null && 'module' in imported
    ? imported.module
    : imported;
}
