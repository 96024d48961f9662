import { Logger } from '@nestjs/common';
import { type ModulesContainer, NestApplicationContext } from '@nestjs/core';
import { decoratedMethodsIn } from '../discovery/decorated-methods.js';
import { DECORATOR_NAMES } from '../discovery/read-method.js';
import { SCHEDULER_SETTINGS } from '../tokens.js';
import { Lifecycle } from './lifecycle.js';

/** The members of Nest's application context that this file uses. */
interface Application {
  readonly container: { getModules(): ModulesContainer };
  callInitHook(): Promise<void>;
  callBootstrapHook(): Promise<void>;
}

let isWatching = false;

/**
 * Wraps the two steps of Nest's start, for the faults that no provider can see: a start that fails in
 * another provider's hook, after which an open store would keep the process alive (Nest calls no hook
 * then), and decorators in an application without our module.
 */
export function watchStarts(): void {
  if (isWatching) return;
  isWatching = true;
  const application = NestApplicationContext.prototype as unknown as Application;
  for (const step of ['callInitHook', 'callBootstrapHook'] as const) {
    const original = application[step];
    application[step] = async function (this: Application): Promise<void> {
      const modules = this.container.getModules();
      if (step === 'callInitHook') warnWithoutModule(modules);
      try {
        await original.call(this);
      } catch (error) {
        await stopScheduler(modules);
        throw error;
      }
    };
  }
}

async function stopScheduler(modules: ModulesContainer): Promise<void> {
  for (const { providers } of modules.values()) {
    const lifecycle = providers.get(Lifecycle)?.instance as Lifecycle | undefined;
    // The start's own error is the one to report.
    await lifecycle?.onModuleDestroy().catch(() => {});
  }
}

function warnWithoutModule(modules: ModulesContainer): void {
  if ([...modules.values()].some(({ providers }) => providers.has(SCHEDULER_SETTINGS))) return;
  for (const { place, declarations } of decoratedMethodsIn(modules)) {
    new Logger('Scheduler').warn(
      `${DECORATOR_NAMES[declarations[0]!.kind]} on ${place} and its like never run: no module imports SchedulerModule.forRoot(). ` +
        'Import it once, in the root module.',
    );
    return;
  }
}
