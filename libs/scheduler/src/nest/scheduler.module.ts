import {
  type DynamicModule,
  Global,
  Inject,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { SystemClock } from '../engine/index.js';
import { InvalidOptionsError, SchedulerError } from '../model/index.js';
import type { Clock } from '../ports/index.js';
import { ApplicationBuiltModule } from './lifecycle/application-built.js';
import { DeclaredJobs } from './discovery/declared-jobs.js';
import { Enhancers } from './enhancers/enhancers.js';
import { Explorer } from './discovery/explorer.js';
import { makeHttpExceptions } from './requests/http-errors.js';
import { Lifecycle } from './lifecycle/lifecycle.js';
import { LogListener, writeRunLine } from './log/log-listener.js';
import { makeOutermost } from './lifecycle/own-module.js';
import { watchStarts } from './lifecycle/watch-starts.js';
import { createRuntime } from './runtime.js';
import { RequestReader } from './requests/request-reader.js';
import {
  readOptions,
  type SchedulerOptions,
  type SchedulerOptionsFactory,
  type Settings,
} from './scheduler-options.js';
import { SchedulerService } from './scheduler.service.js';
import { SCHEDULER_CLOCK, SCHEDULER_OPTIONS, SCHEDULER_RUNTIME, SCHEDULER_SETTINGS } from './tokens.js';

/** Options from other providers. Give one of `useFactory`, `useClass` and `useExisting`. */
export interface SchedulerAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The factory's arguments. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  // Nest passes whatever is injected, which no type can express.
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory?: (...args: any[]) => SchedulerOptions | Promise<SchedulerOptions>;
  useClass?: Type<SchedulerOptionsFactory>;
  useExisting?: InjectionToken<SchedulerOptionsFactory>;
}

/**
 * Import it once, in the root module. It is global: every module may inject `SchedulerService` and use
 * the decorators. Mistakes in the options are errors of the start.
 */
@Global()
@Module({})
export class SchedulerModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    makeHttpExceptions();
    makeOutermost(modules);
  }

  /** @throws at the start: InvalidOptionsError and others for the options; SchedulerExistsError for a second one */
  static forRoot(options: SchedulerOptions = {}): DynamicModule {
    return dynamicModule([{ provide: SCHEDULER_OPTIONS, useValue: options }]);
  }

  /** @throws InvalidOptionsError unless exactly one of the three ways is given; at the start, as forRoot */
  static forRootAsync(options: SchedulerAsyncOptions): DynamicModule {
    return dynamicModule(optionProviders(options), options.imports);
  }
}

function dynamicModule(optionProvider: Provider[], imports: ModuleMetadata['imports'] = []): DynamicModule {
  watchStarts();
  return {
    module: SchedulerModule,
    imports: [ApplicationBuiltModule, ...imports],
    providers: [
      ...optionProvider,
      { provide: SCHEDULER_SETTINGS, inject: [SCHEDULER_OPTIONS], useFactory: readSettings },
      { provide: SCHEDULER_CLOCK, useFactory: () => new SystemClock() },
      {
        provide: SCHEDULER_RUNTIME,
        inject: [SCHEDULER_SETTINGS, SCHEDULER_CLOCK],
        useFactory: (settings: Settings, clock: Clock) => createRuntime(settings, clock, writeRunLine),
      },
      Enhancers,
      Explorer,
      DeclaredJobs,
      LogListener,
      Lifecycle,
      RequestReader,
      SchedulerService,
    ],
    exports: [SchedulerService, SCHEDULER_CLOCK],
  };
}

function optionProviders({
  inject = [],
  useFactory,
  useClass,
  useExisting,
}: SchedulerAsyncOptions): Provider[] {
  const ways = [useFactory, useClass, useExisting].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    throw new InvalidOptionsError(
      'forRootAsync',
      `${ways} ways`,
      'Give one of useFactory, useClass and useExisting.',
    );
  }
  if (useFactory !== undefined) return [{ provide: SCHEDULER_OPTIONS, inject, useFactory }];
  const create = (factory: SchedulerOptionsFactory) => factory.createSchedulerOptions();
  if (useExisting !== undefined)
    return [{ provide: SCHEDULER_OPTIONS, inject: [useExisting], useFactory: create }];
  return [
    { provide: useClass!, useClass: useClass! },
    { provide: SCHEDULER_OPTIONS, inject: [useClass!], useFactory: create },
  ];
}

function readSettings(options: SchedulerOptions): Settings {
  try {
    return readOptions(options);
  } catch (error) {
    throw error instanceof SchedulerError ? error.at('SchedulerModule') : error;
  }
}
