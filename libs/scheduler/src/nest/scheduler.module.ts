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
import { answerSchedulerErrors } from './requests/http-errors.js';
import { Lifecycle } from './lifecycle/lifecycle.js';
import { LogListener, writeRunLine } from './log/log-listener.js';
import { findOwnModule } from './lifecycle/own-module.js';
import { assemble } from './parts.js';
import { RequestReader } from './requests/request-reader.js';
import {
  readOptions,
  type SchedulerOptions,
  type SchedulerOptionsFactory,
  type Settings,
} from './scheduler-options.js';
import { SchedulerService } from './scheduler.service.js';
import { SCHEDULER_CLOCK, SCHEDULER_OPTIONS, SCHEDULER_PARTS, SCHEDULER_SETTINGS } from './tokens.js';

/** Options that come from other providers. Give one of `useFactory`, `useClass` and `useExisting`. */
export interface SchedulerAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** What the factory is called with. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  // Nest hands over whatever is injected, which no type can tell.
  // oxlint-disable-next-line typescript/no-explicit-any
  useFactory?: (...args: any[]) => SchedulerOptions | Promise<SchedulerOptions>;
  useClass?: Type<SchedulerOptionsFactory>;
  useExisting?: InjectionToken<SchedulerOptionsFactory>;
}

/**
 * Import it once, in the root module: it is global. `SchedulerService` can then be injected and the
 * decorators work everywhere. What is wrong with the options is the error of the start.
 */
@Global()
@Module({})
export class SchedulerModule {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    answerSchedulerErrors();
    findOwnModule(modules, Lifecycle);
  }

  /** @throws at the start: InvalidOptionsError and its like; SchedulerExistsError when there are two */
  static forRoot(options?: SchedulerOptions): DynamicModule {
    return dynamicModule([{ provide: SCHEDULER_OPTIONS, useValue: options }]);
  }

  /** @throws InvalidOptionsError unless exactly one way of making the options is given; at the start as forRoot */
  static forRootAsync(options: SchedulerAsyncOptions): DynamicModule {
    return dynamicModule(optionProviders(options), options.imports);
  }
}

function dynamicModule(optionProvider: Provider[], imports: ModuleMetadata['imports'] = []): DynamicModule {
  return {
    module: SchedulerModule,
    imports: [ApplicationBuiltModule, ...imports],
    providers: [
      ...optionProvider,
      { provide: SCHEDULER_SETTINGS, inject: [SCHEDULER_OPTIONS], useFactory: readSettings },
      { provide: SCHEDULER_CLOCK, useFactory: () => new SystemClock() },
      {
        provide: SCHEDULER_PARTS,
        inject: [SCHEDULER_SETTINGS, SCHEDULER_CLOCK],
        useFactory: (settings: Settings, clock: Clock) => assemble(settings, clock, writeRunLine),
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

function readSettings(options: SchedulerOptions | undefined): Settings {
  try {
    return readOptions(options);
  } catch (error) {
    throw error instanceof SchedulerError ? error.at('SchedulerModule') : error;
  }
}
